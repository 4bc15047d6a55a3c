"""The wire types of shelf keeping: goods that two people receive, lots and their dates, products and prices."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta

from api.wire import Barcode, Code, CountedLine, Name, Pin, Price, Reason, RestockLine, Wire

Minimum = Annotated[int, Meta(ge=0, le=1_000_000)]
"""Pieces below which a product counts as running out; 0 never does."""


class Arrived(Wire, frozen=True):
    """`PUT /v1/till/receipts/{uuid}` (device token and `X-Shift`): what arrived, as the first person wrote it
    down. `procurement` is bought from the township's fund, each line with its cost; a `donation` has a donor; a
    `restock` has neither. Safe to retry. Nothing is on the shelf before a second person has counted it."""

    source: Literal["procurement", "donation", "restock"]
    lines: Annotated[list[RestockLine], Meta(min_length=1, max_length=200)]
    supplier: Annotated[str, Meta(max_length=80)] = ""
    donor: Annotated[str, Meta(max_length=80)] = ""
    anonymous: bool = False


class NewGoodsReceipt(Arrived, frozen=True, kw_only=True):
    """`PUT /v1/goods-receipts/{uuid}`: the same at the desk, for a supermarket."""

    supermarket: Code


class LineCount(Wire, frozen=True):
    """Pieces counted of a line of the draft, which go by their place in it, from 1."""

    line: Annotated[int, Meta(ge=1, le=200)]
    counted: Annotated[int, Meta(ge=0, le=1_000_000)]


class ReceiptCount(Wire, frozen=True):
    """`POST /v1/goods-receipts/{uuid}/confirm`: a second person's own count of every line, which is what goes on
    the shelf. Safe to retry."""

    lines: Annotated[list[LineCount], Meta(min_length=1, max_length=200)]


class ReceiptCountByPin(ReceiptCount, frozen=True, kw_only=True):
    """`POST /v1/till/receipts/{uuid}/confirm`: the same at the till; the PIN says which attendant has counted."""

    pin: Pin


class Withdrawal(Wire, frozen=True):
    """Why a draft is put aside without anything arriving."""

    reason: Reason


class GoodsReceiptLine(Wire, frozen=True):
    """`cost` in fen is for the whole line, as paid. `difference` is counted minus written down."""

    line: int
    product: str
    name: str
    quantity: int
    sell_by: date | None
    cost: int | None
    counted: int | None
    difference: int | None


class GoodsReceipt(Wire, frozen=True):
    """`state`: open, confirmed, withdrawn. `writer`: whoever wrote it down, and may not confirm it. The donor is
    empty where they asked to stay unnamed, but for the office."""

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


class TillStocktake(Wire, frozen=True):
    """`PUT /v1/till/stocktakes/{uuid}` (device token and `X-Shift`): what the attendant counted on this shelf.
    Safe to retry; the answer is the sheet, and only there the till need say what the books had."""

    lines: Annotated[list[CountedLine], Meta(min_length=1, max_length=200)]
    reason: Reason


class LowStock(Wire, frozen=True):
    """`stock`: pieces that can be handed out."""

    supermarket: str
    product: str
    name: str
    stock: int
    minimum: int


class DatedLot(Wire, frozen=True):
    """Pieces of one arrival. `left` of `quantity` are there still, if those that expire first went first.
    `days` until `sell_by`; below zero, it is past."""

    supermarket: str
    product: str
    name: str
    arrival: UUID
    received_on: date
    sell_by: date
    days: int
    quantity: int
    left: int


class ShelfWatch(Wire, frozen=True):
    """`GET /v1/till/shelf-watch`, `GET /v1/stock/watch`: what to look after. `dated`: soonest first."""

    low: list[LowStock]
    dated: list[DatedLot]


class ProductChange(Wire, frozen=True):
    """`PATCH /v1/products/{product}`: what is left out stays as it is."""

    name: Name | None = None
    barcode: Barcode | None = None
    price: Price | None = None
    minimum: Minimum | None = None


class PriceChange(Wire, frozen=True, rename={"before": "from", "after": "to"}):
    before: int
    after: int
    person: str
    changed_at: datetime


class ShelfPlace(Wire, frozen=True):
    """`PUT /v1/supermarkets/{supermarket}/shelf/{product}`: the product stands on this shelf. Without a `minimum`
    of its own that of the product counts."""

    minimum: Minimum | None = None


class ShelfLine(Wire, frozen=True):
    """A product on a shelf, as the desk sees it. `minimum` is the one that counts: the shelf's own, or else that
    of the product."""

    product: str
    number: int
    name: str
    barcode: str
    price: int
    stock: int
    minimum: int
    product_minimum: int
    shelf_minimum: int | None
