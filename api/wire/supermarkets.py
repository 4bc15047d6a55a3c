"""Supermarkets, and when they are open."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from msgspec import Meta, field

from api.wire.base import Incoming, Name, Wire

TimeOfDay = Annotated[str, Meta(pattern=r"^[01][0-9]:[0-5][0-9](?!\n)$|^2[0-3]:[0-5][0-9](?!\n)$")]


class OpenSpan(Incoming, frozen=True):
    """From one time of a day to a later one, in the township's time."""

    opens: TimeOfDay
    closes: TimeOfDay


class OpeningHours(Incoming, frozen=True):
    """`week`: the spans of each day from Monday on, in their order; none: closed. `closed`: days on which the
    supermarket is closed all the same."""

    week: Annotated[list[Annotated[list[OpenSpan], Meta(max_length=4)]], Meta(min_length=7, max_length=7)]
    closed: Annotated[list[date], Meta(max_length=60)] = field(default_factory=list)


class SupermarketChange(Incoming, frozen=True):
    """`PATCH /v1/supermarkets/{supermarket}`: fields left out stay unchanged."""

    name: Name | None = None
    hours: OpeningHours | None = None


class SupermarketView(Wire, frozen=True):
    """`hours`: None where nobody has said them."""

    code: str
    village: str
    name: str
    hours: OpeningHours | None
