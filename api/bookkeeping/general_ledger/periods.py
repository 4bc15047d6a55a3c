"""Months: closed by a person with a reason, and read account by account."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate

import msgspec
from sqlalchemy import Select, select

from api import wire
from api.bookkeeping.general_ledger.accounts import find, told
from api.bookkeeping.general_ledger.persons import names_of
from api.bookkeeping.general_ledger.scope import READERS
from api.platform.access import Role, Staff, require
from api.platform.clock import local_date, start_of_day
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from ledger.tables import period_closing
from ledger.transactions import ClosingStatus

CLOSERS = (Role.SUPERVISOR, Role.OFFICE)
# Months to choose from at once.
OFFERED = 12
# Of one account in one month: more is read page by page, from its statement.
MOST_ENTRIES = 10_000
_TICK = timedelta(microseconds=1)


async def close(services: Services, staff: Staff, wanted: wire.NewPeriodClosing) -> wire.PeriodClosing:
    """Close a month, and with it all before; one that is closed is answered with the closing it has.

    Raises Refused: not-allowed, not-over.
    """
    require(staff, *CLOSERS)
    _, until = bounds(wanted.month)
    async with services.unit_of_work() as uow:
        closed = await uow.books.close_period(until, uow.now, person=str(staff.id), reason=wanted.reason)
        if closed is ClosingStatus.NOT_OVER:
            raise Refused(ErrorCode.NOT_OVER, f"{wanted.month} 还没有过完，不能结账。")
        [period, *_] = await _periods(
            uow, _closings(uow).where(period_closing.c.until >= until).order_by(period_closing.c.until).limit(1)
        )
    # On its own: nobody waits for the sums. A retry makes up for one that was cut off here.
    async with services.unit_of_work() as uow:
        await uow.books.checkpoint(period.until)
    return period


async def periods(services: Services, staff: Staff) -> list[wire.PeriodClosing]:
    """Every closing, newest first. Raises Refused: not-allowed."""
    require(staff, *READERS)
    async with services.unit_of_work() as uow:
        return await _periods(uow, _closings(uow).order_by(period_closing.c.until.desc()))


def open_months(closed: Sequence[wire.PeriodClosing], now: datetime) -> list[date]:
    """The first days of months that are over and not closed, newest first; of many the last ones. `closed` as
    `periods` gives it."""
    first, found = local_date(now).replace(day=1), list[date]()
    while len(found) < OFFERED:
        first = (first - timedelta(days=1)).replace(day=1)
        if closed and start_of_day(first) < closed[0].until:
            break
        found.append(first)
    return found


def _closings(uow: UnitOfWork) -> Select[tuple[datetime, datetime, str, str]]:
    return select(
        period_closing.c.until, period_closing.c.closed_at, period_closing.c.person, period_closing.c.reason
    ).where(period_closing.c.township == uow.township)


async def _periods(
    uow: UnitOfWork, query: Select[tuple[datetime, datetime, str, str]]
) -> list[wire.PeriodClosing]:
    rows = (await uow.session.execute(query)).all()
    names = await names_of(uow, (row.person for row in rows))
    return [
        wire.PeriodClosing(
            month=f"{local_date(row.until - _TICK):%Y-%m}",
            until=row.until,
            closed_at=row.closed_at,
            person=names.get(row.person, ""),
            reason=row.reason,
        )
        for row in rows
    ]


async def month(services: Services, staff: Staff, name: str, month: str) -> wire.MonthStatement:
    """Raises Refused: not-allowed, unknown, malformed, too-large."""
    first, after = bounds(month)
    async with services.snapshot() as uow:
        id, unit = await find(uow, staff, name)
        entries = await uow.books.read_entries_between(id, first, after, limit=MOST_ENTRIES + 1)
        if len(entries) > MOST_ENTRIES:
            raise Refused(ErrorCode.TOO_LARGE, f"这个月超过 {MOST_ENTRIES} 笔，请按流水分页查看。")
        opening = (await uow.books.read_balances_at([id], first - _TICK))[id].posted
        balances = list(accumulate((entry.amount for entry in entries), initial=opening))
        open_from = await uow.books.first_open_moment()
        return wire.MonthStatement(
            account=name,
            unit=unit,
            month=month,
            closed=open_from is not None and open_from >= after,
            opening=opening,
            entries=await told(uow, entries, balances[1:]),
            closing=balances[-1],
        )


def bounds(month: str) -> tuple[datetime, datetime]:
    """The first moment of a month in the township, and that of the next. Raises Refused: malformed."""
    try:
        msgspec.convert(month, wire.YearMonth)
    except msgspec.ValidationError:
        raise Refused(ErrorCode.MALFORMED, "月份要写成 2026-05 这样。") from None
    first = date.fromisoformat(f"{month}-01")
    return start_of_day(first).astimezone(UTC), start_of_day(
        (first + timedelta(days=31)).replace(day=1)
    ).astimezone(UTC)
