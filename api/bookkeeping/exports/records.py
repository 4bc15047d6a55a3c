"""The books of a period as plain records, read from one snapshot: accounts at once, transactions in batches.

What belongs to a period is told by the day it was effective in the township, not by the moment of recording.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from api.bookkeeping.exports.titles import UNPUBLISHED, Titles, kind, titles
from api.platform.clock import SHANGHAI, local_date
from api.platform.services import UnitOfWork
from api.registry.register.queries import read_township_name
from ledger.transactions import Phase, UnitKind

FEN = "money:fen"

# Rows that wait in memory between the database and the file.
_AT_ONCE = 1000

# Earlier and later than any entry.
_ALWAYS = datetime(1, 1, 2, tzinfo=UTC)
_NEVER = datetime(9999, 12, 30, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Unit:
    code: str
    kind: UnitKind
    title: str

    @property
    def symbol(self) -> str:
        """The unit that `counted` counts in: money is kept in fen and told in yuan."""
        return "CNY" if self.code == FEN else self.code

    def counted(self, amount: int) -> int | Decimal:
        """An amount of ours in that unit, exactly."""
        return Decimal(amount).scaleb(-2) if self.code == FEN else amount


@dataclass(frozen=True, slots=True)
class Account:
    """Balances are posted ones, from the holder's side: credited minus debited. `closing` of a `limited`
    account is the balance that the books keep, less what is effective after the period: not the sum of the
    entries, so that the file can prove it. `opened_on` is no later than its first entry, and `closed_on`, None
    unless it was closed in the period, no earlier than its last."""

    name: str
    title: str
    unit: Unit
    limited: bool
    opened_on: date
    closed_on: date | None
    opening: int
    closing: int


@dataclass(frozen=True, slots=True)
class Transfer:
    debit: Account
    credit: Account
    amount: int


@dataclass(frozen=True, slots=True)
class Transaction:
    """`recorded_at` is in the township's time; `target` is what it posts or reverses, wholly or in part."""

    id: UUID
    effective_on: date
    recorded_at: datetime
    kind: str
    phase: Phase
    target: UUID | None
    person: str
    narration: str
    transfers: tuple[Transfer, ...]


@dataclass(frozen=True, slots=True)
class PeriodBooks:
    """`start` is None when the books are told from their beginning; then no account has an opening balance.
    `until` is the last day, on which `closing` balances hold. `transactions` has `count` in all, in batches."""

    township: str
    start: date | None
    until: date
    units: tuple[Unit, ...]
    accounts: tuple[Account, ...]
    count: int
    transactions: AsyncIterator[Sequence[Transaction]]


_ACCOUNTS = text("""
    with moved as (
        select e.account, min(x.effective_at) as first,
               max(x.effective_at) filter (where x.effective_at < :end) as last,
               sum(e.amount) filter (where x.effective_at < :start) as before,
               sum(e.amount) filter (where x.effective_at < :end) as until,
               sum(e.amount) filter (where x.effective_at >= :end) as after
          from ledger.entry e
          join ledger.transaction x on x.township = e.township and x.id = e.transaction
         where e.township = :township and not e.pending group by e.account)
    select a.id, a.name, a.unit, u.kind, a.minimum is not null as limited,
           least(a.opened_at, m.first) as opened_at, m.last,
           case when c.closed_at < :end then greatest(c.closed_at, m.last) end as closed_at,
           coalesce(m.before, 0)::bigint as opening,
           coalesce(b.posted - coalesce(m.after, 0), m.until, 0)::bigint as closing
      from ledger.account a
      join ledger.unit u on u.township = a.township and u.code = a.unit
      left join ledger.account_closing c on c.township = a.township and c.account = a.id
      left join ledger.balance b on b.township = a.township and b.account = a.id
      left join moved m on m.account = a.id
     where a.township = :township and least(a.opened_at, m.first) < :end
     order by a.name
""")

_COUNT = text("""
    select count(*) from ledger.transaction
     where township = :township and phase in ('posted', 'post', 'reversal')
       and effective_at >= :start and effective_at < :end
""")

# What a transaction was for stands in the one that began it: the award behind its posting, the posting or the
# redemption behind its reversal. What moved are its own transfers, which may be a part of that.
_TRANSFERS = text("""
    select x.id, t.debit, t.credit, t.amount, x.recorded_at, x.phase, x.target, x.person, x.effective_at, x.kind,
           x.reason as own_reason, coalesce(r.kind, o.kind, x.kind) as begun_as,
           coalesce(r.reason, o.reason, x.reason) as reason,
           coalesce(r.metadata, o.metadata, x.metadata) -> 'goods' as goods, c.published
      from ledger.transaction x
      join ledger.transfer t on t.township = x.township and t.transaction = x.id
      left join ledger.transaction o on o.township = x.township and o.id = x.target
      left join ledger.transaction r on r.township = o.township and r.id = o.target
      left join claim c on c.township = x.township and c.id = coalesce(r.id, o.id, x.id)
     where x.township = :township and not t.pending and x.effective_at >= :start and x.effective_at < :end
     order by x.effective_at, x.recorded_at, x.id, t.ordinal
""").columns(goods=JSONB)


async def read(uow: UnitOfWork, start: date | None, end: date | None) -> PeriodBooks:
    """Both days belong to the period. The unit of work is a snapshot; the transactions are there as long as it is
    open."""
    connection = await uow.session.connection()
    bounds = {
        "township": uow.township,
        "start": _midnight(start) if start else _ALWAYS,
        "end": _midnight(end + timedelta(days=1)) if end else _NEVER,
    }
    called = await titles(uow)
    units: dict[str, Unit] = {}
    accounts: dict[UUID, Account] = {}
    last = max(local_date(uow.now), start or date.min)
    for row in await connection.execute(_ACCOUNTS, bounds):
        unit = units.setdefault(row.unit, Unit(row.unit, UnitKind(row.kind), called.unit(row.unit)))
        accounts[row.id] = Account(
            name=row.name,
            title=called.account(row.name),
            unit=unit,
            limited=row.limited,
            opened_on=local_date(row.opened_at),
            closed_on=local_date(row.closed_at) if row.closed_at else None,
            opening=row.opening,
            closing=row.closing,
        )
        last = max(last, local_date(row.last)) if row.last else last
    return PeriodBooks(
        township=await read_township_name(uow),
        start=start,
        until=end or last,
        units=tuple(units.values()),
        accounts=tuple(accounts.values()),
        count=(await connection.execute(_COUNT, bounds)).scalar_one(),
        transactions=_transactions(connection, bounds, accounts, called),
    )


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), SHANGHAI).astimezone(UTC)


async def _transactions(
    connection: AsyncConnection, bounds: dict[str, Any], accounts: dict[UUID, Account], called: Titles
) -> AsyncIterator[Sequence[Transaction]]:
    rows = await connection.stream(_TRANSFERS, bounds, execution_options={"yield_per": _AT_ONCE})
    held: list[Row[Any]] = []
    async for partition in rows.partitions():
        held.extend(partition)
        # The last one may go on in the next partition.
        cut = next(n for n, row in enumerate(held) if row.id == held[-1].id)
        yield list(_grouped(held[:cut], accounts, called))
        del held[:cut]
    yield list(_grouped(held, accounts, called))


def _grouped(rows: list[Row[Any]], accounts: dict[UUID, Account], called: Titles) -> Iterator[Transaction]:
    for id, group in groupby(rows, key=lambda row: row.id):
        first, *more = group
        transfers = tuple(
            Transfer(accounts[row.debit], accounts[row.credit], row.amount) for row in (first, *more)
        )
        yield Transaction(
            id=id,
            effective_on=local_date(first.effective_at),
            recorded_at=first.recorded_at.astimezone(SHANGHAI),
            kind=first.kind,
            phase=Phase(first.phase),
            target=first.target,
            person=called.person(first.person),
            narration=_narration(first, transfers),
            transfers=transfers,
        )


def _narration(row: Row[Any], transfers: tuple[Transfer, ...]) -> str:
    correction = "更正：" if row.phase == Phase.REVERSAL else ""
    if row.published is False:
        # Why it was corrected could tell as much as what it was.
        return correction + UNPUBLISHED
    what = row.reason or f"{kind(row.begun_as)} {_goods(row, transfers)}".rstrip()
    return correction + (what if row.own_reason in ("", row.reason) else f"{what}（{row.own_reason}）")


def _goods(row: Row[Any], transfers: tuple[Transfer, ...]) -> str:
    """As they were called on the day where all of them moved, or else as they are called now."""
    moved = [t for t in transfers if t.debit.unit.kind is UnitKind.GOODS]
    told = row.goods or []
    whole = [g["quantity"] for g in told] == [t.amount for t in moved]
    names = [g["name"] for g in told] if whole else [t.debit.unit.title for t in moved]
    return "、".join(f"{name} {t.amount} 件" for name, t in zip(names, moved, strict=True))
