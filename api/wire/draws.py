"""The monthly draw: what is sent to it, and what it shows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta

from api.wire.base import Code, Incoming, Name, Note, Reason, Wire
from api.wire.text import TextRule

Dice = Annotated[str, Meta(pattern=r"^[1-6]{10,100}(?!\n)$"), TextRule(100, required=True, form="NFKC")]
VisitOutcome = Literal["confirmed", "not-as-declared", "nobody-met"]


class NewDraw(Incoming, frozen=True):
    """Of this month, in a village."""

    village: Code


class NewDice(Incoming, frozen=True):
    """What the dice showed, in the order in which they were read; at which meeting, and who saw it."""

    dice: Dice
    meeting: Name
    witnesses: Note = ""


class NewVisit(Incoming, frozen=True):
    """The caller makes the `id`, so a retry counts once. `reason`: what was found, in one's own words."""

    id: UUID
    outcome: VisitOutcome
    reason: Reason
    visited_on: date


class DrawSummary(Wire, frozen=True):
    """`month`: 2026-06. `typed_at`: since when there are dice. `open`: how many of the drawn ones wait for a
    visit."""

    village: str
    village_name: str
    month: str
    candidates: int
    opened_at: datetime
    typed_at: datetime | None
    drawn: int
    open: int


class VisitView(Wire, frozen=True):
    """`reason` is empty where the reader may not know what the award is for. `correction`: what became of it,
    in words, where it wasn't as declared."""

    outcome: str
    reason: str
    visited_on: date
    visited_by: str
    correction: str


class DrawCandidateView(Wire, frozen=True):
    """An award as far as the reader may know it. `id` and `turn`: what the draw is computed from. `open`: drawn,
    and nothing found yet; `blocked_reason`: why the reader can't visit it then."""

    id: UUID
    turn: int | None
    drawn: bool
    title: str
    household: str
    head: str
    points: int | None
    deed_on: date | None
    visits: Sequence[VisitView]
    open: bool
    blocked_reason: str = ""


class DrawView(Wire, frozen=True):
    """All that the draw is computed from (how: on `/notices/VILLAGE/draws/MONTH`). `head`: of the
    books on the last notice before the month; `root`: its root in hex. `dice` is empty before they are thrown;
    `witnesses` are named to supervisors of the village alone."""

    village: str
    village_name: str
    month: str
    percent: int
    head: str
    root: str
    opened_by: str
    opened_at: datetime
    dice: str
    meeting: str
    witnesses: str
    typed_by: str
    typed_at: datetime | None
    candidates: Sequence[DrawCandidateView]
