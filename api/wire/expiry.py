"""The expiry of unused points."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta

from api.wire.base import Incoming, PointSum, Reason, Wire

ExpiryKind = Literal["none", "year-end", "rolling"]
ExpiryMonths = Annotated[int, Meta(ge=1, le=120)]


class NewExpiryPolicy(Incoming, frozen=True):
    """`PUT /v1/expiry-policies`: in force from `effective_on` until the next policy takes effect; safe to retry.
    `year-end`: points earned before 1 January expire then; it takes effect on a 1 January. `rolling`: points
    earned in a month expire at the end of the `months`-th month after it. `reason`: the decision behind it."""

    effective_on: date
    kind: ExpiryKind
    reason: Reason
    months: ExpiryMonths | None = None


class ExpiryPolicyView(Wire, frozen=True):
    effective_on: date
    kind: str
    months: int | None
    reason: str
    adopted_at: datetime


class ExpiryLine(Wire, frozen=True):
    """What a household would lose."""

    household: str
    head: str
    village: str
    points: PointSum


class ExpiryPreview(Wire, frozen=True):
    """What would expire for the next `done` households; `lines` has those that the reader serves, and `points` is
    their sum. `next` is the `after` of
    the next page, null at the end."""

    boundary: date
    earned_before: date
    lines: list[ExpiryLine]
    done: int
    points: PointSum
    next: UUID | None


class NewExpiry(Incoming, frozen=True):
    """`POST /v1/expiries`: expire what is due at `boundary` for the next `limit` households after `after`."""

    boundary: date
    after: UUID | None = None
    limit: Annotated[int, Meta(ge=1, le=5000)] = 2000


class ExpiryProgress(Wire, frozen=True):
    """`done` households were examined; `expired` points were taken from `households` of them. Repeat with `next`
    as `after` until it is null."""

    boundary: date
    done: int
    households: int
    expired: PointSum
    next: UUID | None
