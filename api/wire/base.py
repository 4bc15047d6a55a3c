"""The base class and the field types of all wire types."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Annotated, Any

from msgspec import Meta, Struct, field
from msgspec.structs import force_setattr

from api.wire.text import TextRule, text_fields

Points = Annotated[int, Meta(ge=0, le=1_000_000_000)]
Amount = Annotated[int, Meta(ge=1, le=1_000_000_000)]
# What adds up from such amounts goes as far as a balance in the books does: a bigint.
MAX_SUM = 2**63 - 1
PointSum = Annotated[int, Meta(ge=0, le=MAX_SUM)]
AmountSum = Annotated[int, Meta(ge=1, le=MAX_SUM)]
Price = Annotated[int, Meta(ge=1, le=100_000)]
MAX_QUANTITY = 999
"""Pieces of one product in a redemption."""
MAX_LINES = 50
"""Products in a redemption."""
Quantity = Annotated[int, Meta(ge=1, le=MAX_QUANTITY)]
# Every text that is sent has one of the following types, or one with a rule or a pattern of its own.
Name = Annotated[str, Meta(min_length=1, max_length=80), TextRule(80, required=True)]
PersonName = Annotated[str, Meta(min_length=1, max_length=80), TextRule(80, required=True, dotted=True)]
OptionalPersonName = Annotated[str, Meta(max_length=80), TextRule(80, dotted=True)]
Reason = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"\S"), TextRule(200, required=True)]
Note = Annotated[str, Meta(max_length=200), TextRule(200)]
# What names something of ours: a rule, a role, an account. Whoever looks it up tells whether it is there.
Key = Annotated[str, Meta(max_length=200), TextRule(200, form="NFKC")]
# A household's card as scanned or typed: its URL, or the bare token. `card_token` reads it, sign by sign.
CardText = Annotated[str, TextRule(200, checked=False)]
CollectorCard = Annotated[str, Meta(max_length=200), TextRule(200, checked=False)]
Password = Annotated[str, Meta(min_length=1, max_length=200), TextRule(200, checked=False)]
Code = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,39}(?!\n)$")]
Pin = Annotated[str, Meta(pattern=r"^[0-9]{4,8}(?!\n)$")]
# A GTIN-13, GTIN-12 or GTIN-8 with its check digit, or a shop's own code of another length.
Barcode = Annotated[str, Meta(pattern=r"^[0-9]{4,18}(?!\n)$")]
# As on the pack.
LotNumber = Annotated[str, Meta(max_length=20), TextRule(20, form="NFKC")]
AwareDatetime = Annotated[datetime, Meta(tz=True)]


class Wire(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of all wire types."""


_STORED: ContextVar[bool] = ContextVar("stored", default=False)


@contextmanager
def from_store() -> Iterator[None]:
    """Inside, wire types are built from what is stored already: its texts are not refused any more, and whoever
    shows them makes them visible."""
    token = _STORED.set(True)
    try:
        yield
    finally:
        _STORED.reset(token)


class Incoming(Wire, frozen=True):
    """Base of what is sent to us: each text is read by the rule in its annotation, so that a text that commands a
    terminal is refused at the wire, and a name has one spelling. Raises UnreadableText."""

    def __post_init__(self) -> None:
        if _STORED.get():
            return
        for name, read in text_fields(type(self)):
            value = getattr(self, name)
            readable = read(value)
            if readable is not value:
                force_setattr(self, name, readable)


class Problem(Struct, frozen=True, kw_only=True):
    """RFC 9457 problem details. `type` is a stable code such as `insufficient-points`; `detail` is one
    sentence in Chinese that its reader can act on; `extra` holds the figures behind it."""

    type: str
    title: str
    status: int
    detail: str
    extra: dict[str, Any] = field(default_factory=dict)
