"""What a redemption is in the books and on its receipt, however it was asked for: over HTTP or by a kiosk's
journal."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID, uuid5

import msgspec

from api import wire
from api.platform import accounts
from api.platform.access import Device
from api.platform.problems import Refused
from api.platform.town import Work
from api.registry.cards.use_cases import Holder
from api.shop.kiosks.use_cases import OnDuty
from api.shop.offline.leases import giving_back
from api.shop.redemptions.tables import Redemption
from api.shop.stock.tables import Supermarket
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


class Priced(Protocol):
    """A product on the shelf, as it costs today."""

    @property
    def name(self) -> str: ...

    @property
    def price(self) -> int: ...


def priced(lines: Sequence[wire.Line], shelf: Mapping[str, Priced]) -> list[wire.ReceiptLine]:
    """The lines with the shelf's own names and prices, one for each product. Raises Refused: unknown,
    price-changed."""
    quantities: dict[str, int] = {}
    for line in lines:
        product = shelf.get(line.product)
        if product is None:
            raise Refused("unknown", f"本超市没有编号为 {line.product} 的物品。")
        if line.price != product.price:
            raise Refused(
                "price-changed",
                f"{product.name}的分值已改为 {product.price} 分，请重新扫卡再兑换。",
                product=line.product,
                price=product.price,
            )
        quantities[line.product] = quantities.get(line.product, 0) + line.quantity
    return [
        wire.ReceiptLine(
            product=code,
            name=shelf[code].name,
            quantity=quantity,
            price=shelf[code].price,
            points=shelf[code].price * quantity,
        )
        for code, quantity in quantities.items()
    ]


def from_lease(points: int, own: int, allowed: int, held: int) -> int:
    """How many points the kiosk's share has to pay, where the account has `own` and the kiosk `held`."""
    return max(min(points - own, allowed, held), 0)


def share_given_back(
    id: UUID, household: Holder, kiosk: UUID, epoch: int, leased: int, attendant: UUID
) -> list[Transaction]:
    """What the kiosk held of a redemption's points goes back to the household's account, which then pays."""
    if not leased:
        return []
    back = TransactionId(uuid5(id, "lease"))
    return [giving_back(back, household.code, kiosk, epoch, leased, str(attendant), "兑换")]


def transactions(
    id: UUID,
    device: Device,
    attendant: UUID,
    household: Holder,
    lines: Sequence[wire.ReceiptLine],
    leased: int,
    collector: Holder | None,
) -> list[Transaction]:
    """What a redemption over HTTP is in the books."""
    return [
        *share_given_back(id, household, device.id, device.epoch, leased, attendant),
        transaction(id, device.id, device.supermarket, attendant, household, lines, **collected(collector)),
    ]


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
