"""Goods and money: products, arrivals, donations, stocktakes."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta

from api.wire.base import Barcode, Code, Name, Price, Wire


class NewProduct(Wire, frozen=True):
    """`barcode` is kept as the till looks it up: an EAN-8 or UPC-A is filled up with zeros to 13 digits."""

    code: Code
    name: Name
    barcode: Barcode
    price: Price


class Pieces(Wire, frozen=True):
    """`sell_by`: the last day on which these are to be handed out."""

    product: Code
    quantity: Annotated[int, Meta(ge=1, le=1_000_000)]
    sell_by: date | None = None


class RestockLine(Pieces, frozen=True):
    """`cost` is for the whole line. Either every line of a restock has one, or none."""

    cost: Annotated[int, Meta(ge=0, le=100_000_000_000)] | None = None


class Restock(Wire, frozen=True):
    """`PUT /v1/restocks/{uuid}`: goods arrive on the shelf of a supermarket; safe to retry. With costs it is a
    procurement, and the same transaction takes the money from the township's fund."""

    supermarket: Code
    lines: Annotated[list[RestockLine], Meta(min_length=1, max_length=200)]
    supplier: Annotated[str, Meta(max_length=80)] = ""


class Donation(Wire, frozen=True):
    """`PUT /v1/donations/{uuid}`: goods given to the shelf of a supermarket; safe to retry. A donor who is
    `anonymous` is known to the office and named nowhere else."""

    supermarket: Code
    donor: Name
    lines: Annotated[list[Pieces], Meta(min_length=1, max_length=200)]
    anonymous: bool = False


class Funding(Wire, frozen=True):
    """`PUT /v1/funds/{uuid}`: money for goods reaches the township's fund; safe to retry. A donation names its
    donor, an appropriation has none."""

    amount: Annotated[int, Meta(ge=1, le=100_000_000_000)]
    source: Literal["appropriation", "donation"]
    donor: Annotated[str, Meta(max_length=80)] = ""
    anonymous: bool = False
    note: Annotated[str, Meta(max_length=200)] = ""


class CountedLine(Wire, frozen=True):
    product: Code
    counted: Annotated[int, Meta(ge=0, le=1_000_000)]


class Stocktake(Wire, frozen=True):
    """`PUT /v1/stocktakes/{uuid}`: what was counted on a shelf while nobody redeemed there. Safe to retry: the
    same id with the same content gives the first answer again, wherever the shelf has gone since."""

    supermarket: Code
    lines: Annotated[list[CountedLine], Meta(min_length=1, max_length=200)]
    reason: Annotated[str, Meta(min_length=1, max_length=200)]


class StocktakeLine(Wire, frozen=True):
    """`difference` is counted minus booked: below zero, pieces are missing."""

    product: str
    name: str
    booked: int
    counted: int
    difference: int


class StocktakeSheet(Wire, frozen=True):
    """The answer to a stocktake; the shelf stands at what was counted right after it."""

    id: UUID
    supermarket: str
    counted_by: str
    reason: str
    lines: list[StocktakeLine]
    recorded_at: datetime
