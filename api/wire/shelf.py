"""Stock keeping: goods receipts confirmed by a second person, lots and their dates, products and prices."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, field

from api.wire import Barcode, Code, CountedLine, Incoming, Name, Pin, Price, Reason, RestockLine, Wire
from api.wire.base import OptionalPersonName
from api.wire.goods import PackBarcode, PackBarcodes

Minimum = Annotated[int, Meta(ge=0, le=1_000_000)]
"""A product with fewer pieces counts as running out; 0: never."""


class GoodsReceiptDraft(Incoming, frozen=True):
    """`PUT /v1/till/receipts/{uuid}` (device token and `X-Shift`): what arrived, as recorded by the first person.
    A `procurement` is bought from the township's fund, each line with its cost; a `donation` has a donor; a
    `restock` has neither. Safe to retry. Nothing is on the shelf before a second person has counted it."""

    source: Literal["procurement", "donation", "restock"]
    lines: Annotated[list[RestockLine], Meta(min_length=1, max_length=200)]
    supplier: OptionalPersonName = ""
    donor: OptionalPersonName = ""
    anonymous: bool = False


class NewGoodsReceipt(GoodsReceiptDraft, frozen=True, kw_only=True):
    """`PUT /v1/goods-receipts/{uuid}`: the same at the desk, for a supermarket."""

    supermarket: Code


class LineCount(Incoming, frozen=True):
    """Pieces counted for a line of the draft; lines are numbered from 1."""

    line: Annotated[int, Meta(ge=1, le=200)]
    counted: Annotated[int, Meta(ge=0, le=1_000_000)]


class ReceiptCount(Incoming, frozen=True):
    """`POST /v1/goods-receipts/{uuid}/confirm`: a second person's count of every line; these pieces go on the
    shelf. Safe to retry."""

    lines: Annotated[list[LineCount], Meta(min_length=1, max_length=200)]


class ReceiptCountByPin(ReceiptCount, frozen=True, kw_only=True):
    """`POST /v1/till/receipts/{uuid}/confirm`: the same at the till, by the `attendant` who counted; where that is
    left out, the PIN alone says who it was."""

    pin: Pin
    attendant: UUID | None = None


class Withdrawal(Incoming, frozen=True):
    """Why a goods receipt is withdrawn before it was confirmed."""

    reason: Reason


class GoodsReceiptLine(Wire, frozen=True):
    """`cost` is in fen for the whole line, as paid. `difference` is counted minus `quantity`."""

    line: int
    product: str
    name: str
    quantity: int
    sell_by: date | None
    cost: int | None
    counted: int | None
    difference: int | None
    lot: str = ""


class GoodsReceipt(Wire, frozen=True):
    """`state`: open, confirmed, withdrawn. `writer`: the person who recorded it and may not confirm it. `donor` is
    empty for an anonymous donor, except for the office."""

    id: UUID
    supermarket: str
    supermarket_name: str
    source: str
    supplier: str
    donor: str
    anonymous: bool
    lines: list[GoodsReceiptLine]
    state: str
    writer: UUID
    written_by: str
    written_at: datetime
    closed_by: str
    closed_at: datetime | None
    reason: str


class JournalPosition(Incoming, frozen=True):
    """The last entry of a kiosk's journal at some moment; number 0 before the first."""

    epoch: Annotated[int, Meta(ge=1, le=2_000_000_000)]
    number: Annotated[int, Meta(ge=0, le=2_000_000_000)]


class TillStocktake(Incoming, frozen=True):
    """`PUT /v1/till/stocktakes/{uuid}` (device token and `X-Shift`): what the attendant counted on this shelf.
    Safe to retry; the answer is the sheet, which alone tells the booked quantities. `position`: up to which entry
    of this kiosk's journal the goods had moved when they were counted; without it clocks have to tell."""

    lines: Annotated[list[CountedLine], Meta(min_length=1, max_length=200)]
    reason: Reason
    position: JournalPosition | None = None


class LowStock(Wire, frozen=True):
    """`stock`: pieces that can be handed out."""

    supermarket: str
    product: str
    name: str
    stock: int
    minimum: int


class DatedLot(Wire, frozen=True):
    """Pieces of one arrival. `left` of `quantity` are still there, if the first to expire were handed out first.
    `days` until `sell_by`; negative when it is past."""

    supermarket: str
    product: str
    name: str
    arrival: UUID
    received_on: date
    sell_by: date
    days: int
    quantity: int
    left: int
    lot: str = ""


class StockAlerts(Wire, frozen=True):
    """`GET /v1/till/shelf-watch`, `GET /v1/stock/watch`: products running out and lots near their date, soonest
    first."""

    low: list[LowStock]
    dated: list[DatedLot]


class ProductChange(Incoming, frozen=True):
    """`PATCH /v1/products/{product}`: fields left out stay unchanged. `barcodes`: all further ones that the
    product has from now on, besides `barcode`."""

    name: Name | None = None
    barcode: Barcode | None = None
    price: Price | None = None
    minimum: Minimum | None = None
    barcodes: PackBarcodes | None = None


class PriceChange(Wire, frozen=True, rename={"before": "from", "after": "to"}):
    before: int
    after: int
    person: str
    changed_at: datetime
    confirmed_by: str = ""


class ShelfPlacement(Incoming, frozen=True):
    """`PUT /v1/supermarkets/{supermarket}/shelf/{product}`: put the product on this shelf. `minimum` defaults to
    that of the product."""

    minimum: Minimum | None = None


class ShelfLine(Wire, frozen=True):
    """A product on a shelf, for the desk. `minimum` is the effective one: the shelf's own, or else that of the
    product. `barcodes`: all of the product, `barcode` first."""

    product: str
    number: int
    name: str
    barcode: str
    price: int
    stock: int
    minimum: int
    product_minimum: int
    shelf_minimum: int | None
    barcodes: list[PackBarcode] = field(default_factory=list)
