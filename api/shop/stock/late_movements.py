"""Goods that moved before a stocktake and are reported after it.

A count finds what is there, whatever the books know: pieces that a kiosk handed over without the network, and
hadn't told yet, look as if they were missing. Once they are told, the shelf must not go down a second time, and
nobody stays on record with a loss that never was. So what a count has seen already is moved back from its
difference, linked to the stocktake.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid5

from sqlalchemy import select, tuple_

from api.platform import accounts
from api.platform.services import UnitOfWork
from api.registry.proposals.queries import list_refused
from api.shop.stock.tables import Stocktake
from ledger.transactions import Phase, Transaction, TransactionId, Transfer

REASON = "盘点前已发放或退回，盘点后才报来"


@dataclass(frozen=True, slots=True)
class ReportedMovement:
    """Goods of redemption `id` left a shelf or came back, as an entry of a kiosk's journal says, about `at`."""

    id: UUID
    kiosk: UUID
    epoch: int
    number: int
    at: datetime


async def undo_counted(
    uow: UnitOfWork,
    supermarket: str,
    movement: ReportedMovement,
    pieces: Mapping[str, int],
    person: str,
) -> dict[str, Transaction]:
    """By product, what keeps a shelf at what was counted there after this movement. `pieces` left the shelf, or
    came back where negative. The caller holds the shelves' locks, and posts these with the movement."""
    undoing = {}
    stocktakes = await _list_seeing(uow, supermarket, movement)
    for product, moved in sorted(pieces.items()):
        # Those after the first one were compared with books that fitted what it had counted.
        first = next((stocktake for stocktake in stocktakes if _has_counted(stocktake, product)), None)
        if first is not None and moved:
            id = TransactionId(
                uuid5(movement.id, f"{movement.kiosk}:{movement.epoch}:{movement.number}:{product}")
            )
            undoing[product] = await _undo(uow, first, product, moved, id, person)
    return undoing


async def _list_seeing(uow: UnitOfWork, supermarket: str, movement: ReportedMovement) -> Sequence[Stocktake]:
    """The stocktakes before which the goods had moved, the oldest first. A journal's own order tells for sure; of
    other kiosks there are only their clocks."""
    at_this_kiosk = (Stocktake.kiosk == movement.kiosk) & (
        tuple_(Stocktake.epoch, Stocktake.number) >= tuple_(movement.epoch, movement.number)
    )
    # Ids are in the order of time, too.
    elsewhere = Stocktake.kiosk.is_distinct_from(movement.kiosk) & (
        tuple_(Stocktake.recorded_at, Stocktake.id) >= tuple_(movement.at, movement.id)
    )
    found = await uow.session.scalars(
        select(Stocktake)
        .where(Stocktake.township == uow.township, Stocktake.supermarket == supermarket, at_this_kiosk | elsewhere)
        .order_by(Stocktake.recorded_at, Stocktake.id)
    )
    stocktakes = found.all()
    # A count that was refused has found nothing; one that still waits has.
    refused = await list_refused(uow, [stocktake.proposal for stocktake in stocktakes if stocktake.proposal])
    return [stocktake for stocktake in stocktakes if stocktake.proposal not in refused]


def _has_counted(stocktake: Stocktake, product: str) -> bool:
    return any(line["product"] == product for line in stocktake.sheet["lines"])


async def _undo(
    uow: UnitOfWork, stocktake: Stocktake, product: str, moved: int, id: TransactionId, person: str
) -> Transaction:
    """Taken back from what the stocktake found, as far as it found that; else a difference of its own."""
    shelf, difference = accounts.shelf(stocktake.supermarket, product), accounts.difference(product)
    debit, credit = (difference, shelf) if moved > 0 else (shelf, difference)
    transfer = Transfer(debit.id, credit.id, shelf.unit, abs(moved))
    found = (await uow.books.recorded([TransactionId(stocktake.id)])).get(TransactionId(stocktake.id))
    left = 0
    if found is not None:
        remaining = found.remaining(await uow.books.settlements_of(found.id))
        sides = (transfer.credit, transfer.debit)
        left = sum(r for t, r in zip(found.transfers, remaining, strict=True) if (t.debit, t.credit) == sides)
    taken_back = left >= abs(moved)
    return Transaction(
        id=id,
        kind="stocktake",
        phase=Phase.REVERSAL if taken_back else Phase.POSTED,
        target=found.id if taken_back and found is not None else None,
        transfers=(transfer,),
        person=person,
        reason=REASON,
        metadata={"stocktake": str(stocktake.id)},
    )
