"""Objections to entries: raised, taken down at the desk, decided; and their figures."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta

from api.wire.base import Code, Incoming, OptionalPersonName, Reason, Wire
from api.wire.text import TextRule

ObjectionText = Annotated[
    str, Meta(min_length=2, max_length=500, pattern=r"\S[\s\S]*\S"), TextRule(500, required=True, lines=True)
]


class CardObjection(Incoming, frozen=True):
    """What a household objects to, on its card's page. The caller makes the `id`, so a retry counts once."""

    id: UUID
    claim: UUID
    text: ObjectionText


class NewObjection(Incoming, frozen=True):
    """Taken down at the desk for somebody who came or phoned: a household by its code, or whoever `objector` says.
    With `finding` it is the supervisor's own."""

    id: UUID
    claim: UUID
    way: Literal["person", "phone", "finding"]
    text: ObjectionText
    household: Code | None = None
    objector: OptionalPersonName = ""


class ObjectionDecision(Incoming, frozen=True):
    """`reason`: in the supervisor's own words; it stands on the notice board."""

    reason: Reason


class ObjectionView(Wire, frozen=True):
    """`household` and `head`: whose entry it is about. `status`: open, upheld, dismissed, withdrawn. `posted`: the
    entry was in the books when it was objected to. `days_late`: working days after `due_on` without an answer.
    `objector` and `objecting_household` are told to supervisors alone, `text` to them and to who wrote it down.
    `correction`: the proposal that an upheld objection to a posted entry has led to; `corrected`: what became of
    it, in words. `blocked_reason`: why the reader can't decide it."""

    id: UUID
    claim: UUID
    village: str
    household: str
    head: str
    title: str
    points: int
    deed_on: date
    way: str
    posted: bool
    raised_at: datetime
    due_on: date
    days_late: int
    status: str
    objector: str = ""
    objecting_household: str = ""
    text: str = ""
    taken_by: str = ""
    reason: str = ""
    ended_by: str = ""
    ended_at: datetime | None = None
    correction: UUID | None = None
    corrected: str = ""
    blocked_reason: str = ""


class ObjectionFigures(Wire, frozen=True):
    """Of a village in a year, by when they were raised. `late`: answered after their day, or still not; `answered`
    are the upheld and dismissed ones, which took `median_days` and at most `most_days` working days."""

    village: str
    year: int
    raised: int
    open: int
    upheld: int
    dismissed: int
    withdrawn: int
    late: int
    median_days: float | None
    most_days: int | None
