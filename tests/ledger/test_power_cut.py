"""The power goes while many write: what was answered stays, what was not can be sent again, nothing is torn."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from ledger.books import Books
from ledger.transactions import (
    Account,
    Phase,
    PostingResult,
    Status,
    Transaction,
    TransactionId,
    Transfer,
    UnitKind,
)
from tests.databases import EMPTY, Clone, cloned
from tests.ledger.conftest import (
    ACCOUNTS,
    ISSUING,
    NEIGHBOUR,
    NOW,
    SHELF,
    SUPPLY,
    TILL,
    TOWNSHIP,
    Book,
    move,
    settle,
)
from tests.ledger.model import Model
from tests.power import WAIT, Machine, machine, random_moments, require_durability
from tests.profile import many

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
CUTS = many(normal=3, nightly=30)
WRITERS = 8
FAMILIES = [Account(f"family-{n}", "points", UnitKind.POINTS, minimum=0) for n in range(WRITERS)]
PLENTY = 10**9
FEW = 20  # points of the neighbour, whom the writers together ask for more

AWAY = (OSError, DBAPIError)


@pytest.fixture(scope="module")
def village_pc(model: Path) -> Iterator[Machine]:
    with machine(model) as running:
        yield running


@pytest.fixture
async def clone(village_pc: Machine) -> AsyncIterator[Clone]:
    """A database on the machine whose power goes, instead of the one that all tests share."""
    async with cloned(village_pc.server, EMPTY) as clone:
        await require_durability(clone.app)
        yield clone


@dataclass
class Record:
    """What the writers know: the books have to agree, whatever happened to the machine."""

    accepted: dict[TransactionId, Transaction] = field(default_factory=dict)
    refused: dict[TransactionId, Transaction] = field(default_factory=dict)
    # Sent and not answered: one batch a writer, at most.
    unanswered: dict[int, list[Transaction]] = field(default_factory=dict)
    # Those of them that a look into the books found there.
    arrived: set[TransactionId] = field(default_factory=set)

    def answer(self, writer: int, batch: list[Transaction], postings: list[PostingResult]) -> None:
        retried = self.unanswered.pop(writer, None) is not None
        for sent, posting in zip(batch, postings, strict=True):
            if posting.accepted:
                self.accepted[sent.id] = sent
            else:
                assert posting.status is Status.INSUFFICIENT, posting
                assert NEIGHBOUR.id in [m.debit for m in sent.transfers], posting
                self.refused[sent.id] = sent
            known = retried and sent.id in self.arrived
            assert (posting.status is Status.EXISTS) == known, posting


@dataclass
class Writer:
    """Posts batch after batch until the database is gone; next time it begins with what it had no answer to."""

    number: int
    book: Book
    machine: Machine
    record: Record
    random: Random
    pending: list[Transaction] = field(default_factory=list)

    async def unit_of_work(self) -> None:
        while True:
            batch = self.record.unanswered.get(self.number) or self._batch()
            try:
                postings = await self.book.post(*batch)
            except AWAY:
                if self.machine.powered:
                    raise
                self.record.unanswered[self.number] = batch
                return
            self.record.answer(self.number, batch, postings)
            self.pending = [t for t in batch if t.phase is Phase.PENDING]

    async def finish(self) -> None:
        batch = self.record.unanswered.get(self.number)
        if batch is not None:
            self.record.answer(self.number, batch, await self.book.post(*batch))

    def _batch(self) -> list[Transaction]:
        """Awards, redemptions of points and goods, reservations and what settles those of the batch before."""
        mine, other = FAMILIES[self.number], self.random.choice(FAMILIES)
        goods = Transfer(SHELF.id, SUPPLY.id, SHELF.unit, 1)
        points = move(mine, TILL, self.random.randint(1, 9))
        batch = [
            move(ISSUING, mine, self.random.randint(1, 9)),
            replace(points, transfers=(*points.transfers, goods), metadata={"writer": self.number}),
            move(NEIGHBOUR, TILL, 1),
            move(mine, other if other is not mine else TILL, 1, Phase.PENDING),
            *(settle(t, self.random.choice((Phase.POST, Phase.VOID))) for t in self.pending),
        ]
        return self.random.sample(batch, len(batch))


async def test_what_was_answered_stays_and_what_was_not_counts_once(book: Book, village_pc: Machine) -> None:
    random = random_moments()
    record = Record()
    await _fund(book, record)
    writers = [Writer(n, book, village_pc, record, Random(random.random())) for n in range(WRITERS)]
    for _ in range(CUTS):
        enough = len(record.accepted) + random.randint(50, 300)
        async with asyncio.timeout(WAIT), asyncio.TaskGroup() as group:
            for writer in writers:
                group.create_task(writer.unit_of_work())
            while len(record.accepted) < enough:
                await asyncio.sleep(0.001)
            await asyncio.sleep(random.uniform(0, 0.02))
            await village_pc.cut_power()
        await village_pc.restore_power()
        await _agrees(book, record)
        # As from a client that an answer never reached.
        again = [record.accepted[id] for id in random.sample(sorted(record.accepted), 20)]
        assert {p.status for p in await book.post(*again)} == {Status.EXISTS}
    for writer in writers:
        await writer.finish()
    assert not record.unanswered
    await _agrees(book, record)
    assert any(NEIGHBOUR.id in [m.debit for m in t.transfers] for t in record.refused.values())
    assert await book.available(NEIGHBOUR) == 0


async def _fund(book: Book, record: Record) -> None:
    async with book.app.begin() as connection:
        assert await Books(connection, TOWNSHIP).open_accounts(FAMILIES, NOW) == WRITERS
    funds = [move(ISSUING, family, PLENTY) for family in FAMILIES]
    funds += [move(SUPPLY, SHELF, PLENTY), move(ISSUING, NEIGHBOUR, FEW)]
    await book.accept(*funds)
    record.accepted |= {t.id: t for t in funds}


async def _agrees(book: Book, record: Record) -> None:
    """All that was answered is there once, with its content; of a batch without an answer, all or nothing."""
    there = await _written(book)
    record.arrived = set()
    expected = dict(record.accepted)
    for batch in record.unanswered.values():
        arrived = {t.id: t for t in batch if t.id in there}
        assert not arrived or all(
            t.id in arrived or NEIGHBOUR.id in [m.debit for m in t.transfers] for t in batch
        ), f"a torn batch: {len(arrived)} of {len(batch)}"
        expected |= arrived
        record.arrived |= arrived.keys()
    lost, strange = expected.keys() - there.keys(), there.keys() - expected.keys()
    assert not lost, f"{len(lost)} of {len(expected)} transactions were answered and are lost"
    assert not strange, f"{len(strange)} transactions are there that were refused or never sent"
    assert {id: there[id] for id in expected} == {id: _plain(t) for id, t in expected.items()}
    await _balances_agree(book, expected)
    assert await book.faults() == []


def _plain(t: Transaction) -> tuple[Any, ...]:
    """As `_written` reads it; what settles another moves what that one moved, and `verify` sees to that."""
    transfers = [(m.debit, m.credit, m.unit, m.amount) for m in t.transfers] if t.target is None else None
    return (t.kind, str(t.phase), t.target, t.person, t.reason, t.metadata, transfers)


async def _written(book: Book) -> dict[TransactionId, tuple[Any, ...]]:
    """Every transaction as the tables have it: an index could hide one, or one that is there twice."""
    async with book.app.begin() as connection:
        for way in ("indexscan", "indexonlyscan", "bitmapscan"):
            await connection.execute(text(f"set local enable_{way} = off"))
        heads = list(
            await connection.execute(
                text("select id, kind, phase, target, person, reason, metadata from ledger.transaction")
            )
        )
        moves = list(
            await connection.execute(
                text("select transaction, debit, credit, unit, amount from ledger.transfer order by ordinal")
            )
        )
    transfers: dict[Any, list[Any]] = {}
    for id, *moved in moves:
        transfers.setdefault(id, []).append(tuple(moved))
    written = {
        TransactionId(id): (*head, transfers.get(id, []) if head[2] is None else None) for id, *head in heads
    }
    assert len(written) == len(heads), "a transaction is there twice"
    return written


async def _balances_agree(book: Book, accepted: dict[TransactionId, Transaction]) -> None:
    """With the model, which posts the same in an order that the limits allow; nobody is below zero."""
    model = Model()
    accounts = [*ACCOUNTS, *FAMILIES]
    for account in accounts:
        model.open(account)
    first, last = [t for t in accepted.values() if t.target is None], [t for t in accepted.values() if t.target]
    for transaction in first + last:
        assert model.post(transaction, NOW).status is Status.OK
    async with book.app.begin() as connection:
        balances = await Books(connection, TOWNSHIP).read_balances([a.id for a in accounts])
    assert balances == {a.id: model.balance(a.id) for a in accounts}
    assert all(balances[a.id].available >= a.minimum for a in accounts if a.minimum is not None)


async def test_a_transaction_still_open_when_the_power_goes_leaves_nothing(
    book: Book, village_pc: Machine
) -> None:
    await book.accept(move(ISSUING, NEIGHBOUR, 10))
    torn = [move(NEIGHBOUR, TILL, 10), move(SUPPLY, SHELF, 10)]
    async with book.app.connect() as connection:
        postings = await Books(connection, TOWNSHIP).post(torn, NOW)
        assert [p.status for p in postings] == [Status.OK, Status.OK]
        await village_pc.cut_power()
        with pytest.raises(AWAY):
            await connection.commit()
    await village_pc.restore_power()
    assert len(await _written(book)) == 1
    assert [await book.available(a) for a in (NEIGHBOUR, TILL, SHELF)] == [10, 0, 0]
    assert await book.faults() == []
    await book.accept(*torn)


async def test_a_writer_killed_in_an_open_transaction_leaves_nothing_and_holds_nobody_up(
    book: Book, clone: Clone
) -> None:
    await book.accept(move(ISSUING, NEIGHBOUR, 10))
    spending = move(NEIGHBOUR, TILL, 10)
    url = clone.app.render_as_string(hide_password=False)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _WRITER, url, str(spending.id), str(NEIGHBOUR.id), str(TILL.id)),
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
    )
    assert process.stdout
    async with asyncio.timeout(WAIT):
        assert await process.stdout.readline() == b"ok\n"
        process.kill()
        await process.wait()
        # The balance it had locked is free again, and the id is as good as new.
        await book.accept(spending)
    assert await book.available(NEIGHBOUR) == 0


_WRITER = f"""
import asyncio, sys
from datetime import datetime
from uuid import UUID
from sqlalchemy.ext.asyncio import create_async_engine
from ledger.books import Books
from ledger.transactions import Phase, Transaction, Transfer

async def work():
    id, debit, credit = map(UUID, sys.argv[2:])
    spending = Transaction(id, "test", Phase.POSTED, (Transfer(debit, credit, "points", 10),))
    async with create_async_engine(sys.argv[1]).begin() as connection:
        [posting] = await Books(connection, {TOWNSHIP}).post([spending], datetime.fromisoformat("{NOW}"))
        print(posting.status, flush=True)
        await asyncio.Event().wait()

asyncio.run(work())
"""
