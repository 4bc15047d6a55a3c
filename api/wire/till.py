"""What till and server exchange: shelf, shifts, cards, redemptions; and the texts of command cards."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from msgspec import UNSET, Meta, UnsetType, field

from api.wire.base import MAX_LINES, CardText, CollectorCard, Incoming, Key, Pin, Points, PointSum, Quantity, Wire
from api.wire.goods import PackBarcode


class ShelfItem(Wire, frozen=True):
    """One product on this supermarket's shelf. `number` is the one the attendant types (1…). `barcodes`: all of
    the product, `barcode` first."""

    product: str
    number: int
    name: str
    barcode: str
    price: Points
    stock: int
    barcodes: list[PackBarcode] = field(default_factory=list)


class TillAttendant(Wire, frozen=True):
    """Who may serve at this supermarket's tills. `pin_set_at`: a PIN of before opens no till any more."""

    id: UUID
    name: str
    pin_set_at: datetime | None = None


class ToldBackup(Wire, frozen=True):
    """What is told of the server's backups; `late`: it mustn't be overlooked."""

    sentence: str
    late: bool


class Till(Wire, frozen=True):
    """What a kiosk needs to serve: `GET /v1/till` (device token). `version` increases whenever the office changes
    the products of this shelf, their names, prices or barcodes, but not with the pieces in stock. `notices`:
    sentences for the idle screen. `backup`: null before the first. `seal`: the newest signed head of the books as
    printed on receipts, "12345 Ab3dEf9k": the number of its records, the first signs of its root; empty before the
    first. `attendants`: by name. `lock_minutes`: after so long without a key the till asks for the PIN again.
    `frozen`: why nothing is sold here, as long as supervisors have frozen the kiosk; only then, since older kiosks
    refuse fields that they don't know."""

    supermarket: str
    village: str
    shelf: list[ShelfItem]
    notices: list[str]
    version: int = 0
    seal: str = ""
    attendants: list[TillAttendant] = field(default_factory=list)
    lock_minutes: int = 10
    backup: ToldBackup | None = None
    frozen: str | UnsetType = UNSET


class PinSignIn(Incoming, frozen=True):
    """`POST /v1/till/shifts`: the `attendant` who signs in; where that is left out, the PIN alone says who of this
    supermarket it is."""

    pin: Pin
    attendant: UUID | None = None


class Shift(Wire, frozen=True):
    """`token` goes into the header `X-Shift` of every redemption; `attendant` is the name. `pin_set_at`: of the
    PIN that opened it."""

    id: UUID
    token: str
    attendant: str
    attendant_id: UUID
    pin_set_at: datetime | None = None


class CardView(Wire, frozen=True):
    """`GET /v1/cards/{token}` (device token). `name` is masked: 王**. `balance`: what the household can spend at
    this kiosk, including what the kiosk itself holds for it; `elsewhere`: what other kiosks hold. `expiring`: what
    of the balance expires next, if a policy lets points expire. `promises`: what this supermarket has promised the
    household, collectable goods first. `pin_above`: a redemption of more points needs the card's PIN in
    `X-Card-Pin`; None without a PIN. `held`: who holds what is `elsewhere`; only with `?held=true`, since older
    kiosks refuse fields that they don't know."""

    household: UUID
    name: str
    village: str
    balance: PointSum
    pending: PointSum
    elsewhere: PointSum = 0
    expiring: list[ExpiringPoints] = field(default_factory=list)
    promises: list[PromisedGoods] = field(default_factory=list)
    pin_above: int | None = None
    held: list[HeldPoints] | UnsetType = UNSET


class HeldPoints(Wire, frozen=True):
    """Points of a household that another kiosk holds, at `place`. `online`: it returns them within seconds when a
    redemption here needs them. Otherwise they can be spent there alone, offline until `until`."""

    place: str
    points: PointSum
    online: bool
    until: datetime


class PromisedGoods(Wire, frozen=True):
    """Goods promised at the price in `line`; `arrived`: they are set aside and can be collected. The points are
    released at `expires_at`."""

    id: UUID
    line: ReceiptLine
    arrived: bool
    expires_at: datetime


class ExpiringPoints(Wire, frozen=True):
    """Points that expire at the beginning of this day unless they are used before."""

    points: PointSum
    on: date


class RedemptionLine(Incoming, frozen=True):
    """`price` is the one the attendant saw: if it has changed, the redemption is refused."""

    product: Key
    quantity: Quantity
    price: Points


class Redemption(Incoming, frozen=True):
    """`PUT /v1/redemptions/{uuid}` (device token and `X-Shift`). Safe to retry: the same id with the same
    content returns the first receipt; with other content, 409.

    `leased`: how many of the household's points held by this kiosk may be used if the account alone doesn't
    suffice; not part of the content. Refused with `insufficient-points` and `recalled` points above zero, it is to
    be sent again: other kiosks are about to return them. `collector`: the card of somebody who collects the goods
    for the household."""

    card: CardText
    lines: Annotated[list[RedemptionLine], Meta(min_length=1, max_length=MAX_LINES)]
    leased: PointSum = 0
    collector: CollectorCard = ""


class ReceiptLine(Wire, frozen=True):
    product: str
    name: str
    quantity: int
    price: Points
    points: PointSum


class Receipt(Wire, frozen=True):
    """The answer to a redemption; `balance` is all that the household has right after it, wherever it is held,
    `leased` what was used of the points that the kiosk holds, `collector` the masked name of whoever collected the
    goods for the household. `identified`: how a household without its card was. `held`: added by the kiosk, the
    points that could not be spent here then."""

    id: UUID
    supermarket: str
    attendant: str
    name: str
    lines: list[ReceiptLine]
    points: PointSum
    balance: PointSum
    recorded_at: datetime
    leased: PointSum = 0
    collector: str = ""
    identified: IdentifiedBy | UnsetType = UNSET
    held: list[HeldPoints] | UnsetType = UNSET


class IdentifiedBy(Wire, frozen=True):
    """A household was served without its card: by its PIN, or on the word of another attendant, whose name is
    `witness`. Older kiosks refuse fields that they don't know, so a receipt has it only then."""

    by: Literal["pin", "witness"]
    witness: str = ""


class Command(StrEnum):
    """The command on a command card; the value is the text of its code, in either case."""

    CONFIRM = "JIMEI:CONFIRM"
    CANCEL = "JIMEI:CANCEL"
    RECEIPT = "JIMEI:RECEIPT"
    VOID = "JIMEI:VOID"
