"""The books of a period as plain records, read from one snapshot: accounts at once, transactions one by one."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from api.clock import SHANGHAI, local_date
from api.kiosks.tables import Attendant
from api.people.tables import Person
from api.register.tables import Household, Township
from api.stock.tables import Product, Supermarket
from api.town import Work
from ledger.transactions import Phase, UnitKind

# Rows that wait in memory between the database and the file.
_AT_ONCE = 1000

# Earlier and later than any entry.
_ALWAYS = datetime(1, 1, 2, tzinfo=UTC)
_NEVER = datetime(9999, 12, 30, tzinfo=UTC)

_KINDS = {"award": "奖励", "redemption": "兑换", "restock": "入库"}


@dataclass(frozen=True, slots=True)
class Unit:
    code: str
    kind: UnitKind
    title: str


@dataclass(frozen=True, slots=True)
class Account:
    """Balances are posted ones, from the holder's side: credited minus debited. `closing` of a `limited`
    account is the balance that the books keep, less what came after the period: not the sum of the entries,
    so that the file can prove it."""

    name: str
    title: str
    unit: Unit
    limited: bool
    opened_on: date
    opening: int
    closing: int


@dataclass(frozen=True, slots=True)
class Transfer:
    debit: Account
    credit: Account
    amount: int


@dataclass(frozen=True, slots=True)
class Transaction:
    """`at` is the moment of recording, in the township's time; `target` is what it posts or reverses."""

    id: UUID
    at: datetime
    effective_on: date
    kind: str
    phase: Phase
    target: UUID | None
    person: str
    narration: str
    transfers: tuple[Transfer, ...]


@dataclass(frozen=True, slots=True)
class PeriodBooks:
    """`start` is None when the books are told from their beginning; then no account has an opening balance.
    `until` is the last day, on which `closing` balances hold."""

    township: str
    start: date | None
    until: date
    units: tuple[Unit, ...]
    accounts: tuple[Account, ...]
    transactions: AsyncIterator[Transaction]


_ACCOUNTS = text("""
    with moved as (
        select account, min(recorded_at) as first, max(recorded_at) filter (where recorded_at < :end) as last,
               sum(amount) filter (where recorded_at < :start) as before,
               sum(amount) filter (where recorded_at < :end) as until,
               sum(amount) filter (where recorded_at >= :end) as after
          from ledger.entry where township = :township and not pending group by account)
    select a.id, a.name, a.unit, u.kind, a.minimum is not null as limited,
           least(a.opened_at, m.first) as opened_at, m.last,
           coalesce(m.before, 0)::bigint as opening,
           coalesce(b.posted - coalesce(m.after, 0), m.until, 0)::bigint as closing
      from ledger.account a
      join ledger.unit u on u.township = a.township and u.code = a.unit
      left join ledger.balance b on b.township = a.township and b.account = a.id
      left join moved m on m.account = a.id
     where a.township = :township and least(a.opened_at, m.first) < :end
     order by a.name
""")

# What a transaction was for stands in the one that began it: the award behind its posting, the posting or the
# redemption behind its reversal.
_TRANSFERS = text("""
    select t.transaction as id, t.debit, t.credit, t.amount, t.recorded_at, x.phase, x.target, x.person,
           x.effective_at, x.reason as own_reason, coalesce(r.kind, o.kind, x.kind) as kind,
           coalesce(r.reason, o.reason, x.reason) as reason,
           coalesce(r.metadata, o.metadata, x.metadata) -> 'goods' as goods
      from ledger.transfer t
      join ledger.transaction x on x.township = t.township and x.id = t.transaction
      left join ledger.transaction o on o.township = x.township and o.id = x.target
      left join ledger.transaction r on r.township = o.township and r.id = o.target
     where t.township = :township and not t.pending and t.recorded_at >= :start and t.recorded_at < :end
     order by t.recorded_at, t.transaction, t.ordinal
""")


async def read(work: Work, start: date | None, end: date | None) -> PeriodBooks:
    """Both days belong to the period. The unit of work must be fresh: what is read is one snapshot, and the
    transactions are there as long as it is open."""
    connection = await work.session.connection()
    await connection.execute(text("set transaction isolation level repeatable read, read only"))
    bounds = {
        "township": work.township,
        "start": _midnight(start) if start else _ALWAYS,
        "end": _midnight(end + timedelta(days=1)) if end else _NEVER,
    }
    township = (await work.session.execute(select(Township.name).where(Township.id == work.township))).scalar_one()
    titles = await _titles(work)
    units: dict[str, Unit] = {}
    accounts: dict[UUID, Account] = {}
    last = local_date(work.now)
    for row in await connection.execute(_ACCOUNTS, bounds):
        unit = units.setdefault(row.unit, Unit(row.unit, UnitKind(row.kind), titles.unit(row.unit)))
        accounts[row.id] = Account(
            name=row.name,
            title=titles.account(row.name),
            unit=unit,
            limited=row.limited,
            opened_on=local_date(row.opened_at),
            opening=row.opening,
            closing=row.closing,
        )
        last = max(last, local_date(row.last)) if row.last else last
    return PeriodBooks(
        township=township,
        start=start,
        until=end or last,
        units=tuple(units.values()),
        accounts=tuple(accounts.values()),
        transactions=_transactions(connection, bounds, accounts, titles),
    )


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), SHANGHAI).astimezone(UTC)


async def _transactions(
    connection: AsyncConnection, bounds: dict[str, Any], accounts: dict[UUID, Account], titles: _Titles
) -> AsyncIterator[Transaction]:
    rows = await connection.stream(_TRANSFERS, bounds, execution_options={"yield_per": _AT_ONCE})
    held: list[Row[Any]] = []
    async for partition in rows.partitions():
        held.extend(partition)
        # The last one may go on in the next partition.
        cut = next((n for n, row in enumerate(held) if row.id == held[-1].id), 0)
        for transaction in _grouped(held[:cut], accounts, titles):
            yield transaction
        del held[:cut]
    for transaction in _grouped(held, accounts, titles):
        yield transaction


def _grouped(rows: list[Row[Any]], accounts: dict[UUID, Account], titles: _Titles) -> Iterator[Transaction]:
    for id, group in groupby(rows, key=lambda row: row.id):
        first, *more = group
        transfers = tuple(
            Transfer(accounts[row.debit], accounts[row.credit], row.amount) for row in (first, *more)
        )
        yield Transaction(
            id=id,
            at=first.recorded_at.astimezone(SHANGHAI),
            effective_on=local_date(first.effective_at),
            kind=first.kind,
            phase=Phase(first.phase),
            target=first.target,
            person=titles.person(first.person),
            narration=_narration(first, transfers),
            transfers=transfers,
        )


def _narration(row: Row[Any], transfers: tuple[Transfer, ...]) -> str:
    what = row.reason
    if not what:
        goods = "、".join(f"{g['name']} {g['quantity']} 件" for g in _goods(row, transfers))
        what = f"{_KINDS.get(row.kind, row.kind)} {goods}".rstrip()
    if row.phase == Phase.REVERSAL:
        return f"更正：{what}（{row.own_reason}）"
    return what if row.own_reason in ("", row.reason) else f"{what}（{row.own_reason}）"


def _goods(row: Row[Any], transfers: tuple[Transfer, ...]) -> list[dict[str, Any]]:
    """As they were called on the day, or else as they are called now."""
    if row.goods:
        told: list[dict[str, Any]] = json.loads(row.goods) if isinstance(row.goods, str) else row.goods
        return told
    return [
        {"name": t.debit.unit.title, "quantity": t.amount}
        for t in transfers
        if t.debit.unit.kind is UnitKind.GOODS
    ]


@dataclass(frozen=True, slots=True)
class _Titles:
    """Names that people know, for what the books know by codes."""

    heads: dict[str, str]
    supermarkets: dict[str, str]
    products: dict[str, str]
    people: dict[str, str]

    def account(self, name: str) -> str:
        match name.split(":"):
            case ["township", "issuing"]:
                return "积分发行"
            case ["household", code]:
                return self.heads.get(code, "")
            case ["supermarket", code, "till"]:
                return f"{self.supermarkets.get(code, code)} 收回积分"
            case ["supermarket", code, "shelf", product]:
                return f"{self.supermarkets.get(code, code)} 货架 {self.products.get(product, product)}"
            case ["goods", product, "supply"]:
                return f"{self.products.get(product, product)} 进货"
            case ["goods", product, "handed-out"]:
                return f"{self.products.get(product, product)} 已发放"
            case _:
                return ""

    def unit(self, code: str) -> str:
        match code.split(":"):
            case ["points"]:
                return "积分"
            case ["goods", product]:
                return self.products.get(product, product)
            case _:
                return code

    def person(self, word: str) -> str:
        return "公示期满" if word == "notice" else self.people.get(word, word)


async def _titles(work: Work) -> _Titles:
    async def pairs(key: Any, value: Any) -> dict[str, str]:
        rows = await work.session.execute(select(key, value).where(key.class_.township == work.township))
        return {str(code): name for code, name in rows}

    return _Titles(
        heads=await pairs(Household.code, Household.head),
        supermarkets=await pairs(Supermarket.code, Supermarket.name),
        products=await pairs(Product.code, Product.name),
        people=await pairs(Person.id, Person.name) | await pairs(Attendant.id, Attendant.name),
    )
