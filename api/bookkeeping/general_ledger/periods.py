"""Months: close the books of a month, and read an account's month."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate

import msgspec
from sqlalchemy import Select, select

from api import wire
from api.bookkeeping.general_ledger.accounts import find_account, to_statement_entries
from api.bookkeeping.general_ledger.persons import read_person_names
from api.bookkeeping.general_ledger.scope import READERS
from api.platform.access import Role, Staff, require, require_township
from api.platform.clock import local_date, start_of_day
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from api.registry.proposals.decision import Confirmers
from api.registry.proposals.use_cases import NewProposal, ProposalKind, Proposed, Signer, propose, to_view
from ledger.tables import period_closing
from ledger.transactions import ClosingStatus

CLOSERS = (Role.SUPERVISOR, Role.OFFICE)
# The most months offered for closing.
MAX_OPEN_MONTHS = 12
# The most entries in an account's month; use the paginated statement for more.
MAX_ENTRIES = 10_000
_TICK = timedelta(microseconds=1)


async def close_period(
    services: Services, staff: Staff, wanted: wire.NewPeriodClosing
) -> wire.ProposalView | wire.PeriodClosing:
    """Propose to close a month and all earlier ones; for a closed month, return its existing closing.

    Raises Refused: not-allowed, not-over.
    """
    require_township(staff, *CLOSERS)
    _, until = parse_month(wanted.month)
    async with services.unit_of_work() as uow:
        existing = await _find_closing(uow, until)
        if existing is None:
            if until > uow.now:
                raise _not_over(wanted.month)
            new = NewProposal(
                request=wanted, what=f"结 {wanted.month} 和以前各月的账：{wanted.reason}", village=None
            )
            return await to_view(uow, CLOSING, await propose(uow, CLOSING, Signer.of(staff), new), staff)
    # Again, where the sums of an earlier confirmation were interrupted.
    await _sum_up(services, existing)
    return existing


async def _close(uow: UnitOfWork, proposed: Proposed, confirmer: Signer) -> wire.PeriodClosing:
    wanted = msgspec.convert(proposed.request, wire.NewPeriodClosing)
    _, until = parse_month(wanted.month)
    closed = await uow.books.close_period(until, uow.now, person=str(proposed.proposer.id), reason=wanted.reason)
    if closed is ClosingStatus.NOT_OVER:
        raise _not_over(wanted.month)
    closing = await _find_closing(uow, until)
    assert closing is not None
    return closing


async def _sum_up(services: Services, closing: wire.PeriodClosing) -> None:
    """In a transaction of its own, so that nobody waits for the sums."""
    async with services.unit_of_work() as uow:
        await uow.books.checkpoint(closing.until)


CLOSING = ProposalKind("closing", "月结", Confirmers(CLOSERS, two_bodies=True), _close, afterwards=_sum_up)


async def _find_closing(uow: UnitOfWork, until: datetime) -> wire.PeriodClosing | None:
    """The closing that covers everything before `until`."""
    found = await _read_closings(
        uow,
        _select_closings(uow).where(period_closing.c.until >= until).order_by(period_closing.c.until).limit(1),
    )
    return found[0] if found else None


def _not_over(month: str) -> Refused:
    return Refused(ErrorCode.NOT_OVER, f"{month} 还没有过完，不能结账。")


async def list_closings(services: Services, staff: Staff) -> list[wire.PeriodClosing]:
    """All closings, newest first. Raises Refused: not-allowed."""
    require(staff, *READERS)
    async with services.unit_of_work() as uow:
        return await _read_closings(uow, _select_closings(uow).order_by(period_closing.c.until.desc()))


def list_open_months(closed: Sequence[wire.PeriodClosing], now: datetime) -> list[date]:
    """The first days of past months that aren't closed, newest first, at most `MAX_OPEN_MONTHS`. `closed`: the
    result of `list_closings`."""
    first, months = local_date(now).replace(day=1), list[date]()
    while len(months) < MAX_OPEN_MONTHS:
        first = (first - timedelta(days=1)).replace(day=1)
        if closed and start_of_day(first) < closed[0].until:
            break
        months.append(first)
    return months


def _select_closings(uow: UnitOfWork) -> Select[tuple[datetime, datetime, str, str]]:
    return select(
        period_closing.c.until, period_closing.c.closed_at, period_closing.c.person, period_closing.c.reason
    ).where(period_closing.c.township == uow.township)


async def _read_closings(
    uow: UnitOfWork, query: Select[tuple[datetime, datetime, str, str]]
) -> list[wire.PeriodClosing]:
    rows = (await uow.session.execute(query)).all()
    names = await read_person_names(uow, (row.person for row in rows))
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


async def read_month(services: Services, staff: Staff, name: str, month: str) -> wire.MonthStatement:
    """Raises Refused: not-allowed, unknown, malformed, too-large."""
    first, after = parse_month(month)
    async with services.snapshot() as uow:
        id, unit = await find_account(uow, staff, name)
        entries = await uow.books.read_entries_between(id, first, after, limit=MAX_ENTRIES + 1)
        if len(entries) > MAX_ENTRIES:
            raise Refused(ErrorCode.TOO_LARGE, f"这个月超过 {MAX_ENTRIES} 笔，请按流水分页查看。")
        opening = (await uow.books.read_balances_at([id], first - _TICK))[id].posted
        balances = list(accumulate((entry.amount for entry in entries), initial=opening))
        open_from = await uow.books.first_open_moment()
        return wire.MonthStatement(
            account=name,
            unit=unit,
            month=month,
            closed=open_from is not None and open_from >= after,
            opening=opening,
            entries=await to_statement_entries(uow, staff, entries, balances[1:]),
            closing=balances[-1],
        )


def parse_month(month: str) -> tuple[datetime, datetime]:
    """The first moment of a month in the township's time, and that of the next. Raises Refused: malformed."""
    try:
        msgspec.convert(month, wire.YearMonth)
    except msgspec.ValidationError:
        raise Refused(ErrorCode.MALFORMED, "月份要写成 2026-05 这样。") from None
    first = date.fromisoformat(f"{month}-01")
    return start_of_day(first).astimezone(UTC), start_of_day(
        (first + timedelta(days=31)).replace(day=1)
    ).astimezone(UTC)
