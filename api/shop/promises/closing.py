"""How a promise ends: what is kept for it is released, whether its goods were handed over or nobody wants them."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import msgspec
from sqlalchemy import select

from api import wire
from api.platform.services import UnitOfWork
from api.shop.reservations.tables import Promise
from api.shop.reservations.use_cases import KIND
from api.wire.promises import PromiseSlip, collection_id
from api.wire.till_journal import SaleEntry
from ledger.transactions import Phase, Transaction, TransactionId


@dataclass(frozen=True, slots=True)
class Collected:
    """An open promise whose goods a till has handed over, while the books still keep points, and perhaps pieces,
    for it; `is_over`: its time is up, and nothing is kept any more."""

    promise: Promise
    line: wire.ReceiptLine
    is_over: bool

    @property
    def points(self) -> int:
        """Kept for it."""
        return 0 if self.is_over else self.line.points

    @property
    def pieces(self) -> int:
        """Kept for it."""
        return 0 if self.is_over or self.promise.arrival is None else self.line.quantity

    def build_release(self, person: UUID) -> list[Transaction]:
        return [] if self.is_over else build_release(self.promise, person, "已到货领取")


async def find_collected(uow: UnitOfWork, supermarket: str, entry: SaleEntry) -> Collected | None:
    """The promise that this sale was the collection of, where the books have it open: they have gone back to a
    backup. Whoever books it holds the locks of the shelf and of the household's account."""
    promises = await uow.session.scalars(
        select(Promise).where(
            Promise.township == uow.township,
            Promise.household == entry.household,
            Promise.supermarket == supermarket,
            Promise.status == "open",
        )
    )
    promise = next((each for each in promises if collection_id(each.id) == entry.id), None)
    if promise is None:
        return None
    line = msgspec.convert(promise.slip, PromiseSlip).line
    sold = [(each.product, each.quantity, each.price) for each in entry.lines]
    if sold != [(line.product, line.quantity, line.price)]:
        return None
    return Collected(promise, line, is_over=promise.expires_at <= uow.now)


def build_release(promise: Promise, person: UUID | None, reason: str) -> list[Transaction]:
    pending = [promise.id] if promise.arrival is None else [promise.id, promise.arrival]
    return [
        Transaction.settle(TransactionId(id), Phase.VOID, kind=KIND, person=str(person), reason=reason)
        for id in pending
    ]


def close(uow: UnitOfWork, promise: Promise, attendant: UUID | None, status: str, reason: str = "") -> None:
    promise.status, promise.closed_at, promise.closed_by = status, uow.now, attendant
    promise.reason = reason
