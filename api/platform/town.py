"""What every use case works with: the town's database, its clock, and the unit of work."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.platform.clock import Clock
from api.platform.database.engine import Database
from api.platform.database.look import Look
from ledger.books import Books
from ledger.transactions import TownshipId

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Work:
    """One database transaction of one township, at one moment: all of it happens or nothing."""

    session: AsyncSession
    books: Books
    township: TownshipId
    now: datetime

    async def look(self, look: Look[T], **values: Any) -> T:
        """As `Town.look`, within this transaction."""
        connection = await self.session.connection()
        told = await connection.exec_driver_sql(look.sql, look.parameters({"township": self.township, **values}))
        return look.read(told.scalar_one())


@dataclass(frozen=True, slots=True)
class Town:
    """`data` is the folder for what is kept beside the database."""

    database: Database
    clock: Clock
    township: TownshipId
    data: Path

    @asynccontextmanager
    async def work(self) -> AsyncIterator[Work]:
        """Opened by a use case and by nothing below it; commits at the end, or rolls back on a refusal."""
        async with self.database.begin() as session:
            books = Books(await session.connection(), self.township)
            yield Work(session, books, self.township, self.clock.now())

    async def look(self, look: Look[T], **values: Any) -> T:
        """One statement without a unit of work: reads all it asks for as of one moment. What a function in it
        writes is committed with it."""
        return await self.database.look(look, {"township": self.township, **values})

    @asynccontextmanager
    async def snapshot(self, beside: Work | None = None) -> AsyncIterator[Work]:
        """To read much at once, all of it as it was at one moment; `beside` another snapshot, at that one's."""
        async with self.work() as work:
            await work.session.execute(text("set transaction isolation level repeatable read, read only"))
            if beside is not None:
                moment = await beside.session.scalar(text("select pg_export_snapshot()"))
                await work.session.execute(text(f"set transaction snapshot '{moment}'"))
            yield work
