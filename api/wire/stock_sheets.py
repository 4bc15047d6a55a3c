"""Goods and first stock from a sheet, and the rate by which prices are proposed from costs."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from msgspec import Meta

from api.wire.base import Barcode, Code, Incoming, Name, OptionalPersonName, Price, Wire

MAX_SHEET_LINES = 1000


class StockSheetLine(Incoming, frozen=True):
    """Pieces of one product for one shelf, by the product's barcode; `cost` in fen for all of them. `price`: None
    leaves that of a known product as it is, and proposes one for a new product from its cost."""

    supermarket: Code
    name: Name
    barcode: Barcode
    quantity: Annotated[int, Meta(ge=1, le=1_000_000)]
    cost: Annotated[int, Meta(ge=0, le=100_000_000_000)]
    sell_by: date | None = None
    price: Price | None = None


class StockSheet(Incoming, frozen=True):
    """`POST /v1/stock-sheets`: goods that came together, as `consignment` calls them. A consignment has each line
    once, so the same sheet again changes nothing; other goods of the same kind are another consignment."""

    consignment: Name
    lines: Annotated[list[StockSheetLine], Meta(min_length=1, max_length=MAX_SHEET_LINES)]
    supplier: OptionalPersonName = ""


class PriceRate(Incoming, frozen=True):
    """`PUT /v1/price-rate`: how many fen a point stands for when prices are proposed from what goods cost."""

    fen: Annotated[int, Meta(ge=1, le=100_000)]


class PriceRateView(Wire, frozen=True):
    """None and empty where the township has stated no rate."""

    fen: int | None
    person: str
    since: datetime | None
