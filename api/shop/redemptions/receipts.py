"""What a redemption is in the books and on its receipt, whoever asked for it: a till, its journal, a promise."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

import msgspec

from api import wire
from api.platform import accounts
from api.registry.cards.use_cases import mask
from api.shop.kiosks.escrow import lease_return
from api.shop.redemptions.facts import CardFacts, TillFacts
from ledger.transactions import AccountId, Phase, Transaction, TransactionId, Transfer

KIND = "redemption"


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """A redemption that was decided on, to be written. Its `receipt` can't tell the balance yet; `escrow` is what
    the kiosk holds of the household, where that counts as balance, too."""

    till: TillFacts
    household: CardFacts
    collector: CardFacts | None
    request: bytes
    receipt: wire.Receipt
    transactions: Sequence[Transaction]
    escrow: AccountId | None

    @property
    def row(self) -> dict[str, Any]:
        """As `redeem_batch` takes it."""
        return {
            "id": self.receipt.id,
            "supermarket": self.till.supermarket,
            "kiosk": self.till.kiosk,
            "attendant": self.till.attendant,
            "household": self.household.household,
            "collector": self.collector.household if self.collector is not None else None,
            "request": self.request.hex(),
            "receipt": self.receipt,
            "leased": self.receipt.leased,
            "shift": self.till.shift,
            "points": self.receipt.points,
            "own": accounts.household(self.household.code).id,
            "escrow": self.escrow,
        }


def book(
    id: UUID,
    till: TillFacts,
    household: CardFacts,
    collector: CardFacts | None,
    lines: Sequence[wire.ReceiptLine],
    *,
    request: bytes,
    leased: int,
    at: datetime,
    counts_lease: bool,
    before: Sequence[Transaction] = (),
    **more: Any,
) -> Booking:
    """`leased`: points that the kiosk's share pays. `at`: when the goods were handed over. `before`: what moves
    first of all. `more` goes to the transaction's metadata. `till` has a shift and its attendant."""
    assert till.attendant is not None
    assert till.attendant_name is not None
    taken_by = {"collector": mask(collector.head)} if collector is not None else {}
    receipt = wire.Receipt(
        id=id,
        supermarket=till.place,
        attendant=till.attendant_name,
        name=mask(household.head),
        lines=list(lines),
        points=sum(line.points for line in lines),
        balance=0,
        recorded_at=at,
        leased=leased,
        **taken_by,
    )
    goods = [{"name": line.name, "quantity": line.quantity} for line in lines]
    redemption = Transaction(
        id=TransactionId(id),
        kind=KIND,
        phase=Phase.POSTED,
        transfers=_transfers(till.supermarket, household.code, lines),
        person=str(till.attendant),
        metadata={"kiosk": str(till.kiosk), "goods": goods, **more, **taken_by},
    )
    return Booking(
        till=till,
        household=household,
        collector=collector,
        request=request,
        receipt=receipt,
        transactions=[*share_given_back(id, till, household, leased, "兑换"), *before, redemption],
        escrow=accounts.escrow(household.code, till.kiosk, till.epoch).id if counts_lease else None,
    )


def _transfers(supermarket: str, household: str, lines: Sequence[wire.ReceiptLine]) -> tuple[Transfer, ...]:
    """Points from household to till *and* goods from shelf to household."""
    points = Transfer(
        accounts.household(household).id,
        accounts.till(supermarket).id,
        accounts.POINTS,
        sum(line.points for line in lines),
    )
    goods = (
        Transfer(shelf.id, accounts.handed_out(line.product).id, shelf.unit, line.quantity)
        for line in lines
        for shelf in [accounts.shelf(supermarket, line.product)]
    )
    return (points, *goods)


def share_given_back(
    id: UUID, till: TillFacts, household: CardFacts, leased: int, reason: str
) -> list[Transaction]:
    """What the kiosk held of the points for `id` goes back to the household's account, which then pays."""
    if not leased:
        return []
    back = TransactionId(uuid5(id, "lease"))
    return [lease_return(back, household.code, till.kiosk, till.epoch, leased, str(till.attendant), reason)]


def request_digest(kiosk: UUID, card: bytes, lines: Sequence[wire.RedemptionLine], collector: bytes) -> bytes:
    """Of what was asked for: the same id must always ask for the same. `card` and `collector` are digests of card
    tokens. How it is paid doesn't belong to it."""
    return hashlib.sha256(kiosk.bytes + card + collector + msgspec.json.encode(lines)).digest()
