"""Unusual patterns, for supervisors. Only who or what passes a threshold is named, and in no order but that of
codes, names or days. `claims_at`: the page with the claims behind a row."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from api.wire.base import Wire

PairSign = Literal["household", "declarer", "both-ways"]


class PatternBin(Wire, frozen=True):
    """A bar: how many there are in all, and how many of them are in the rows."""

    label: str
    number: int
    listed: int


class DeclarerPair(Wire, frozen=True):
    """Awards of a household that one person declared. `of_household`, `of_declarer`: in percent of the points of
    the household, and of those that the person declared in the village. `back`: how many awards somebody of the
    household declared for the declarer's own. `relative`: the declarer keeps out of the household now. `signs`:
    the thresholds that it passes."""

    village: str
    household: str
    head: str
    declarer: UUID
    name: str
    claims: int
    points: int
    of_household: int
    of_declarer: int
    back: int
    relative: bool
    signs: list[PairSign]
    claims_at: str


class QuickApprovals(Wire, frozen=True):
    """Claims approved as one batch, the first of them `seconds` after the member could first see it; so many of
    them `quick`."""

    village: str
    body: str
    person: UUID
    name: str
    decided_at: datetime
    claims: int
    quick: int
    seconds: float
    claims_at: str


class ApprovalRun(Wire, frozen=True):
    """Batches of a person, one after the other within seconds."""

    village: str
    person: UUID
    name: str
    since: datetime
    until: datetime
    batches: int
    claims: int
    claims_at: str


class GridSpread(Wire, frozen=True):
    """The points per household of a village's grids, from low to high, without saying which is whose."""

    village: str
    per_household: list[float]
    median: float
    deviation: float


class GridPoints(Wire, frozen=True):
    """A grid that is far from the median of its village: `distance` times the median absolute deviation."""

    village: str
    grid: str
    name: str
    households: int
    points: int
    per_household: float
    median: float
    distance: float
    claims_at: str


class MemberShare(Wire, frozen=True):
    """A member who gave most of the approvals of a body that has several."""

    village: str
    body: str
    person: UUID
    name: str
    members: int
    approvals: int
    of_body: int
    percent: int
    claims_at: str


class PatternsView(Wire, frozen=True):
    """Of a village, or of all without one. Awards are counted by the day of their deed, approvals by when they
    were given, both from `since` to `until`."""

    village: str | None
    since: date
    until: date
    pairs_by_share: list[PatternBin]
    pairs: list[DeclarerPair]
    approvals_by_time: list[PatternBin]
    quick: list[QuickApprovals]
    runs: list[ApprovalRun]
    spreads: list[GridSpread]
    grids: list[GridPoints]
    bodies_by_share: list[PatternBin]
    members: list[MemberShare]
