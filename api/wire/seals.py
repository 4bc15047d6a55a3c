"""Sealed books: heads, posters, proofs."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from msgspec import Meta

from api.wire.base import Wire


class SealedHead(Wire, frozen=True):
    """`GET /v1/seals/head`: the newest signed head of the books' Merkle tree, as it is printed on the notices.
    `key` checks it; `fingerprint` is that key's, to compare by eye. Formats: docs/seals.md."""

    note: str
    key: str
    fingerprint: str
    size: int
    signed_at: datetime


class Poster(Wire, frozen=True):
    """The text of a signed head, as an old notice has it."""

    note: Annotated[str, Meta(max_length=2000)]


class ConsistencyPath(Wire, frozen=True):
    """RFC 9162 path, in base64, by which the tree of `new` leaves begins with that of `old`."""

    old: int
    new: int
    path: list[str]
