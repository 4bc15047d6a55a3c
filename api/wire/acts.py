"""Who did what."""

from __future__ import annotations

from datetime import datetime

from api.wire.base import Wire


class ActView(Wire, frozen=True):
    """`number` acts of one kind by one person at one moment; the first of them. `about`: what it was done to, as
    `kind:id`, and `subject` in words; both are empty where the reader may not know. `village`: empty for the
    whole township. `key` names the first."""

    key: str
    acted_at: datetime
    person: str
    kind: str
    title: str
    village: str
    about: str
    subject: str
    detail: str
    reason: str
    number: int


class ActPage(Wire, frozen=True):
    """`next` is the `before` of the next page; null on the last."""

    acts: list[ActView]
    next: str | None
