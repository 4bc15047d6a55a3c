"""Freezes: what supervisors stop, and how that ends."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from api.wire.base import Code, Incoming, Key, Reason, Wire


class NewFreeze(Incoming, frozen=True):
    """`thing`: the id of a rule or a kiosk, the code of a household whose card it is, the login of a person. A
    rule is frozen in a `village`, or in all without one. `ends_on`: the last day; a person's has to end within
    thirty. The caller makes the `id`, so a retry counts once."""

    id: UUID
    kind: Literal["rule", "card", "kiosk", "person"]
    thing: Key
    reason: Reason
    village: Code | None = None
    ends_on: date | None = None


class FreezeLifting(Incoming, frozen=True):
    reason: Reason


class FreezeView(Wire, frozen=True):
    """`thing`: as in `NewFreeze`; `title`: what people call it. `village`: whose it is, null for what concerns the
    whole township. `body`: whose supervisory committee froze it. `holds`: it is frozen now. Of one that ended by
    its day nobody lifted it. `blocked_reason`: why the reader can't lift it."""

    id: UUID
    kind: str
    thing: str
    title: str
    village: str | None
    reason: str
    body: str
    frozen_by: str
    frozen_at: datetime
    ends_on: date | None
    holds: bool
    lifted_by: str = ""
    lifted_at: datetime | None = None
    lift_reason: str = ""
    blocked_reason: str = ""
