"""When things happened and when they were written down; months that are closed; the books as of any moment."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from api.platform.database.embedded import Embedded
from ledger.books import Books
from ledger.entries import END_OF_TIME, Entry
from ledger.transactions import Account, ClosingStatus, PostingResult, Status, Timeline, TownshipId, Transaction
from ledger.verify import verify
from tests.databases import EMPTY, Clone, cloned
from tests.ledger.conftest import ACCOUNTS, HOUSEHOLD, ISSUING, NOW, TILL, TOWNSHIP, Book, move
from tests.profile import many

JUNE = datetime(2026, 6, 1, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
async def clone(server: Embedded) -> AsyncIterator[Clone]:
    """One that nobody has used: how much of it is read is counted, and rows that are gone count too."""
    async with cloned(server, EMPTY) as clone:
        yield clone


def dated(day: datetime, amount: int, debit: Account = ISSUING) -> Transaction:
    return replace(move(debit, HOUSEHOLD, amount), effective_at=day)


async def close(book: Book, until: datetime = JUNE, now: datetime = NOW) -> ClosingStatus:
    return await book.use(lambda b: b.close_period(until, now, person="li", reason="月结"))


async def posted(book: Book, at: datetime, timeline: Timeline) -> int:
    return (await book.use(lambda b: b.read_balances_at([HOUSEHOLD.id], at, timeline)))[HOUSEHOLD.id].posted


async def test_a_late_entry_belongs_to_the_day_of_the_deed_and_to_the_day_of_writing(book: Book) -> None:
    await book.accept(dated(JUNE - DAY, 5))
    assert await posted(book, JUNE, Timeline.EFFECTIVE) == 5
    assert await posted(book, JUNE, Timeline.RECORDED) == 0
    assert await posted(book, NOW, Timeline.RECORDED) == 5


async def test_what_comes_late_into_a_closed_month_goes_to_the_open_one_and_is_marked(book: Book) -> None:
    await book.accept(dated(JUNE - DAY, 5))
    assert await close(book) is ClosingStatus.OK
    late = dated(JUNE - DAY, 7)
    await book.accept(late)
    assert await posted(book, JUNE - timedelta(microseconds=1), Timeline.EFFECTIVE) == 5
    entry, _ = await book.use(lambda b: b.read_statement(HOUSEHOLD.id, limit=2))
    if entry.transaction != late.id:
        entry, _ = _, entry
    assert (entry.effective_at, entry.deferred_from) == (JUNE, JUNE - DAY)
    assert await book.post(late) == [PostingResult(Status.EXISTS)]
    assert await book.faults() == []


async def test_a_month_closes_once_and_not_before_it_is_over(book: Book) -> None:
    assert await close(book, NOW + DAY) is ClosingStatus.NOT_OVER
    assert await close(book) is ClosingStatus.OK
    assert await close(book) is ClosingStatus.EXISTS
    assert await close(book, JUNE - DAY) is ClosingStatus.EXISTS
    assert await book.use(lambda b: b.first_open_moment()) == JUNE


async def test_a_clock_set_back_writes_nothing_into_a_closed_month(book: Book) -> None:
    await close(book)
    await book.accept(move(ISSUING, HOUSEHOLD, 3), now=JUNE - 10 * DAY)
    [entry] = await book.use(lambda b: b.read_statement(HOUSEHOLD.id, limit=5))
    assert (entry.recorded_at, entry.effective_at, entry.deferred_from) == (JUNE, JUNE, None)
    assert await book.faults() == []


async def test_nothing_happens_in_the_future(book: Book) -> None:
    assert await book.post(dated(NOW + DAY, 5)) == [PostingResult(Status.MALFORMED)]


async def test_a_closing_waits_for_the_batches_under_way(book: Book) -> None:
    """A batch that began before the closing is in the closed month; nothing slips in behind it."""
    async with book.app.connect() as connection:
        await Books(connection, TOWNSHIP).post([dated(JUNE - DAY, 5)], NOW)
        closing = asyncio.create_task(close(book))
        done, _ = await asyncio.wait([closing], timeout=0.2)
        assert not done
        late = asyncio.create_task(book.post(dated(JUNE - DAY, 7)))
        await connection.commit()
    assert await closing is ClosingStatus.OK
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


@dataclass(frozen=True)
class Deed:
    """Written down so many hours after it was done."""

    late: int


@dataclass(frozen=True)
class Close:
    """Of all up to so many hours ago; `summed` or cut off before that."""

    ago: int
    summed: bool


HOURS = st.integers(0, 60)
STEPS = st.lists(
    # First the hours that pass, below zero where a clock is set back.
    st.tuples(st.integers(-20, 30), st.builds(Deed, HOURS) | st.builds(Close, HOURS, st.booleans())),
    min_size=3,
    max_size=12,
)
_townships = count(1_000)


async def test_any_moment_is_what_the_entries_up_to_it_add_up_to(book: Book) -> None:
    """Whatever was late, closed, not summed up or recorded by a clock that was wrong."""
    loop = asyncio.get_running_loop()

    @settings(max_examples=many(100), suppress_health_check=[HealthCheck.too_slow])
    @given(STEPS, st.lists(st.integers(0, 50), min_size=4, max_size=4))
    def compare(steps: list[tuple[int, Deed | Close]], looks: list[int]) -> None:
        asyncio.run_coroutine_threadsafe(_live(book, steps, looks), loop).result(60)

    await asyncio.to_thread(compare)


async def _live(book: Book, steps: list[tuple[int, Deed | Close]], looks: list[int]) -> None:
    township, now = TownshipId(next(_townships)), NOW
    async with book.app.begin() as connection:
        books = Books(connection, township)
        await books.open_accounts(ACCOUNTS, now)
        for n, (hours, step) in enumerate(steps):
            now += timedelta(hours=hours)
            match step:
                case Deed(late):
                    # Each of an amount that no others add up to.
                    done = replace(move(ISSUING, HOUSEHOLD, 2**n), effective_at=now - timedelta(hours=late))
                    assert await books.post([done], now) == [PostingResult(Status.OK)]
                case Close(ago, summed):
                    until = now - timedelta(hours=ago)
                    closed = await books.close_period(until, now, person="li", reason="月结")
                    if summed and closed is ClosingStatus.OK:
                        await books.checkpoint(until)
        entries = await books.read_statement(HOUSEHOLD.id, limit=100)
        moments = sorted({at for entry in entries for at in (entry.effective_at, entry.recorded_at)}) or [NOW]
        for at in [*(moments[look % len(moments)] for look in looks), END_OF_TIME]:
            for timeline in Timeline:
                due = sum(entry.amount for entry in entries if _at(entry, timeline) <= at)
                told = await books.read_balances_at([HOUSEHOLD.id, ISSUING.id], at, timeline)
                assert (told[HOUSEHOLD.id].posted, told[ISSUING.id].posted) == (due, -due)
        assert [fault async for fault in verify(connection, township)] == []


def _at(entry: Entry, timeline: Timeline) -> datetime:
    return entry.effective_at if timeline is Timeline.EFFECTIVE else entry.recorded_at


async def test_a_closing_reads_only_what_was_recorded_around_it(book: Book) -> None:
    """However long the history before, nobody waits for it."""
    await _grow(book, HISTORY)
    assert await _reads(book, lambda b: b.close_period(JUNE, NOW, person="li", reason="月结")) < FEW
    assert await book.use(lambda b: b.checkpoint(JUNE)) == 2
    await book.accept(dated(JUNE + DAY, 5))
    later = JUNE + 2 * DAY
    assert await _reads(book, lambda b: b.close_period(later, NOW, person="li", reason="月结")) < FEW
    assert await _reads(book, lambda b: b.checkpoint(later)) < FEW
    assert await posted(book, later, Timeline.EFFECTIVE) == HISTORY + 5


HISTORY, FEW = 40_000, 500
"""Entries."""


async def _grow(book: Book, entries: int) -> None:
    """As if awards had been recorded from year to year; the notes of their times are made, as upkeep does."""
    async with book.behind_its_back() as connection:
        await connection.execute(
            text("""
                with written as (
                    insert into ledger.transaction (township, id, kind, phase, person, reason, effective_at,
                                                    recorded_at, metadata, content)
                    select :township, gen_random_uuid(), 'test', 'posted', '', '', w.at, w.at, '{}', ''
                      from generate_series(1, :entries) n, lateral (
                           select cast(:until as timestamptz) - (:entries - n) * interval '1 hour' as at) w
                    returning township, id, recorded_at)
                insert into ledger.transfer (township, transaction, ordinal, unit, debit, credit, amount, pending,
                                             recorded_at)
                select township, id, 1, 'points', :debit, :credit, 1, false, recorded_at from written
            """),
            {
                "township": TOWNSHIP,
                "entries": entries,
                "until": JUNE - DAY,
                "debit": ISSUING.id,
                "credit": HOUSEHOLD.id,
            },
        )
        for table in ("transaction", "transfer"):
            summarized = text("select brin_summarize_new_values(cast(:index as regclass))")
            await connection.execute(summarized, {"index": f"ledger.{table}_recorded"})
            await connection.execute(text(f"analyze ledger.{table}"))


async def _read(book: Book, accounts: Sequence[Account]) -> int:
    """How many entries a look at the balances reads."""
    # Tables this small are read whole if they may be.
    return await _reads(book, lambda b: b.read_balances_at([a.id for a in accounts], NOW), seqscan="off")


async def _reads(book: Book, work: Callable[[Books], Awaitable[object]], *, seqscan: str = "on") -> int:
    """How many entries and transactions it reads."""
    counted = text(
        "select coalesce(sum(idx_tup_fetch + seq_tup_read), 0) from pg_stat_xact_user_tables"
        " where relname in ('transfer', 'transaction')"
    )
    async with book.owner.begin() as connection:
        await connection.execute(text("select set_config('enable_seqscan', :seqscan, true)"), {"seqscan": seqscan})
        before = await connection.scalar(counted)
        await work(Books(connection, TOWNSHIP))
        after = await connection.scalar(counted)
    assert before is not None
    assert after is not None
    return int(after - before)
