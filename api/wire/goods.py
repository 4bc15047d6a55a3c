"""Goods and money: products, restocks, donations, funds, stocktakes."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, field

from api.wire.base import (
    Barcode,
    Code,
    Incoming,
    LotNumber,
    Name,
    Note,
    OptionalPersonName,
    PersonName,
    Price,
    Reason,
    Wire,
)


class PackBarcode(Incoming, frozen=True):
    """A code by which a product is scanned; `pieces`: how many of it the code stands for, as a carton's."""

    code: Barcode
    pieces: Annotated[int, Meta(ge=1, le=10_000)] = 1


PackBarcodes = Annotated[list[PackBarcode], Meta(max_length=50)]


class NewProduct(Incoming, frozen=True):
    """`barcode` is stored as the till looks it up: 8, 12, 13 and 14 digits of one GTIN are one, in 13. `barcodes`:
    further ones of the same product."""

    code: Code
    name: Name
    barcode: Barcode
    price: Price
    barcodes: PackBarcodes = field(default_factory=list)


class GoodsLine(Incoming, frozen=True):
    """`sell_by`: the last day on which these may be handed out; `lot`: their number on the pack."""

    product: Code
    quantity: Annotated[int, Meta(ge=1, le=1_000_000)]
    sell_by: date | None = None
    lot: LotNumber = ""


class RestockLine(GoodsLine, frozen=True):
    """`cost` is for the whole line. Either every line of a restock has a cost, or none."""

    cost: Annotated[int, Meta(ge=0, le=100_000_000_000)] | None = None


class Restock(Incoming, frozen=True):
    """`PUT /v1/restocks/{uuid}`: goods put on the shelf of a supermarket; safe to retry. With costs it is a
    procurement, and the same transaction takes the money from the township's fund."""

    supermarket: Code
    lines: Annotated[list[RestockLine], Meta(min_length=1, max_length=200)]
    supplier: OptionalPersonName = ""


class Donation(Incoming, frozen=True):
    """`PUT /v1/donations/{uuid}`: goods donated to a supermarket; safe to retry. An `anonymous` donor is known to
    the office and named nowhere else."""

    supermarket: Code
    donor: PersonName
    lines: Annotated[list[GoodsLine], Meta(min_length=1, max_length=200)]
    anonymous: bool = False


class Funding(Incoming, frozen=True):
    """`PUT /v1/funds/{uuid}`: money paid into the township's fund; safe to retry. A donation names its donor, an
    appropriation has none."""

    amount: Annotated[int, Meta(ge=1, le=100_000_000_000)]
    source: Literal["appropriation", "donation"]
    donor: OptionalPersonName = ""
    anonymous: bool = False
    note: Note = ""


class CountedLine(Incoming, frozen=True):
    product: Code
    counted: Annotated[int, Meta(ge=0, le=1_000_000)]


class Stocktake(Incoming, frozen=True):
    """`PUT /v1/stocktakes/{uuid}`: what was counted on a shelf while nobody redeemed there. Safe to retry: the
    same id with the same content returns the first answer, whatever has happened on the shelf since."""

    supermarket: Code
    lines: Annotated[list[CountedLine], Meta(min_length=1, max_length=200)]
    reason: Reason


class StocktakeLine(Wire, frozen=True):
    """`difference` is counted minus booked; negative when pieces are missing."""

    product: str
    name: str
    booked: int
    counted: int
    difference: int


class StocktakeSheet(Wire, frozen=True, omit_defaults=True):
    """The answer to a stocktake. `booked`: the shelf's balance is now what was counted. `waiting` (202): the
    differences are too much for one person, so nothing has moved before another one confirms the proposal of this
    `id`."""

    id: UUID
    supermarket: str
    counted_by: str
    reason: str
    lines: list[StocktakeLine]
    recorded_at: datetime
    status: Literal["booked", "waiting"] = "booked"
