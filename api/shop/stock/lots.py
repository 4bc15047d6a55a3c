"""Lots: what arrived together with its date, and how much of it is left.

The books know pieces by shelf and product only. Which of them are left follows from one assumption, that those
which expire first went first: so it is reckoned whenever somebody asks, and kept nowhere.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from sqlalchemy import func, literal_column, select

from api import wire
from api.platform import accounts
from api.platform.clock import local_date
from api.platform.services import UnitOfWork
from api.shop.stock import slips
from api.shop.stock.tables import Lot
from ledger.tables import transaction, transfer


@dataclass(frozen=True, slots=True)
class Pieces:
    """`quantity` pieces of a product that reached a shelf together, or of them what is left."""

    arrival: UUID
    line: int
    supermarket: str
    product: str
    quantity: int
    sell_by: date | None
    received_on: date


def left(received: Iterable[Pieces], on_shelf: int) -> list[Pieces]:
    """What is left of lots of one product on one shelf, soonest to expire first; without a date they keep longest.

    `on_shelf` is how many pieces there are. What a stocktake found over, or stood there before lots were kept,
    belongs to no lot: then less is left of lots than is there.
    """
    found = []
    for lot in sorted(received, key=_keeps, reverse=True):
        remaining = min(lot.quantity, on_shelf)
        if remaining <= 0:
            break
        on_shelf -= remaining
        found.append(replace(lot, quantity=remaining))
    return found[::-1]


def _keeps(lot: Pieces) -> tuple[date, date, UUID, int]:
    return lot.sell_by or date.max, lot.received_on, lot.arrival, lot.line


def record(uow: UnitOfWork, arrival: UUID, supermarket: str, lines: Sequence[wire.GoodsLine]) -> None:
    uow.session.add_all(
        Lot(
            township=uow.township,
            arrival=arrival,
            line=line,
            supermarket=supermarket,
            product=pieces.product,
            quantity=pieces.quantity,
            sell_by=pieces.sell_by,
            received_on=local_date(uow.now),
        )
        for line, pieces in enumerate(lines, start=1)
    )


async def require_same(uow: UnitOfWork, arrival: UUID, lines: Sequence[wire.GoodsLine]) -> None:
    """An arrival that the books have already came with these dates. Raises Refused: conflict."""
    known = await uow.session.execute(
        select(Lot.line, Lot.sell_by).where(
            Lot.township == uow.township, Lot.arrival == arrival, Lot.sell_by.is_not(None)
        )
    )
    dated = {line: pieces.sell_by for line, pieces in enumerate(lines, start=1) if pieces.sell_by is not None}
    if dict(known.all()) != dated:
        raise slips.conflict()


async def received(uow: UnitOfWork, supermarkets: Sequence[str]) -> list[Pieces]:
    """All lots of these supermarkets, less what corrections of their arrivals took back."""
    columns = [getattr(Lot, name) for name in Pieces.__slots__]
    rows = await uow.session.execute(
        select(*columns)
        .where(Lot.township == uow.township, Lot.supermarket.in_(supermarkets))
        .order_by(Lot.arrival, Lot.line.desc())
    )
    lots = [Pieces(*row) for row in rows]
    taken_back = await _taken_back(uow, supermarkets)
    net = []
    for lot in lots:
        shelf = lot.arrival, accounts.shelf(lot.supermarket, lot.product).id
        back = min(lot.quantity, taken_back.get(shelf, 0))
        if back:
            taken_back[shelf] -= back
        if lot.quantity > back:
            net.append(replace(lot, quantity=lot.quantity - back))
    return net


async def _taken_back(uow: UnitOfWork, supermarkets: Sequence[str]) -> dict[tuple[UUID, UUID], int]:
    """Pieces that corrections moved off a shelf again, by arrival and account."""
    arrivals = select(Lot.arrival).where(Lot.township == uow.township, Lot.supermarket.in_(supermarkets))
    rows = await uow.session.execute(
        select(transaction.c.target, transfer.c.debit, func.sum(transfer.c.amount))
        .join(
            transfer,
            (transfer.c.township == transaction.c.township) & (transfer.c.transaction == transaction.c.id),
        )
        .where(
            transaction.c.township == uow.township,
            transaction.c.target.in_(arrivals),
            # The index's own condition, which a parameter would miss.
            transaction.c.phase == literal_column("'reversal'"),
        )
        .group_by(transaction.c.target, transfer.c.debit)
    )
    return {(arrival, account): int(pieces) for arrival, account, pieces in rows}


def by_shelf(lots: Iterable[Pieces]) -> Mapping[tuple[str, str], list[Pieces]]:
    """Lots by supermarket and product."""
    found: defaultdict[tuple[str, str], list[Pieces]] = defaultdict(list)
    for lot in lots:
        found[lot.supermarket, lot.product].append(lot)
    return found
