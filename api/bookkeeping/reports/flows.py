"""What moved in the books, by month and by what it was for: figures, and the entries behind each.

A figure is what moved on one of the township's own accounts, the other side of all that households gain and spend.
Figures and lists are the same rows of the books, so a list adds up to its figure. Months go by effect, as in the
books: a correction counts in its own month, and a month that is closed never changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, TextClause, func, select, text

from api.bookkeeping.general_ledger.disclosure import UNPUBLISHED
from api.platform import accounts
from api.platform.clock import local_date, start_of_day
from api.platform.services import UnitOfWork
from ledger.tables import transaction

# Accounts without a limit are the township's own. The origin of an entry is what it settles or moves back.
_MOVED = """
    select x.id, x.effective_at, x.recorded_at, origin.id as origin, origin.kind, a.name as account, a.unit,
           e.amount, c.name as counterparty,
           date_trunc('month', x.effective_at at time zone 'Asia/Shanghai')::date as month,
           case when w.transaction is null then origin.metadata ->> 'category' else :unpublished end as category,
           coalesce(origin.metadata ->> 'village', s.village, h.village) as village, h.code as household
      from ledger.transaction x
      left join ledger.transaction t on t.township = x.township and t.id = x.target
      left join ledger.transaction origin on origin.township = x.township
       and origin.id = coalesce(t.target, t.id, x.id)
      join ledger.transfer r on r.township = x.township and r.transaction = x.id and not r.pending
     cross join lateral (values (r.credit, r.debit, r.amount), (r.debit, r.credit, -r.amount))
           as e (account, counterparty, amount)
      join ledger.account a on a.township = x.township and a.id = e.account and a.minimum is null
      join ledger.account c on c.township = x.township and c.id = e.counterparty
      left join ledger.withheld w on w.township = x.township and w.transaction = origin.id
      left join household h on h.township = x.township and h.code = split_part(c.name, ':', 2)
       and split_part(c.name, ':', 1) in ('household', 'escrow')
      left join supermarket s on s.township = x.township and s.code = split_part(a.name, ':', 2)
       and split_part(a.name, ':', 1) = 'supermarket'
     where x.township = :township and x.recorded_at >= :since and x.effective_at >= :since
"""

_FLOWS = text(f"""
    select month, kind, account, unit, category, village, sum(amount) as amount
      from ({_MOVED}) moved group by 1, 2, 3, 4, 5, 6
""")

_ENTRIES = text(f"""
    select id, effective_at, kind, account, household, category, amount,
           origin, count(*) over () as entries, sum(amount) over () as total
      from ({_MOVED}) moved
     where account like :accounts and month between :first and :last
       and (:category = '' or category = :category) and (:village = '' or village = :village)
     order by effective_at desc, id desc limit :limit offset :offset
""")

_REDEMPTIONS = text(f"""
    select month, account, count(*) as redemptions
      from (select min(month) as month, origin, account
              from ({_MOVED}) moved
             where account like 'supermarket:%' and kind = 'redemption'
             group by origin, account having sum(amount) > 0) redeemed
     group by 1, 2
""")

_HOUSEHOLDS = text(f"""
    select count(distinct household) filter (where account = '{accounts.ISSUING.name}') as awarded,
           count(distinct household) filter (where account like 'supermarket:%') as redeeming
      from ({_MOVED}) moved where month <= :last
""")


@dataclass(frozen=True, slots=True)
class Flow:
    """What moved in a month on an account, as the account sees it; `month` is its first day. `kind`: of the
    transactions that it goes back to."""

    month: date
    kind: str
    account: str
    unit: str
    category: str | None
    village: str | None
    amount: int


@dataclass(frozen=True, slots=True)
class FlowEntry:
    """One of the entries that a figure is the sum of, with the figure's sign. `origin`: the transaction that it
    settles or moves back, or itself; that of an award is its claim."""

    effective_at: datetime
    origin: UUID
    kind: str
    account: str
    household: str | None
    category: str | None
    amount: int


@dataclass(frozen=True, slots=True)
class FlowPage:
    """`entries`: some of them, the latest first; how many there are of all, and their sum."""

    entries: Sequence[FlowEntry]
    number: int
    total: int


@dataclass(frozen=True, slots=True)
class Figure:
    """Which entries make up a figure. `accounts`: a pattern of names, as SQL's `like` has them; `sign` turns what
    the accounts see into what is told. `first` and `last` are the first days of months."""

    accounts: str
    sign: int
    first: date
    last: date
    category: str = ""
    village: str = ""


@dataclass(frozen=True, slots=True)
class Activity:
    """`redemptions` by month and till account, without those that were taken back wholly; how many households
    got points, and how many spent some."""

    redemptions: dict[tuple[date, str], int]
    awarded: int
    redeeming: int


async def read_first_year(uow: UnitOfWork) -> int:
    """The year of the first entry; this year where there is none."""
    connection = await uow.session.connection()
    first = select(func.min(transaction.c.effective_at)).where(transaction.c.township == uow.township)
    return local_date((await connection.execute(first)).scalar_one() or uow.now).year


async def read_flows(uow: UnitOfWork, since: date) -> list[Flow]:
    """All that moved since the beginning of this month."""
    rows = await _execute(uow, _FLOWS, since)
    return [
        Flow(row.month, row.kind, row.account, row.unit, row.category, row.village, int(row.amount))
        for row in rows
    ]


async def read_activity(uow: UnitOfWork, first: date, last: date) -> Activity:
    """Of the months from `first` to `last`."""
    rows = await _execute(uow, _REDEMPTIONS, first)
    redemptions = {(row.month, row.account): row.redemptions for row in rows if row.month <= last}
    [households] = await _execute(uow, _HOUSEHOLDS, first, last=last)
    return Activity(redemptions, households.awarded, households.redeeming)


async def read_entries(uow: UnitOfWork, figure: Figure, offset: int, limit: int) -> FlowPage:
    """The entries behind a figure."""
    rows = await _execute(
        uow,
        _ENTRIES,
        figure.first,
        accounts=figure.accounts,
        first=figure.first,
        last=figure.last,
        category=figure.category,
        village=figure.village,
        limit=limit,
        offset=offset,
    )
    entries = [
        FlowEntry(
            row.effective_at,
            row.origin,
            row.kind,
            row.account,
            row.household,
            row.category,
            figure.sign * int(row.amount),
        )
        for row in rows
    ]
    return FlowPage(entries, rows[0].entries if rows else 0, figure.sign * int(rows[0].total) if rows else 0)


async def _execute(
    uow: UnitOfWork, statement: TextClause, since: date, **parameters: object
) -> Sequence[Row[Any]]:
    connection = await uow.session.connection()
    shared = {"township": uow.township, "since": start_of_day(since), "unpublished": UNPUBLISHED}
    return (await connection.execute(statement, {**shared, **parameters})).all()
