"""What belongs to a period is told by the day it was effective, whenever it was written down."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from beancount.core.data import Transaction as Told
from uuid_utils.compat import uuid7

from api.platform import accounts
from ledger.transactions import Phase, Transaction, TransactionId, Transfer
from tests.api.bookkeeping.exports.checkers import (
    bean_balances,
    bean_check,
    bean_entries,
    bean_transactions,
    hledger_balances,
    with_hledger,
)
from tests.api.bookkeeping.exports.conftest import balances, exported, plain_text, post
from tests.api.bookkeeping.exports.test_tables import csv_rows, summed
from tests.conftest import LiveTown


@pytest.fixture
async def late(month: LiveTown) -> LiveTown:
    """On 20 June two awards are written down that were made on 10 June, before any account was opened, and on
    18 June a minute before midnight; and on 1 July, at its first moment, another."""
    household = accounts.household("hp-2").id

    def award(points: int, effective_at: datetime) -> Transaction:
        return Transaction(
            id=TransactionId(uuid7()),
            kind="award",
            phase=Phase.POSTED,
            transfers=(Transfer(accounts.ISSUING.id, household, accounts.POINTS, points),),
            person="qian",
            reason=f"补记 {points}",
            effective_at=effective_at,
        )

    await post(
        month.town,
        award(70, datetime(2026, 6, 10, 4, tzinfo=UTC)),
        award(7, datetime(2026, 6, 18, 15, 59, tzinfo=UTC)),
    )
    july = datetime(2026, 6, 30, 16, tzinfo=UTC)
    async with month.town.unit_of_work() as uow:
        [posting] = await uow.books.post([award(700, july)], july)
        assert posting.accepted
    return month


# The first moment after each period, and how many entries are in it.
PERIODS = [
    ((None, date(2026, 6, 9)), datetime(2026, 6, 9, 16, tzinfo=UTC), 4),
    ((None, date(2026, 6, 10)), datetime(2026, 6, 10, 16, tzinfo=UTC), 5),
    ((date(2026, 6, 11), date(2026, 6, 17)), datetime(2026, 6, 17, 16, tzinfo=UTC), 5),
    ((date(2026, 6, 18), date(2026, 6, 18)), datetime(2026, 6, 18, 16, tzinfo=UTC), 1),
    ((date(2026, 6, 19), date(2026, 6, 30)), datetime(2026, 6, 30, 16, tzinfo=UTC), 1),
    ((date(2026, 6, 19), None), datetime(2027, 1, 1, tzinfo=UTC), 2),
    ((None, None), datetime(2027, 1, 1, tzinfo=UTC), 13),
]
each_period = pytest.mark.parametrize(("days", "after", "count"), PERIODS)


@each_period
async def test_beancount(
    late: LiveTown, tmp_path: Path, days: tuple[date | None, date | None], after: datetime, count: int
) -> None:
    file = await exported(late.town, tmp_path, "beancount", *days)
    bean_check(file)
    assert bean_balances(file) == plain_text(await balances(late, after))
    start, end = days
    dates = [e.date for e in bean_entries(file) if isinstance(e, Told) and e.date >= (start or date.min)]
    assert len(dates) == count
    assert all(day <= (end or date.max) for day in dates)


@with_hledger
@each_period
async def test_hledger(
    late: LiveTown, tmp_path: Path, days: tuple[date | None, date | None], after: datetime, count: int
) -> None:
    file = await exported(late.town, tmp_path, "hledger", *days)
    assert hledger_balances(file) == plain_text(await balances(late, after))


@each_period
async def test_tables(
    late: LiveTown, tmp_path: Path, days: tuple[date | None, date | None], after: datetime, count: int
) -> None:
    rows = csv_rows(await exported(late.town, tmp_path, "csv", *days))
    assert summed(rows) == await balances(late, after)
    assert len({row["交易号"] for row in rows} - {""}) == count


async def test_the_moment_of_recording_is_told_beside_it(late: LiveTown, tmp_path: Path) -> None:
    told = bean_transactions(await exported(late.town, tmp_path, "beancount"))["补记 7"]
    assert told.date == date(2026, 6, 18)
    assert told.meta["recorded"] == "2026-06-20T10:00:00+08:00"
    journal = (await exported(late.town, tmp_path, "hledger")).read_text(encoding="utf-8")
    assert "补记 7\n    ; recorded: 2026-06-20T10:00:00+08:00\n" in journal
    rows = csv_rows(await exported(late.town, tmp_path, "csv"))
    assert {(r["日期"], r["记账时间"]) for r in rows if r["事由"] == "补记 7"} == {
        ("2026-06-18", "2026-06-20 10:00:00")
    }
