"""Claims: declared, reviewed, approved, explained."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from msgspec import Meta, field

from api.wire.base import Code, Incoming, Key, Note, Reason, Wire
from api.wire.text import TextRule

# What a rule asks for; one that several judges score has a line of each.
Answer = Annotated[str, TextRule(2000, lines=True)]


class NewClaim(Incoming, frozen=True):
    """A deed declared for a household; `person` names the member where the rule counts by person. The caller makes
    the `id`, so a retry counts once. `again`: why it is another deed than the one declared for the same household,
    rule and day; without it such a claim isn't taken. `replaces`: the returned claim that it corrects."""

    id: UUID
    household: Code
    rule: Key
    deed_on: date
    inputs: dict[Key, Answer | int | float] = field(default_factory=dict)
    person: Annotated[str, Meta(max_length=40), TextRule(40, dotted=True)] = ""
    note: Note = ""
    again: Note = ""
    replaces: UUID | None = None


class ClaimOutcome(Wire, frozen=True):
    """The result for one claim of a batch. `status`: declared, reviewed, approved; voted (other members of the
    body are awaited), voted-down (the body has refused it by this vote); exists (sent again), refused, conflict,
    declared-twice (`same_deed`: the claims for the same household, rule and day); `reason` is a sentence
    in Chinese, `trace` the same for programs where the rules refused. `points` are negative for a deduction."""

    id: UUID
    status: str
    points: int = 0
    reason: str = ""
    trace: dict[str, Any] = field(default_factory=dict)
    same_deed: list[UUID] = field(default_factory=list)


class VillageClaims(Incoming, frozen=True):
    """One claim under `rule` for every household of a village, e.g. base points."""

    village: Code
    rule: Key
    deed_on: date


class ClaimExplanation(Wire, frozen=True):
    """How a claim's points were calculated: `sentences` for people, `trace` for programs. `same_deed`: other
    claims for the same household, rule and day."""

    id: UUID
    points: int
    sentences: list[str]
    trace: dict[str, Any]
    same_deed: list[UUID] = field(default_factory=list)


class ReceivedPhoto(Wire, frozen=True):
    """`digest`: the SHA-256 of the photo as it is kept, by which a claim names it."""

    digest: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]


class ClaimIds(Incoming, frozen=True):
    claims: Annotated[list[UUID], Meta(min_length=1, max_length=5000)]


class ClaimRefusal(Incoming, frozen=True):
    reason: Reason


class ClaimReturn(Incoming, frozen=True):
    """What has to be corrected."""

    reason: Reason


class OwnDeclaration(Wire, frozen=True):
    """What a household declared without its card's PIN and somebody has to confirm; `id` becomes the claim's."""

    id: UUID
    household: str
    head: str
    rule: str
    title: str
    deed_on: date
    person: str
    inputs: dict[str, Any]
    note: str
    declared_at: datetime
    recusal: str = ""


class OwnConfirmation(Incoming, frozen=True):
    """`again`: why it is another deed than one that the household has for this rule and day."""

    again: Note = ""


class ClaimView(Wire, frozen=True):
    id: UUID
    household: str
    head: str
    village: str
    rule: str
    title: str
    deed_on: date
    points: int
    status: str
    declared_by: str
    notice_until: datetime | None = None
    explanation: list[str] = field(default_factory=list)
