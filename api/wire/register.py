"""The township's register: villages, grids, households and their cards, supermarkets."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta, field

from api.wire.base import Code, Incoming, Name, PersonName, Points, Reason, Wire
from api.wire.founding import NoticeDays

People = Annotated[int, Meta(ge=1, le=30)]
"""How many live in a household."""


class NewVillage(Incoming, frozen=True):
    """`notice_days`: left out, the township's default."""

    code: Code
    name: Name
    notice_days: NoticeDays | None = None


class NewGrid(Incoming, frozen=True):
    code: Code
    village: Code
    name: Name


class NewHousehold(Incoming, frozen=True):
    """`code` is the village's number for the household, unique in the township. `people`: how many live in it.
    `adults`: grown-ups besides the head by name, where rules count by person; children are never named."""

    code: Code
    village: Code
    grid: Code
    head: PersonName
    people: People = 1
    adults: Annotated[list[PersonName], Meta(max_length=29)] = field(default_factory=list)


class HouseholdView(Wire, frozen=True):
    """`grid`: its code. `ended_at`: from when on the household is no more; `became`: the code of the one that it
    was merged into."""

    id: UUID
    code: str
    head: str
    village: str
    grid: str
    people: int
    ended_at: datetime | None
    became: str


class ChangedHousehold(Incoming, frozen=True):
    """`PATCH /v1/households/{code}`: what of the household is different since `effective_on`, and why. Another
    `village` goes with a grid there. What is left out stays."""

    effective_on: date
    reason: Reason
    head: PersonName | None = None
    grid: Code | None = None
    village: Code | None = None
    people: People | None = None


class SplitHousehold(Incoming, frozen=True):
    """`POST /v1/households/{code}/split`: some people become a household of their own, with `code`, and take
    `points` along, as the head of the old one has agreed. Two people do it."""

    effective_on: date
    reason: Reason
    code: Code
    head: PersonName
    grid: Code
    people: People
    points: Points = 0
    agreed: bool = False


class MergedHousehold(Incoming, frozen=True):
    """`POST /v1/households/{code}/merge`: the household goes on as a part of `into`, with all its points.
    `card_goes_on`: its card is from then on that of `into`, whose own card dies. Two people do it."""

    effective_on: date
    reason: Reason
    into: Code
    card_goes_on: bool = False


class RevivedHousehold(Incoming, frozen=True):
    """`POST /v1/households/{code}/revive`: a merger or an end was wrong, or the family is back. The household is
    its own again; from the one that it was merged into it takes `points` back. Two people do it."""

    effective_on: date
    reason: Reason
    points: Points = 0


class EndedHousehold(Incoming, frozen=True):
    """`POST /v1/households/{code}/end`: died out or moved away. Its points stay in its account until `kept_until`,
    or without a day go to the township at once, as they do later by another such request. Two people do it."""

    effective_on: date
    reason: Reason
    kept_until: date | None = None


class HouseholdChange(Wire, frozen=True):
    """`kind`: head, grid, people, move, split, merge, revive, end or clear. `what`: one sentence.
    `confirmed_by` is empty where one person was enough."""

    kind: str
    what: str
    effective_on: date
    recorded_at: datetime
    by: str
    confirmed_by: str
    reason: str


class NewCards(Incoming, frozen=True):
    """Issue a card for each of these households; a card it already has is revoked at once. `seen`: of a preview;
    refused if a household's card is another one by now."""

    households: Annotated[list[Code], Meta(min_length=1, max_length=5000)]
    seen: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}(?!\n)$")] | None = None


class NewCard(Wire, frozen=True):
    """`village` and `grid` are names. `token` is returned once and stored only as a hash."""

    household: str
    head: str
    village: str
    grid: str
    token: str


class CardSelection(Incoming, frozen=True):
    """Whom to issue cards to: these households; or those of a village or a grid, or of the whole township, all or
    only those `without` a card."""

    households: Annotated[list[Code], Meta(max_length=5000)] | None = None
    village: Code | None = None
    grid: Code | None = None
    without: bool = True


class CardPreview(Wire, frozen=True):
    """What issuing would do. `households`: codes in the order of the sheet. `replaced`: those whose present card
    dies. `named_twice`, `unknown` (with the code that may be meant, or an empty text), `left_out` (with a sentence
    why): not among `households`. `alone`: one person may issue them; `cards_left` and `first_cards_left` are what
    this person may issue alone today. `seen`: to be sent with the issue, which is refused if cards have changed
    since."""

    households: list[str]
    replaced: list[str]
    named_twice: list[str]
    unknown: dict[str, str]
    left_out: dict[str, str]
    alone: bool
    cards_left: int
    first_cards_left: int
    seen: str


class VillageCards(Wire, frozen=True):
    """How many of a village's households have no card (`without`), how many cards outlive their household
    (`orphaned`), were never used (`unused`) or are reported lost (`frozen`)."""

    village: str
    name: str
    households: int
    without: int
    orphaned: int
    unused: int
    frozen: int


class CardReport(Incoming, frozen=True):
    """A card is lost, or found: how that is known."""

    reason: Reason


class CardEvent(Wire, frozen=True):
    """What happened to a card. `kind`: frozen, unfrozen, pin-set, pin-removed, pin-reset, handed-over. `by` is
    empty for whoever held the card, on its own page."""

    kind: str
    at: datetime
    by: str
    reason: str


class CardHistory(Wire, frozen=True):
    """`confirmed_by` is empty for a card that one person issued alone; names are empty where nobody was named.
    `frozen_at`: since when it is reported lost, if it is. `revoked_reason`: lost, replaced, or ended or merged
    like its household; empty where that wasn't kept. `events`: what happened in between, the oldest first."""

    household: str
    head: str
    issued_at: datetime
    issued_by: str
    confirmed_by: str
    revoked_at: datetime | None
    revoked_by: str
    revoked_reason: str
    frozen_at: datetime | None
    events: list[CardEvent]


class NewSupermarket(Incoming, frozen=True):
    code: Code
    village: Code
    name: Name


class CreatedCount(Wire, frozen=True):
    """How many records a bulk request created."""

    created: int
