"""The monthly draw: dice and visits, as a form sends them."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta

from api.wire.base import Incoming, Name, Note, Reason
from api.wire.text import TextRule

Dice = Annotated[str, Meta(pattern=r"^[1-6]{10,100}(?!\n)$"), TextRule(100, required=True, form="NFKC")]
VisitOutcome = Literal["confirmed", "not-as-declared", "nobody-met"]


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
