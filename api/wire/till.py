"""What goes between till and server: shelf, shifts, cards, redemptions; and what command cards say."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from msgspec import Meta, field

from api.wire.base import Pin, Points, Quantity, Wire


class ShelfItem(Wire, frozen=True):
    """One product on this supermarket's shelf. `number` is what the attendant presses (1…)."""

    product: str
    number: int
    name: str
    barcode: str
    price: Points
    stock: int


class Till(Wire, frozen=True):
    """What a kiosk needs to serve: `GET /v1/till` (device token). `version` grows whenever the office changes what
    stands on this shelf or what it is called, costs or scans as; not with the pieces in stock. `notices`:
    sentences for its idle screen. `seal`: the newest signed head of the books as receipts print it,
    "12345 Ab3dEf9k": its records, and how its root's line on the notices begins; empty before the first."""

    supermarket: str
    village: str
    shelf: list[ShelfItem]
    notices: list[str]
    version: int = 0
    seal: str = ""


class PinSignIn(Wire, frozen=True):
    """`POST /v1/till/shifts`: the PIN alone says which attendant of this supermarket it is."""

    pin: Pin


class Shift(Wire, frozen=True):
    """`token` goes into the header `X-Shift` of every redemption; `attendant` is the name."""

    id: UUID
    token: str
    attendant: str
    attendant_id: UUID


class CardView(Wire, frozen=True):
    """`GET /v1/cards/{token}` (device token). `name` is masked: 王**. `balance`: what the household can spend at
    this kiosk, what the kiosk itself holds for it counted in; `elsewhere`: what other kiosks hold. `expiring`:
    what of the balance expires next, where a policy lets points expire. `promises`: what this supermarket keeps
    for the household, what can be collected first. `pin_above`: a redemption of more points than that asks for the
    card's PIN in `X-Card-Pin`; None without a PIN."""

    household: UUID
    name: str
    village: str
    balance: Points
    pending: Points
    elsewhere: Points = 0
    expiring: list[Expiring] = field(default_factory=list)
    promises: list[Promised] = field(default_factory=list)
    pin_above: int | None = None


class Promised(Wire, frozen=True):
    """Goods promised at the price in `line`; `arrived`: they are set aside and can be collected. The points
    come back by themselves at `expires_at`."""

    id: UUID
    line: ReceiptLine
    arrived: bool
    expires_at: datetime


class Expiring(Wire, frozen=True):
    """Points that are gone at the beginning of this day unless they are used before."""

    points: Points
    on: date


class Line(Wire, frozen=True):
    """`price` is the one the attendant saw: another price now is refused, never silently charged."""

    product: str
    quantity: Quantity
    price: Points


class Redemption(Wire, frozen=True):
    """`PUT /v1/redemptions/{uuid}` (device token and `X-Shift`). Safe to retry: the same id with the same
    content gives the first receipt again; with other content, 409.

    `leased`: how many of the household's points that this kiosk holds may be taken where the account alone doesn't
    reach; it isn't part of the content. `collector`: the card of a neighbour who takes the goods home."""

    card: str
    lines: Annotated[list[Line], Meta(min_length=1, max_length=50)]
    leased: Points = 0
    collector: Annotated[str, Meta(max_length=200)] = ""


class ReceiptLine(Wire, frozen=True):
    product: str
    name: str
    quantity: int
    price: Points
    points: Points


class Receipt(Wire, frozen=True):
    """The answer to a redemption; `balance` is what the household could still spend at this kiosk right after it,
    `leased` what was taken of the points that the kiosk holds, `collector` the masked name of a neighbour who took
    the goods home."""

    id: UUID
    supermarket: str
    attendant: str
    name: str
    lines: list[ReceiptLine]
    points: Points
    balance: Points
    recorded_at: datetime
    leased: Points = 0
    collector: str = ""


class Command(StrEnum):
    """What a command card at the till asks for; the value is the text of its code, in any case of letters."""

    CONFIRM = "JIMEI:CONFIRM"
    CANCEL = "JIMEI:CANCEL"
    RECEIPT = "JIMEI:RECEIPT"
    VOID = "JIMEI:VOID"
