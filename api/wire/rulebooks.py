"""Rulebooks: drafts, checks, adoptions, simulations."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta, field

from api.wire.base import Code, Incoming, Key, Reason, Wire
from api.wire.text import TextRule

# rules/ reads these, and tells line and column of what it refuses.
BookText = Annotated[str, Meta(max_length=200_000), TextRule(200_000, lines=True, checked=False)]
OneLineText = Annotated[str, Meta(min_length=1, max_length=80, pattern=r"\S"), TextRule(80, required=True)]
# As in the text of the book.
Version = Annotated[
    str, Meta(min_length=1, max_length=40, pattern=r"\S"), TextRule(40, required=True, as_sent=True)
]

BuiltinName = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}(?!\n)$")]


class Decision(Incoming, frozen=True):
    """The decision that adopts a rulebook: which body, at which meeting, on which day, and who took part."""

    body: OneLineText
    meeting: OneLineText
    decided_on: date
    present: Annotated[str, Meta(max_length=400), TextRule(400)] = ""


class NewRulebook(Incoming, frozen=True):
    """The TOML text of a proposed rulebook. Decision and date default to those in the text's header."""

    text: BookText
    decision: Decision | None = None
    effective_from: date | None = None


class DraftProposal(Incoming, frozen=True):
    """Propose a draft as it was at this revision. Decision and date as in `NewRulebook`."""

    revision: Annotated[int, Meta(ge=1)]
    decision: Decision | None = None
    effective_from: date | None = None


class Readoption(Incoming, frozen=True):
    """Propose an older version again, effective from a day on."""

    version: Version
    decision: Decision
    effective_from: date


class BookCheckRequest(Incoming, frozen=True):
    text: BookText


class BookProblem(Wire, frozen=True):
    """`line` and `column` count from 1. `kind`: error."""

    line: int
    column: int
    kind: str
    message: str


class BookCheck(Wire, frozen=True):
    """`title` and `version` as in the text, empty if it can't be parsed that far."""

    problems: list[BookProblem]
    title: str
    version: str


class AdoptionView(Wire, frozen=True):
    """A version's adoption. `state`: proposed, lapsed (not confirmed in time), coming, in-force, past, refused,
    withdrawn. `village` is empty for the township's own book. `reason`: why it was refused or withdrawn.
    `confirmed_by` is empty for a book adopted before a second person had to confirm."""

    id: UUID
    village: str
    version: str
    title: str
    effective_from: date
    decision: Decision
    state: str
    proposed_by: str
    proposed_at: datetime
    confirmed_by: str
    confirmed_at: datetime | None
    closed_by: str
    closed_at: datetime | None
    reason: str


class DelicateRule(Wire, frozen=True):
    """A rule that takes points, or whose wording says 不, 未, 没, 拒 or 零; `rule` is its id."""

    rule: str
    title: str


class AdoptionDetail(AdoptionView, frozen=True):
    """`steps`: what the caller may do with it now: confirm, refuse, withdraw. `delicate`: the rules for each of
    which the confirming person ticks each of the `subjects` (titles by id) as not concerned."""

    text: str
    steps: list[str]
    delicate: list[DelicateRule]
    subjects: dict[str, str]


class AdoptionConfirmation(Incoming, frozen=True):
    """The forbidden subjects that each delicate rule (its id) doesn't concern: all of them."""

    not_concerned: dict[Key, list[Key]] = field(default_factory=dict)


class AdoptionReason(Incoming, frozen=True):
    """Why a proposal is refused, or a confirmed adoption withdrawn."""

    reason: Reason


class NewDraft(Incoming, frozen=True):
    """A draft starts from one of these: a text, a version that was proposed before, a built-in book."""

    text: BookText | None = None
    version: Version | None = None
    builtin: BuiltinName | None = None


class DraftUpdate(Incoming, frozen=True):
    """`revision` is the one this text is based on; 409 if the draft was saved again meanwhile."""

    text: BookText
    revision: Annotated[int, Meta(ge=1)]


class DraftSummary(Wire, frozen=True):
    """A draft without its text. `closed_at`: when it was proposed or discarded."""

    id: UUID
    title: str
    version: str
    origin: str
    revision: int
    begun_by: str
    saved_by: str
    saved_at: datetime
    closed_at: datetime | None


class DraftView(DraftSummary, frozen=True):
    text: str


class NewSimulation(Incoming, frozen=True, rename={"first": "from", "last": "to"}):
    """`POST /v1/rulebooks/simulations`: run a draft's TOML text over the claims of deeds `from` a day `to` another
    (default: the last twelve months), of one village (its code) or all."""

    text: Annotated[str, Meta(max_length=1_000_000), TextRule(1_000_000, lines=True, checked=False)]
    first: date | None = None
    last: date | None = None
    village: Code | None = None
