"""What is booked for a redemption, and its receipt: whether a till, its journal or a promise asked for it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

import msgspec
from msgspec import UNSET

from api import wire
from api.platform import accounts
from api.shop.identification.queries import IdentificationFacts
from api.shop.kiosks.escrow import lease_return
from api.shop.redemptions.facts import CardFacts, TillFacts
from api.wire.names import mask_name
from ledger.transactions import Phase, Transaction, TransactionId, Transfer

KIND = "redemption"


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """A redemption as decided, ready to be written. The `balance` of its `receipt` is filled in when it is
    written."""

    till: TillFacts
    card: CardFacts
    collector: CardFacts | None
    digest: bytes
    receipt: wire.Receipt
    transactions: Sequence[Transaction]
    identification: UUID | None = None

    @property
    def row(self) -> dict[str, Any]:
        """As the SQL function `redeem_batch` takes it."""
        return {
            "id": self.receipt.id,
            "supermarket": self.till.supermarket,
            "kiosk": self.till.kiosk,
            "attendant": self.till.attendant,
            "household": self.card.household,
            "collector": self.collector.household if self.collector is not None else None,
            "request": self.digest.hex(),
            "receipt": self.receipt,
            "leased": self.receipt.leased,
            "shift": self.till.shift,
            "points": self.receipt.points,
            "own": accounts.household(self.card.code).id,
            "code": self.card.code,
            "identification": self.identification,
        }


def book(
    id: UUID,
    till: TillFacts,
    card: CardFacts,
    collector: CardFacts | None,
    lines: Sequence[wire.ReceiptLine],
    *,
    digest: bytes,
    leased: int,
    at: datetime,
    first: Sequence[Transaction] = (),
    identification: IdentificationFacts | None = None,
    **metadata: Any,
) -> Booking:
    """`leased`: how many of the points are paid from those the kiosk holds. `at`: when the goods were handed over.
    `first`: transactions posted before the redemption. `identification`: what stood for the card. `metadata`:
    further fields of the redemption's own. `till` has a shift and its attendant."""
    assert till.attendant is not None
    assert till.attendant_name is not None
    collected_by = {"collector": mask_name(collector.head)} if collector is not None else {}
    identified = identification.by if identification is not None else UNSET
    receipt = wire.Receipt(
        id=id,
        supermarket=till.supermarket_name,
        attendant=till.attendant_name,
        name=mask_name(card.head),
        lines=list(lines),
        points=sum(line.points for line in lines),
        balance=0,
        recorded_at=at,
        leased=leased,
        collector=collected_by.get("collector", ""),
        identified=identified,
    )
    goods = [{"name": line.name, "quantity": line.quantity} for line in lines]
    redemption = Transaction(
        id=TransactionId(id),
        kind=KIND,
        phase=Phase.POSTED,
        transfers=_transfers(till.supermarket, card.code, lines),
        person=str(till.attendant),
        metadata={
            "kiosk": str(till.kiosk),
            "goods": goods,
            **metadata,
            **collected_by,
            **({"identified": identified} if identified is not UNSET else {}),
        },
    )
    return Booking(
        till=till,
        card=card,
        collector=collector,
        digest=digest,
        receipt=receipt,
        transactions=[*return_leased(id, till, card, leased, "兑换"), *first, redemption],
        identification=identification.id if identification is not None else None,
    )


def _transfers(supermarket: str, household: str, lines: Sequence[wire.ReceiptLine]) -> tuple[Transfer, ...]:
    """Points from household to till, *and* goods from shelf to household."""
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


def return_leased(id: UUID, till: TillFacts, card: CardFacts, leased: int, reason: str) -> list[Transaction]:
    """Leased points first go back to the household's account, which then pays for `id`. Empty where none are."""
    if not leased:
        return []
    return_id = TransactionId(uuid5(id, "lease"))
    return [lease_return(return_id, card.code, till.kiosk, till.epoch, leased, str(till.attendant), reason)]


def digest_request(kiosk: UUID, card: bytes, lines: Sequence[wire.RedemptionLine], collector: bytes) -> bytes:
    """What the same id must always come with. `card` and `collector` are digests of card tokens. Which points pay
    is not part of it."""
    return hashlib.sha256(kiosk.bytes + card + collector + msgspec.json.encode(lines)).digest()
