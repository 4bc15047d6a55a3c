"""The books of a period, read from one snapshot: all accounts at once, transactions in batches.

Transactions belong to a period by the date they took effect in the township, not by the time of recording.
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

from api.bookkeeping.exports.titles import Titles, kind_title, read_titles
from api.bookkeeping.general_ledger.disclosure import UNPUBLISHED, Confidentiality, Outsider, disclose
from api.platform.clock import SHANGHAI, local_date, local_time
from api.platform.services import UnitOfWork
from api.registry.register.queries import read_township_name
from ledger.transactions import Phase, UnitKind

FEN = "money:fen"

# Rows fetched from the database at a time.
_BATCH_SIZE = 1000

# Earlier and later than any entry.
_BEGINNING_OF_TIME = datetime(1, 1, 2, tzinfo=UTC)
_END_OF_TIME = datetime(9999, 12, 30, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Unit:
    code: str
    kind: UnitKind
    title: str

    @property
    def symbol(self) -> str:
        """The unit of `convert`: money is stored in fen and exported in yuan."""
        return "CNY" if self.code == FEN else self.code

    def convert(self, amount: int) -> int | Decimal:
        """An amount of our books in that unit, exactly."""
        return Decimal(amount).scaleb(-2) if self.code == FEN else amount


@dataclass(frozen=True, slots=True)
class Account:
    """Balances are posted balances: credits minus debits. `closing` of a `limited` account is its stored balance
    less the entries effective after the period, not the sum of the exported entries, so that the file can verify
    it. `opened_on` is not after the first entry; `closed_on`, None unless it was closed in the period, not before
    the last."""

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
    """`recorded_at` is in the township's time; `target` is what it posts or reverses, whole or in part."""

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
    """`start` is None for an export from the beginning, without opening balances. `until`: the last day, for the
    closing balances. `transactions` yields batches, `count` transactions in total."""

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
           coalesce(m.before, 0) as opening,
           coalesce(b.posted - coalesce(m.after, 0), m.until, 0) as closing
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

# Kind and reason come from the original transaction: the award for a posting, the posting or redemption for a
# reversal. The transfers are the transaction's own, which may be only a part.
_TRANSFERS = text("""
    select x.id, t.debit, t.credit, t.amount, x.recorded_at, x.phase, x.target, x.person, x.effective_at, x.kind,
           x.reason as own_reason, coalesce(r.kind, o.kind, x.kind) as begun_as,
           coalesce(r.reason, o.reason, x.reason) as reason,
           coalesce(r.metadata, o.metadata, x.metadata) -> 'goods' as goods,
           w.transaction is null as published
      from ledger.transaction x
      join ledger.transfer t on t.township = x.township and t.transaction = x.id
      left join ledger.transaction o on o.township = x.township and o.id = x.target
      left join ledger.transaction r on r.township = o.township and r.id = o.target
      left join ledger.withheld w on w.township = x.township and w.transaction = coalesce(r.id, o.id, x.id)
     where x.township = :township and not t.pending and x.effective_at >= :start and x.effective_at < :end
     order by x.effective_at, x.recorded_at, x.id, t.ordinal
""").columns(goods=JSONB)


async def read_books(uow: UnitOfWork, start: date | None, end: date | None) -> PeriodBooks:
    """Both days are inclusive. `uow` is a snapshot; the transactions can be read as long as it is open."""
    connection = await uow.session.connection()
    bounds = {
        "township": uow.township,
        "start": _midnight(start) if start else _BEGINNING_OF_TIME,
        "end": _midnight(end + timedelta(days=1)) if end else _END_OF_TIME,
    }
    titles = await read_titles(uow)
    units: dict[str, Unit] = {}
    accounts: dict[UUID, Account] = {}
    last = max(local_date(uow.now), start or date.min)
    for row in await connection.execute(_ACCOUNTS, bounds):
        unit = units.setdefault(row.unit, Unit(row.unit, UnitKind(row.kind), titles.unit_title(row.unit)))
        accounts[row.id] = Account(
            name=row.name,
            title=titles.account_title(row.name),
            unit=unit,
            limited=row.limited,
            opened_on=local_date(row.opened_at),
            closed_on=local_date(row.closed_at) if row.closed_at else None,
            opening=int(row.opening),
            closing=int(row.closing),
        )
        last = max(last, local_date(row.last)) if row.last else last
    return PeriodBooks(
        township=await read_township_name(uow),
        start=start,
        until=end or last,
        units=tuple(units.values()),
        accounts=tuple(accounts.values()),
        count=(await connection.execute(_COUNT, bounds)).scalar_one(),
        transactions=_stream_transactions(connection, bounds, accounts, titles),
    )


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), SHANGHAI).astimezone(UTC)


async def _stream_transactions(
    connection: AsyncConnection, bounds: dict[str, Any], accounts: dict[UUID, Account], titles: Titles
) -> AsyncIterator[Sequence[Transaction]]:
    rows = await connection.stream(_TRANSFERS, bounds, execution_options={"yield_per": _BATCH_SIZE})
    buffer: list[Row[Any]] = []
    async for partition in rows.partitions():
        buffer.extend(partition)
        # The last transaction may continue in the next partition.
        end = next(n for n, row in enumerate(buffer) if row.id == buffer[-1].id)
        yield list(_group_transactions(buffer[:end], accounts, titles))
        del buffer[:end]
    yield list(_group_transactions(buffer, accounts, titles))


def _group_transactions(
    rows: list[Row[Any]], accounts: dict[UUID, Account], titles: Titles
) -> Iterator[Transaction]:
    for id, group in groupby(rows, key=lambda row: row.id):
        first, *more = group
        transfers = tuple(
            Transfer(accounts[row.debit], accounts[row.credit], row.amount) for row in (first, *more)
        )
        yield Transaction(
            id=id,
            effective_on=local_date(first.effective_at),
            recorded_at=local_time(first.recorded_at),
            kind=first.kind,
            phase=Phase(first.phase),
            target=first.target,
            person=titles.person_name(first.person),
            narration=_make_narration(first, transfers),
            transfers=transfers,
        )


def _make_narration(row: Row[Any], transfers: tuple[Transfer, ...]) -> str:
    correction = "更正：" if row.phase == Phase.REVERSAL else ""
    if not disclose(Outsider.FILE, Confidentiality("", row.published)).subject:
        # The reason for the correction could reveal the subject.
        return correction + UNPUBLISHED
    what = row.reason or f"{kind_title(row.begun_as)} {_describe_goods(row, transfers)}".rstrip()
    return correction + (what if row.own_reason in ("", row.reason) else f"{what}（{row.own_reason}）")


def _describe_goods(row: Row[Any], transfers: tuple[Transfer, ...]) -> str:
    """With the names recorded at the time if all of the goods moved, or else the present ones."""
    moved = [t for t in transfers if t.debit.unit.kind is UnitKind.GOODS]
    recorded = row.goods or []
    whole = [g["quantity"] for g in recorded] == [t.amount for t in moved]
    names = [g["name"] for g in recorded] if whole else [t.debit.unit.title for t in moved]
    return "、".join(f"{name} {t.amount} 件" for name, t in zip(names, moved, strict=True))
