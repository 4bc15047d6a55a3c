"""Lots: pieces that arrived together, with their sell-by date, and how many of them remain.

The books know pieces by shelf and product only. Which lots they are of follows from one assumption, that those
which expire first were sold first: so it is computed on demand, and stored nowhere.
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
from api.shop.stock import stock_documents
from api.shop.stock.tables import Lot
from ledger.tables import transaction, transfer


@dataclass(frozen=True, slots=True)
class LotQuantity:
    """`quantity`: pieces of the lot that arrived, or that remain."""

    arrival: UUID
    line: int
    supermarket: str
    product: str
    quantity: int
    sell_by: date | None
    received_on: date
    lot_number: str = ""


def compute_remaining(received: Iterable[LotQuantity], on_shelf: int) -> list[LotQuantity]:
    """What remains of the lots of one product on one shelf, soonest to expire first; those without a date last.

    `on_shelf`: how many pieces there are. Those that a stocktake found, or from before lots were recorded, belong
    to no lot: then fewer remain of the lots than are on the shelf.
    """
    lots = []
    for lot in sorted(received, key=_expiry_order, reverse=True):
        remaining = min(lot.quantity, on_shelf)
        if remaining <= 0:
            break
        on_shelf -= remaining
        lots.append(replace(lot, quantity=remaining))
    return lots[::-1]


def _expiry_order(lot: LotQuantity) -> tuple[date, date, UUID, int]:
    return lot.sell_by or date.max, lot.received_on, lot.arrival, lot.line


def record_lots(uow: UnitOfWork, arrival: UUID, supermarket: str, lines: Sequence[wire.GoodsLine]) -> None:
    uow.session.add_all(
        Lot(
            township=uow.township,
            arrival=arrival,
            line=line,
            supermarket=supermarket,
            product=pieces.product,
            quantity=pieces.quantity,
            sell_by=pieces.sell_by,
            lot_number=pieces.lot,
            received_on=local_date(uow.now),
        )
        for line, pieces in enumerate(lines, start=1)
    )


async def require_same_dates(uow: UnitOfWork, arrival: UUID, lines: Sequence[wire.GoodsLine]) -> None:
    """The sell-by dates of an arrival that is recorded already. Raises Refused: conflict."""
    recorded = await uow.session.execute(
        select(Lot.line, Lot.sell_by).where(
            Lot.township == uow.township, Lot.arrival == arrival, Lot.sell_by.is_not(None)
        )
    )
    dated = {line: pieces.sell_by for line, pieces in enumerate(lines, start=1) if pieces.sell_by is not None}
    if dict(recorded.all()) != dated:
        raise stock_documents.conflict()


async def list_received(uow: UnitOfWork, supermarkets: Sequence[str]) -> list[LotQuantity]:
    """All lots of these supermarkets, less what corrections of their arrivals reversed."""
    columns = [getattr(Lot, name) for name in LotQuantity.__slots__]
    rows = await uow.session.execute(
        select(*columns)
        .where(Lot.township == uow.township, Lot.supermarket.in_(supermarkets))
        .order_by(Lot.arrival, Lot.line.desc())
    )
    lots = [LotQuantity(*row) for row in rows]
    reversed_pieces = await _count_reversed(uow, supermarkets)
    net = []
    for lot in lots:
        shelf = lot.arrival, accounts.shelf(lot.supermarket, lot.product).id
        reversed_here = min(lot.quantity, reversed_pieces.get(shelf, 0))
        if reversed_here:
            reversed_pieces[shelf] -= reversed_here
        if lot.quantity > reversed_here:
            net.append(replace(lot, quantity=lot.quantity - reversed_here))
    return net


async def _count_reversed(uow: UnitOfWork, supermarkets: Sequence[str]) -> dict[tuple[UUID, UUID], int]:
    """Pieces that corrections took off a shelf again, by arrival and account."""
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
            # Literally the condition of the index: with a parameter it would not be used.
            transaction.c.phase == literal_column("'reversal'"),
        )
        .group_by(transaction.c.target, transfer.c.debit)
    )
    return {(arrival, account): int(pieces) for arrival, account, pieces in rows}


def group_by_shelf(lots: Iterable[LotQuantity]) -> Mapping[tuple[str, str], list[LotQuantity]]:
    """Lots by supermarket and product."""
    lots_by_shelf: defaultdict[tuple[str, str], list[LotQuantity]] = defaultdict(list)
    for lot in lots:
        lots_by_shelf[lot.supermarket, lot.product].append(lot)
    return lots_by_shelf
