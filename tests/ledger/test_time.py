"""When things happened and when they were written down; months that are closed; the books as of any moment."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from ledger.books import Books
from ledger.transactions import Account, Closing, Posting, Status, Timeline, Transaction
from tests.ledger.conftest import HOUSEHOLD, ISSUING, NOW, TILL, TOWNSHIP, Book, move

JUNE = datetime(2026, 6, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def dated(day: datetime, amount: int, debit: Account = ISSUING) -> Transaction:
    return replace(move(debit, HOUSEHOLD, amount), effective_at=day)


async def close(book: Book, until: datetime = JUNE, now: datetime = NOW) -> Closing:
    return await book.use(lambda b: b.close_period(until, now, person="li", reason="月结"))


async def posted(book: Book, at: datetime, timeline: Timeline) -> int:
    return (await book.use(lambda b: b.balances_at([HOUSEHOLD.id], at, timeline)))[HOUSEHOLD.id].posted


async def test_a_late_entry_belongs_to_the_day_of_the_deed_and_to_the_day_of_writing(book: Book) -> None:
    await book.accept(dated(JUNE - DAY, 5))
    assert await posted(book, JUNE, Timeline.EFFECTIVE) == 5
    assert await posted(book, JUNE, Timeline.RECORDED) == 0
    assert await posted(book, NOW, Timeline.RECORDED) == 5


async def test_what_comes_late_into_a_closed_month_goes_to_the_open_one_and_is_marked(book: Book) -> None:
    await book.accept(dated(JUNE - DAY, 5))
    assert await close(book) is Closing.OK
    late = dated(JUNE - DAY, 7)
    await book.accept(late)
    assert await posted(book, JUNE - timedelta(microseconds=1), Timeline.EFFECTIVE) == 5
    entry, _ = await book.use(lambda b: b.statement(HOUSEHOLD.id, limit=2))
    if entry.transaction != late.id:
        entry, _ = _, entry
    assert (entry.effective_at, entry.deferred_from) == (JUNE, JUNE - DAY)
    assert await book.post(late) == [Posting(Status.EXISTS)]
    assert await book.faults() == []


async def test_a_month_closes_once_and_not_before_it_is_over(book: Book) -> None:
    assert await close(book, NOW + DAY) is Closing.NOT_OVER
    assert await close(book) is Closing.OK
    assert await close(book) is Closing.EXISTS
    assert await close(book, JUNE - DAY) is Closing.EXISTS
    assert await book.use(lambda b: b.open_from()) == JUNE


async def test_a_clock_set_back_writes_nothing_into_a_closed_month(book: Book) -> None:
    await close(book)
    await book.accept(move(ISSUING, HOUSEHOLD, 3), now=JUNE - 10 * DAY)
    [entry] = await book.use(lambda b: b.statement(HOUSEHOLD.id, limit=5))
    assert (entry.recorded_at, entry.effective_at, entry.deferred_from) == (JUNE, JUNE, None)
    assert await book.faults() == []


async def test_nothing_happens_in_the_future(book: Book) -> None:
    assert await book.post(dated(NOW + DAY, 5)) == [Posting(Status.MALFORMED)]


async def test_a_closing_waits_for_the_batches_under_way(book: Book) -> None:
    """A batch that began before the closing is in the closed month; nothing slips in behind it."""
    async with book.app.connect() as connection:
        await Books(connection, TOWNSHIP).post([dated(JUNE - DAY, 5)], NOW)
        closing = asyncio.create_task(close(book))
        done, _ = await asyncio.wait([closing], timeout=0.2)
        assert not done
        late = asyncio.create_task(book.post(dated(JUNE - DAY, 7)))
        await connection.commit()
    assert await closing is Closing.OK
    assert [p.status for p in await late] == [Status.OK]
    assert await posted(book, JUNE - timedelta(microseconds=1), Timeline.EFFECTIVE) == 5
    assert await book.faults() == []


async def test_a_balance_without_a_limit_is_read_from_its_checkpoint_on(book: Book) -> None:
    """However long the history before: the plan reads the tail alone."""
    await book.accept(*(dated(JUNE - DAY, n) for n in range(1, 301)), now=JUNE - DAY)
    await close(book)
    assert await book.use(lambda b: b.checkpoint(JUNE)) == 2
    assert await book.use(lambda b: b.checkpoint(JUNE)) == 0
    await book.accept(move(ISSUING, TILL, 1))
    assert await book.available(ISSUING) == -(300 * 301 // 2 + 1)
    assert await _read(book, [ISSUING]) < 50
    async with book.behind_its_back() as connection:
        await connection.execute(text("delete from ledger.checkpoint"))
    assert await book.available(ISSUING) == -(300 * 301 // 2 + 1)
    assert await _read(book, [ISSUING]) > 50


async def _read(book: Book, accounts: Sequence[Account]) -> int:
    """How many entries a look at the balances reads."""
    async with book.owner.begin() as connection:
        # Tables this small are read whole if they may be.
        await connection.execute(text("set local enable_seqscan = off"))
        counted = (
            "select coalesce(sum(idx_tup_fetch + seq_tup_read), 0) from pg_stat_xact_user_tables"
            " where relname in ('transfer', 'transaction')"
        )
        before = await connection.scalar(text(counted))
        await Books(connection, TOWNSHIP).balances_at([a.id for a in accounts], NOW)
        after = await connection.scalar(text(counted))
    assert before is not None
    assert after is not None
    return int(after - before)
