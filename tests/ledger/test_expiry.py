"""Which day expires what, and runs that are cut, repeated, doubled or raced."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger.books import Books
from ledger.expiries import AccountScope, Expiries, ExpiryBatch
from ledger.expiry import (
    Boundary,
    Policy,
    PolicyKind,
    find_boundary,
    find_first_boundary,
    find_latest_boundary,
    find_policy,
    iter_upcoming_boundaries,
)
from ledger.transactions import Account, AccountId, Status, Transaction, UnitKind
from tests.ledger.conftest import ISSUING, NOW, SHANGHAI, TILL, TOWNSHIP, Book, move

EXPIRED = Account("expired", "points", UnitKind.POINTS)
HOMES = [Account(f"household:{n}", "points", UnitKind.POINTS, minimum=0) for n in range(20)]
SCOPE = AccountScope("points", "household:")
JUNE = Boundary(date(2026, 6, 1), date(2025, 6, 1), SHANGHAI)
OLD = JUNE.cutoff - timedelta(days=1)
A_YEAR = Policy(date(2026, 1, 1), PolicyKind.ROLLING, 12)
YEARLY = Policy(date(2026, 1, 1), PolicyKind.YEAR_END)


def of(kind: PolicyKind, months: int | None = None) -> list[Policy]:
    return [Policy(date(2020, 1, 1), kind, months)]


@pytest.mark.parametrize(
    ("months", "on", "earned_before"),
    [
        (12, date(2026, 12, 1), date(2025, 12, 1)),
        (12, date(2028, 3, 1), date(2027, 3, 1)),
        (1, date(2028, 3, 1), date(2028, 2, 1)),
        (1, date(2026, 1, 1), date(2025, 12, 1)),
        (13, date(2026, 1, 1), date(2024, 12, 1)),
        (120, date(2026, 6, 1), date(2016, 6, 1)),
    ],
)
def test_what_a_rolling_policy_gives_up(months: int, on: date, earned_before: date) -> None:
    assert find_boundary(of(PolicyKind.ROLLING, months), on, SHANGHAI) == Boundary(on, earned_before, SHANGHAI)


@pytest.mark.parametrize("day", [date(2026, 12, 2), date(2026, 12, 31), date(2028, 2, 29), date(2026, 11, 30)])
def test_nothing_expires_within_a_month(day: date) -> None:
    assert find_boundary(of(PolicyKind.ROLLING, 12), day, SHANGHAI) is None
    assert find_boundary(of(PolicyKind.YEAR_END), day, SHANGHAI) is None


def test_a_year_ends_once() -> None:
    found = [find_boundary(of(PolicyKind.YEAR_END), date(2027, month, 1), SHANGHAI) for month in range(1, 13)]
    assert found == [Boundary(date(2027, 1, 1), date(2027, 1, 1), SHANGHAI), *[None] * 11]


@given(
    st.dates(date(2000, 1, 1), date(2200, 1, 1)),
    st.sampled_from([(PolicyKind.YEAR_END, None), (PolicyKind.ROLLING, 12), (PolicyKind.NONE, None)]),
)
def test_the_first_boundary_is_the_first_there_is(start: date, how: tuple[PolicyKind, int | None]) -> None:
    policy = Policy(start, *how)
    days = (start + timedelta(days=n) for n in range(367))
    found = next((day for day in days if find_boundary([policy], day, SHANGHAI) is not None), None)
    assert find_first_boundary(policy) == found


def test_a_month_begins_at_the_townships_midnight() -> None:
    assert JUNE.at == datetime(2026, 5, 31, 16, tzinfo=UTC)
    assert JUNE.cutoff == datetime(2025, 5, 31, 16, tzinfo=UTC)


def test_the_policy_of_the_day_decides() -> None:
    none = Policy(date(2027, 1, 1), PolicyKind.NONE)
    policies = [none, A_YEAR]
    assert find_policy(policies, date(2025, 12, 31)) is None
    assert find_policy(policies, date(2026, 12, 31)) is A_YEAR
    assert find_policy(policies, date(2027, 1, 1)) is none
    assert find_boundary(policies, date(2025, 12, 1), SHANGHAI) is None
    assert find_boundary(policies, date(2027, 1, 1), SHANGHAI) is None


def test_the_boundaries_behind_and_ahead() -> None:
    assert find_latest_boundary([], date(2026, 6, 15), SHANGHAI) is None
    assert find_latest_boundary([A_YEAR], date(2025, 12, 31), SHANGHAI) is None
    assert find_latest_boundary([A_YEAR], date(2026, 6, 15), SHANGHAI) == JUNE
    assert find_latest_boundary([A_YEAR], date(2026, 6, 1), SHANGHAI) == JUNE
    assert find_latest_boundary([YEARLY], date(2026, 12, 31), SHANGHAI) == Boundary(
        date(2026, 1, 1), date(2026, 1, 1), SHANGHAI
    )
    assert list(iter_upcoming_boundaries([], date(2026, 6, 15), SHANGHAI)) == []
    ahead = list(
        iter_upcoming_boundaries([A_YEAR, Policy(date(2026, 9, 1), PolicyKind.NONE)], date(2026, 6, 1), SHANGHAI)
    )
    assert [b.on for b in ahead] == [date(2026, 7, 1), date(2026, 8, 1)]
    changing = iter_upcoming_boundaries(
        [YEARLY, Policy(date(2027, 2, 1), PolicyKind.ROLLING, 2)], date(2026, 6, 15), SHANGHAI
    )
    assert [(b.on, b.earned_before) for b in (next(changing), next(changing))] == [
        (date(2027, 1, 1), date(2027, 1, 1)),
        (date(2027, 2, 1), date(2026, 12, 1)),
    ]


def earned(account: Account, points: int, at: datetime) -> Transaction:
    return replace(move(ISSUING, account, points), effective_at=at)


async def filled(book: Book, homes: Sequence[Account] = HOMES) -> None:
    """Each home has 10 points that are up in June and 5 newer ones."""
    await book.use(lambda b: b.open_accounts([EXPIRED, *homes], NOW))
    await book.accept(*(earned(home, 10, OLD) for home in homes), *(earned(home, 5, NOW) for home in homes))


async def expire(book: Book, after: AccountId | None = None, limit: int = 7, on: Boundary = JUNE) -> ExpiryBatch:
    async with book.app.begin() as connection:
        return await expire_on(connection, after, limit, on)


async def expire_on(
    connection: AsyncConnection, after: AccountId | None, limit: int = 7, on: Boundary = JUNE
) -> ExpiryBatch:
    return await Expiries(connection, TOWNSHIP).expire(
        SCOPE, on, after, limit, NOW, into=EXPIRED.id, person="zhao", reason="到期未用"
    )


async def expire_all(book: Book, on: Boundary = JUNE) -> int:
    taken, after = 0, None
    while True:
        done = await expire(book, after, on=on)
        taken += sum(done.amounts.values())
        after = done.next_after
        if after is None:
            return taken


async def test_the_microsecond_before_midnight_is_up_and_midnight_is_not(book: Book) -> None:
    early, late = HOMES[:2]
    await book.use(lambda b: b.open_accounts([EXPIRED, early, late], NOW))
    await book.accept(earned(early, 3, JUNE.cutoff - timedelta(microseconds=1)), earned(late, 4, JUNE.cutoff))
    assert await expire_all(book) == 3
    assert (await book.available(early), await book.available(late)) == (0, 4)


async def test_a_run_tells_what_it_took_and_writes_when_and_why(book: Book) -> None:
    await filled(book, HOMES[:1])
    assert await expire_all(book) == 10
    entry, *_ = [e for e in await book.use(lambda b: b.read_statement(HOMES[0].id, limit=9)) if e.kind == "expiry"]
    assert (entry.amount, entry.effective_at, entry.recorded_at, entry.reason) == (-10, JUNE.at, NOW, "到期未用")
    assert entry.metadata == {"boundary": "2026-06-01", "earned_before": "2025-06-01"}
    assert await book.available(EXPIRED) == 10
    assert await book.faults() == []


async def test_in_a_closed_month_it_goes_to_the_open_one(book: Book) -> None:
    await filled(book, HOMES[:1])
    closed = NOW - timedelta(days=1)
    await book.use(lambda b: b.close_period(closed, NOW, person="li", reason="月结"))
    await expire_all(book)
    [entry] = [e for e in await book.use(lambda b: b.read_statement(HOMES[0].id, limit=9)) if e.kind == "expiry"]
    assert (entry.effective_at, entry.deferred_from) == (closed, JUNE.at)


async def test_a_closed_account_and_those_outside_the_scope_keep_what_they_have(book: Book) -> None:
    escrow = Account("escrow:1", "points", UnitKind.POINTS, minimum=0)
    await filled(book, HOMES[:2])
    await book.use(lambda b: b.open_accounts([escrow], NOW))
    await book.accept(earned(escrow, 10, OLD), earned(TILL, 10, OLD))
    await book.use(lambda b: b.close_account(HOMES[0].id, NOW, person="li", reason="迁出"))
    assert await expire_all(book) == 10
    assert [await book.available(a) for a in (HOMES[0], HOMES[1], escrow, TILL)] == [15, 5, 10, 10]


async def test_a_run_cut_off_anywhere_is_simply_run_again(book: Book) -> None:
    await filled(book)
    first = await expire(book)
    assert (first.examined, len(first.amounts)) == (7, 7)
    # Cut inside a batch: nothing of it is there.
    async with book.app.connect() as connection:
        cut = await expire_on(connection, first.next_after)
        assert len(cut.amounts) == 7
        await connection.rollback()
    assert await book.available(EXPIRED) == 70
    # Cancelled while it waits for a household that is being served.
    async with book.app.connect() as connection:
        await Books(connection, TOWNSHIP).post([move(HOMES[3], TILL, 1)], NOW)
        running = asyncio.create_task(expire_all(book))
        await asyncio.wait([running], timeout=0.3)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        await connection.rollback()
    await expire_all(book)
    assert await expire_all(book) == 0
    assert {await book.available(home) for home in HOMES} == {5}
    assert await book.available(EXPIRED) == 200
    assert await book.faults() == []


async def test_several_runs_at_once_take_it_once(book: Book) -> None:
    await filled(book)
    taken = await asyncio.gather(*(expire_all(book) for _ in range(4)))
    assert sum(taken) == 200
    assert {await book.available(home) for home in HOMES} == {5}
    assert await book.faults() == []


async def test_what_is_redeemed_meanwhile_is_the_oldest(book: Book) -> None:
    """Whoever comes first: 8 spent of 10 old and 5 new ones leave 2 to expire; or 10 expire and 8 are too many."""
    await filled(book)

    async def redeem(home: Account) -> Status:
        [posting] = await book.post(move(home, TILL, 8))
        return posting.status

    _, *answers = await asyncio.gather(expire_all(book), *(redeem(home) for home in HOMES))
    for home, answer in zip(HOMES, answers, strict=True):
        assert answer in (Status.OK, Status.INSUFFICIENT)
        assert await book.available(home) == 5
    assert await book.available(EXPIRED) == sum(2 if a is Status.OK else 10 for a in answers)
    assert await book.faults() == []


async def test_a_redemption_under_way_is_waited_for(book: Book) -> None:
    await filled(book, HOMES[:1])
    async with book.app.connect() as connection:
        await Books(connection, TOWNSHIP).post([move(HOMES[0], TILL, 8)], NOW)
        running = asyncio.create_task(expire_all(book))
        done, _ = await asyncio.wait([running], timeout=0.2)
        assert not done
        await connection.commit()
    assert await running == 2
    assert await book.available(HOMES[0]) == 5


async def test_a_closing_between_two_writers_makes_no_deadlock(book: Book) -> None:
    await filled(book)
    closing = book.use(lambda b: b.close_period(JUNE.at, NOW, person="li", reason="月结"))
    await asyncio.gather(
        expire_all(book), *(book.post(move(home, TILL, 8)) for home in HOMES), closing, expire_all(book)
    )
    assert await book.faults() == []


async def adopt(book: Book, policy: Policy, reason: str = "支委会决定") -> Status:
    async with book.app.begin() as connection:
        return await Expiries(connection, TOWNSHIP).adopt("points", policy, NOW, person="li", reason=reason)


async def test_a_policy_is_kept_once_and_for_good(book: Book) -> None:
    later = Policy(date(2026, 8, 1), PolicyKind.ROLLING, 12)
    assert await adopt(book, later) is Status.OK
    assert await adopt(book, later) is Status.EXISTS
    for other in (replace(later, months=13), Policy(date(2026, 8, 1), PolicyKind.NONE)):
        assert await adopt(book, other) is Status.CONFLICT
    assert await adopt(book, later, reason="别的") is Status.CONFLICT
    sooner = Policy(date(2026, 7, 1), PolicyKind.YEAR_END)
    assert await adopt(book, sooner) is Status.OK
    async with book.app.begin() as connection:
        assert [a.policy for a in await Expiries(connection, TOWNSHIP).read_policies("points")] == [sooner, later]


@pytest.mark.parametrize(
    "policy",
    [
        Policy(date(2026, 8, 1), PolicyKind.ROLLING),
        Policy(date(2026, 8, 1), PolicyKind.ROLLING, 0),
        Policy(date(2026, 8, 1), PolicyKind.ROLLING, 121),
        Policy(date(2026, 8, 1), PolicyKind.YEAR_END, 12),
        Policy(date(2026, 6, 1), PolicyKind.ROLLING, 12),
    ],
    ids=["no months", "too few", "too many", "months of a year", "made afterwards"],
)
async def test_the_database_itself_keeps_no_impossible_policy(book: Book, policy: Policy) -> None:
    with pytest.raises(DBAPIError) as refused:
        await adopt(book, policy)
    assert getattr(refused.value.orig, "sqlstate", "") == "23514"
