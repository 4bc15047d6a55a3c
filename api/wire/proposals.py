"""Proposals: what one person asks for and another confirms."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from msgspec import Meta, field

from api.wire.base import Incoming, Reason, Wire


class ProposalView(Wire, frozen=True):
    """`status`: waiting, confirmed, refused (also by who proposed it). `what` is one sentence with the figures.
    `village`: whose matter it is; empty for the whole township's. `steps`: what the reader may do now, of confirm
    and refuse; `barred`: why they may not confirm. `preview`: what the request would have answered, where that is
    more than nothing; not in lists. `closed_by` confirmed or refused it; `accounts` says who registered the
    sign-ins of both."""

    id: UUID
    status: str
    kind: str
    title: str
    what: str
    village: str
    proposed_by: str
    proposed_at: datetime
    closed_by: str = ""
    closed_at: datetime | None = None
    reason: str = ""
    steps: list[str] = field(default_factory=list)
    barred: str = ""
    accounts: str = ""
    preview: Any = None


class ProposalRefusal(Incoming, frozen=True):
    """`POST /v1/proposals/{id}/refuse`: by another person, or by the one who proposed it."""

    reason: Reason


class ApprovalPolicy(Incoming, frozen=True):
    """`PUT /v1/approval-policy`: up to where one person decides alone. `stocktake_points`: the differences of a
    supermarket's stocktakes in thirty days, at the shelf's prices, missing or found. `price_percent`: how far a
    price may move in thirty days. `cards`: cards that one person issues in a day in place of others, or to
    households with points; `first_cards`: all others."""

    stocktake_points: Annotated[int, Meta(ge=0, le=1_000_000)]
    price_percent: Annotated[int, Meta(ge=0, le=100_000)]
    cards: Annotated[int, Meta(ge=0, le=5000)]
    first_cards: Annotated[int, Meta(ge=0, le=5000)]


class ApprovalPolicyView(ApprovalPolicy, frozen=True):
    """`since` is null for the one that the software begins with; the names are empty for the one that the township
    was founded with."""

    since: datetime | None = None
    proposed_by: str = ""
    confirmed_by: str = ""
