"""Points that nobody used in time."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta

from api.wire.base import Points, Wire


class NewExpiryPolicy(Wire, frozen=True):
    """`PUT /v1/expiry-policies`: in force from `effective_on` until the next one is; safe to retry. `year-end`:
    what was earned before 1 January expires then. `rolling`: what was earned in a month expires at the end of
    the `months`-th month after it. `reason`: the decision that adopted it."""

    effective_on: date
    kind: Literal["none", "year-end", "rolling"]
    reason: Annotated[str, Meta(min_length=1, max_length=200)]
    months: Annotated[int, Meta(ge=1, le=120)] | None = None


class ExpiryPolicyView(Wire, frozen=True):
    effective_on: date
    kind: str
    months: int | None
    reason: str
    adopted_at: datetime


class ExpiryLine(Wire, frozen=True):
    """What a household would lose. `head` is masked where the village isn't the reader's."""

    household: str
    head: str
    village: str
    points: Points


class ExpiryPreview(Wire, frozen=True):
    """Who would lose what of the next `done` households; `points` is the sum of `lines`. `next` goes into `after`
    to see more; null at the end."""

    boundary: date
    earned_before: date
    lines: list[ExpiryLine]
    done: int
    points: Points
    next: UUID | None


class NewExpiry(Wire, frozen=True):
    """`POST /v1/expiries`: take what is up at `boundary` of the next `limit` households, from `after` on."""

    boundary: date
    after: UUID | None = None
    limit: Annotated[int, Meta(ge=1, le=5000)] = 2000


class ExpiryProgress(Wire, frozen=True):
    """`done` households were looked at, `expired` points taken from `households` of them. To be sent again with
    `next` as `after` until that is null."""

    boundary: date
    done: int
    households: int
    expired: Points
    next: UUID | None
