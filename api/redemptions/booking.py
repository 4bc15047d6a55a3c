"""What a redemption is in the books and on its receipt, however it was asked for: over HTTP or by a kiosk's
journal."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

import msgspec

from api import accounts, wire
from api.access import Device
from api.cards.use_cases import Holder
from api.kiosks.use_cases import OnDuty
from api.offline.leases import giving_back
from api.redemptions.tables import Redemption
from api.stock.tables import Supermarket
from api.town import Work
from ledger.transactions import Phase, Transaction, TransactionId, Transfer

KIND = "redemption"


def content(kiosk: UUID, card: bytes, lines: Sequence[wire.Line], collector: bytes) -> bytes:
    """The digest of what was asked for: the same id must always ask for the same. `card` and `collector` are
    digests of card tokens. How it is paid doesn't belong to it."""
    return hashlib.sha256(kiosk.bytes + card + collector + msgspec.json.encode(lines)).digest()


def transaction(
    id: UUID,
    kiosk: UUID,
    supermarket: str,
    attendant: UUID,
    household: Holder,
    lines: Sequence[wire.ReceiptLine],
    **more: Any,
) -> Transaction:
    """Points from household to till *and* goods from shelf to household; `more` goes to the metadata."""
    points = Transfer(
        accounts.household(household.code).id,
        accounts.till(supermarket).id,
        accounts.POINTS,
        sum(line.points for line in lines),
    )
    goods = tuple(
        Transfer(shelf.id, accounts.handed_out(line.product).id, shelf.unit, line.quantity)
        for line in lines
        for shelf in [accounts.shelf(supermarket, line.product)]
    )
    return Transaction(
        id=TransactionId(id),
        kind=KIND,
        phase=Phase.POSTED,
        transfers=(points, *goods),
        person=str(attendant),
        metadata={
            "kiosk": str(kiosk),
            "goods": [{"name": line.name, "quantity": line.quantity} for line in lines],
            **more,
        },
    )


def transactions(
    id: UUID,
    device: Device,
    attendant: UUID,
    household: Holder,
    lines: Sequence[wire.ReceiptLine],
    leased: int,
    collector: Holder | None,
) -> list[Transaction]:
    """The redemption, and before it what the kiosk held of its points, back in the household's account."""
    redemption = transaction(
        id, device.id, device.supermarket, attendant, household, lines, **collected(collector)
    )
    if not leased:
        return [redemption]
    first = giving_back(
        TransactionId(uuid5(id, "lease")), household.code, device.id, device.epoch, leased, str(attendant), "兑换"
    )
    return [first, redemption]


def collected(collector: Holder | None) -> dict[str, str]:
    """For a transaction's metadata: the masked name of a neighbour who took the goods home."""
    return {"collector": collector.masked} if collector is not None else {}


def receipt(
    id: UUID,
    place: str,
    duty: OnDuty,
    household: Holder,
    lines: Sequence[wire.ReceiptLine],
    *,
    balance: int,
    leased: int,
    at: datetime,
    collector: Holder | None = None,
) -> wire.Receipt:
    """`place` is the supermarket's name; for the others see `record`."""
    return wire.Receipt(
        id=id,
        supermarket=place,
        attendant=duty.name,
        name=household.masked,
        lines=list(lines),
        points=sum(line.points for line in lines),
        balance=balance,
        recorded_at=at,
        leased=leased,
        collector=collector.masked if collector is not None else "",
    )


async def record(
    work: Work,
    id: UUID,
    kiosk: UUID,
    supermarket: str,
    duty: OnDuty,
    household: Holder,
    lines: Sequence[wire.ReceiptLine],
    *,
    request: bytes,
    balance: int,
    leased: int,
    collector: Holder | None,
    handed_over: datetime | None = None,
) -> wire.Receipt:
    """Keep the receipt beside the books. `balance`: what the household can still spend at this kiosk;
    `handed_over`: when the kiosk says that was, where it is not now."""
    place = await work.session.get_one(Supermarket, (work.township, supermarket))
    given = receipt(
        id,
        place.name,
        duty,
        household,
        lines,
        balance=balance,
        leased=leased,
        collector=collector,
        at=handed_over or work.now,
    )
    work.session.add(
        Redemption(
            township=work.township,
            id=id,
            supermarket=supermarket,
            kiosk=kiosk,
            attendant=duty.attendant,
            household=household.id,
            request=request,
            receipt=msgspec.to_builtins(given),
            recorded_at=work.now,
            leased=leased,
            shift=duty.shift,
            collector=collector.id if collector is not None else None,
        )
    )
    await work.session.flush()
    return given
