"""Seals: signed tree heads, posters, proofs."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta

from api.wire.base import Incoming, Wire
from api.wire.text import TextRule


class RestoreView(Wire, frozen=True):
    """The books went back to the backup of `backup_at`, when they had `size` records. Heads of more records than
    that from before `restored_at`, signed with `key` (null where there was no head), are on paper alone."""

    id: UUID
    backup_at: datetime
    restored_at: datetime
    size: int
    key: str | None
    person: str
    reason: str


class SignedHeadView(Wire, frozen=True):
    """`GET /v1/seals/head`: the newest signed head of the books' Merkle tree, as printed on the notices. `key`
    verifies it; `fingerprint` is that key's, to compare by eye. `restores`: oldest first. docs/seals.md."""

    note: str
    key: str
    fingerprint: str
    size: int
    signed_at: datetime
    restores: list[RestoreView]


class Poster(Incoming, frozen=True):
    """The text of a signed head, as printed on an old notice."""

    note: Annotated[str, Meta(max_length=2000), TextRule(2000, lines=True, checked=False)]


class ConsistencyPath(Wire, frozen=True):
    """RFC 9162 consistency path, in base64, from the tree of `old` leaves to that of `new`."""

    old: int
    new: int
    path: list[str]
