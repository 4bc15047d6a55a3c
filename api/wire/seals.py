"""Seals: signed tree heads, posters, proofs."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from msgspec import Meta

from api.wire.base import Incoming, Wire
from api.wire.text import TextRule


class SignedHeadView(Wire, frozen=True):
    """`GET /v1/seals/head`: the newest signed head of the books' Merkle tree, as printed on the notices. `key`
    verifies it; `fingerprint` is that key's, to compare by eye. Formats: docs/seals.md."""

    note: str
    key: str
    fingerprint: str
    size: int
    signed_at: datetime


class Poster(Incoming, frozen=True):
    """The text of a signed head, as printed on an old notice."""

    note: Annotated[str, Meta(max_length=2000), TextRule(2000, lines=True, checked=False)]


class ConsistencyPath(Wire, frozen=True):
    """RFC 9162 consistency path, in base64, from the tree of `old` leaves to that of `new`."""

    old: int
    new: int
    path: list[str]
