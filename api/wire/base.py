"""The base class and the field types of all wire types."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from msgspec import Meta, Struct, field

Points = Annotated[int, Meta(ge=0, le=1_000_000_000)]
Amount = Annotated[int, Meta(ge=1, le=1_000_000_000)]
Price = Annotated[int, Meta(ge=1, le=100_000)]
Quantity = Annotated[int, Meta(ge=1, le=999)]
Name = Annotated[str, Meta(min_length=1, max_length=80)]
Reason = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"\S")]
Code = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,39}(?!\n)$")]
Pin = Annotated[str, Meta(pattern=r"^[0-9]{4,8}(?!\n)$")]
# A GTIN-13, GTIN-12 or GTIN-8 with its check digit, or a shop's own code of another length.
Barcode = Annotated[str, Meta(pattern=r"^[0-9]{4,18}(?!\n)$")]
AwareDatetime = Annotated[datetime, Meta(tz=True)]


class Wire(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of all wire types."""


class Problem(Struct, frozen=True, kw_only=True):
    """RFC 9457 problem details. `type` is a stable code such as `insufficient-points`; `detail` is one
    sentence in Chinese that its reader can act on; `extra` holds the figures behind it."""

    type: str
    title: str
    status: int
    detail: str
    extra: dict[str, Any] = field(default_factory=dict)
