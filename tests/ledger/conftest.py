"""A small book: accounts of two units, and the shortest ways to write into it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from uuid_utils.compat import uuid7

from ledger.books import Books
from ledger.transactions import (
    Account,
    Phase,
    PostingResult,
    Status,
    TownshipId,
    Transaction,
    TransactionId,
    Transfer,
    UnitKind,
)
from ledger.verify import Discrepancy, verify
from tests.databases import Clone

T = TypeVar("T")

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 6, 15, 2, 0, tzinfo=UTC)
TOWNSHIP = TownshipId(7)
ISSUING = Account("issuing", "points", UnitKind.POINTS)
TILL = Account("till", "points", UnitKind.POINTS)
HOUSEHOLD = Account("household", "points", UnitKind.POINTS, minimum=0)
NEIGHBOUR = Account("neighbour", "points", UnitKind.POINTS, minimum=0)
SUPPLY = Account("supply", "goods:soap", UnitKind.GOODS)
SHELF = Account("shelf", "goods:soap", UnitKind.GOODS, minimum=0)
ACCOUNTS = [ISSUING, TILL, HOUSEHOLD, NEIGHBOUR, SUPPLY, SHELF]


def move(debit: Account, credit: Account, amount: int, phase: Phase = Phase.POSTED) -> Transaction:
    transfer = Transfer(debit.id, credit.id, debit.unit, amount)
    return Transaction(TransactionId(uuid7()), "test", phase, (transfer,))


def settle(target: Transaction, phase: Phase) -> Transaction:
    return Transaction.settle(target.id, phase, kind="test", person="zhao", reason="测试")


def part(target: Transaction, phase: Phase, *moves: Transaction) -> Transaction:
    """Post or reverse of `target` only what these move."""
    transfers = tuple(m for move in moves for m in move.transfers)
    return replace(settle(target, phase), id=TransactionId(uuid7()), transfers=transfers)


@dataclass(frozen=True)
class Book:
    """Each call is a database transaction of its own, as the application's role."""

    app: AsyncEngine
    owner: AsyncEngine

    async def use(self, work: Callable[[Books], Awaitable[T]]) -> T:
        async with self.app.begin() as connection:
            return await work(Books(connection, TOWNSHIP))

    async def post(self, *batch: Transaction, now: datetime = NOW) -> list[PostingResult]:
        return await self.use(lambda books: books.post(batch, now))

    async def accept(self, *batch: Transaction, now: datetime = NOW) -> None:
        assert [p.status for p in await self.post(*batch, now=now)] == [Status.OK] * len(batch)

    async def available(self, account: Account) -> int:
        async with self.app.begin() as connection:
            return (await Books(connection, TOWNSHIP).read_balance(account.id)).available

    async def faults(self) -> list[Discrepancy]:
        async with self.app.begin() as connection:
            return [d async for d in verify(connection, TOWNSHIP)]

    @asynccontextmanager
    async def behind_its_back(self) -> AsyncIterator[AsyncConnection]:
        """As the superuser, with foreign keys and triggers off."""
        async with self.owner.begin() as connection:
            await connection.execute(text("set local session_replication_role = replica"))
            yield connection


@pytest.fixture
async def book(clone: Clone) -> AsyncIterator[Book]:
    app = create_async_engine(clone.app, pool_size=20, max_overflow=20)
    owner = create_async_engine(clone.owner)
    try:
        async with app.begin() as connection:
            assert await Books(connection, TOWNSHIP).open_accounts(ACCOUNTS, NOW) == len(ACCOUNTS)
        yield Book(app, owner)
    finally:
        await app.dispose()
        await owner.dispose()
