"""A household's objections and those to its entries, for its own page; and what it can object to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

import msgspec
from sqlalchemy import bindparam, or_, select, union

from api.awards.claims.confidentiality import confidentiality_of
from api.awards.claims.tables import Claim
from api.awards.objections.deciding import OUTCOMES
from api.awards.objections.disclosure import disclose_objection
from api.awards.objections.raising import is_contestable, is_on_board, own_households
from api.awards.objections.tables import Objection
from api.awards.objections.working_days import count_days_late
from api.awards.rulebooks.use_cases import books_by_version
from api.bookkeeping.general_ledger.disclosure import UNPUBLISHED, Confidentiality, Outsider, disclose
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from api.registry.cards.use_cases import CardHolder, find_card_holder
from api.registry.founding.defaults import read_defaults
from api.registry.register.queries import read_households
from api.wire.names import mask_name
from rules import Rulebook

_OF_HOUSEHOLD = union(
    select(Objection.id).where(
        Objection.township == bindparam("township"), Objection.household == bindparam("household")
    ),
    select(Objection.id)
    .join(Claim, (Claim.township == Objection.township) & (Claim.id == Objection.claim))
    .where(Claim.township == bindparam("township"), Claim.household == bindparam("household")),
)
_SHOWN = (
    Objection.township == bindparam("township"),
    Objection.id.in_(_OF_HOUSEHOLD),
    or_(Objection.outcome.is_(None), Objection.ended_at > bindparam("objections_since")),
)
OBJECTIONS = (
    select(
        Objection.id,
        (Objection.household == bindparam("household")).is_(True).label("raised_here"),
        (Claim.household == bindparam("household")).label("own_entry"),
        Objection.way,
        Objection.posted,
        Objection.text,
        Objection.raised_at,
        Objection.due_on,
        Objection.outcome,
        Objection.reason,
        Objection.ended_at,
        Claim.rule,
        Claim.rulebook,
        Claim.points,
        Claim.deed_on,
        Claim.published,
    )
    .join(Claim, (Claim.township == Objection.township) & (Claim.id == Objection.claim))
    .where(*_SHOWN)
    .order_by(Objection.raised_at.desc(), Objection.id)
)
"""Those that a household raised, and those to its entries, which are open or ended after `objections_since`."""

OBJECTED_VERSIONS = (
    select(Claim.rulebook)
    .join(Objection, (Claim.township == Objection.township) & (Claim.id == Objection.claim))
    .where(*_SHOWN)
)
"""The versions of their rulebooks."""


class ObjectionRow(msgspec.Struct):
    """A row of `OBJECTIONS`."""

    id: UUID
    raised_here: bool
    own_entry: bool
    way: str
    posted: bool
    text: str
    raised_at: datetime
    due_on: date
    outcome: str | None
    reason: str
    ended_at: datetime | None
    rule: str
    rulebook: str
    points: int
    deed_on: date
    published: bool


@dataclass(frozen=True, slots=True)
class HouseholdObjection:
    """`text`: what this household wrote; empty for others' objections to its entries. `outcome`: in words; empty
    as long as it is open. `reason_kept`: there is a reason, which isn't told here. `withdrawable`: on its page."""

    id: UUID
    title: str
    own_entry: bool
    raised_here: bool
    posted: bool
    points: int
    deed_on: date
    text: str
    raised_at: datetime
    due_on: date
    days_late: int
    outcome: str
    reason: str
    reason_kept: bool
    ended_at: datetime | None
    withdrawable: bool


def tell_objection(row: ObjectionRow, book: Rulebook, today: date) -> HouseholdObjection:
    entry = Confidentiality("", row.published)
    may = disclose_objection(Outsider.CARD, entry, way=row.way, own=row.raised_here)
    decided = row.outcome in ("upheld", "dismissed")
    return HouseholdObjection(
        id=row.id,
        title=book.get_rule(row.rule).title if may.subject else UNPUBLISHED,
        own_entry=row.own_entry,
        raised_here=row.raised_here,
        posted=row.posted,
        points=row.points,
        deed_on=row.deed_on,
        text=row.text if may.text else "",
        raised_at=row.raised_at,
        due_on=row.due_on,
        days_late=count_days_late(row.due_on, row.ended_at, today),
        outcome=OUTCOMES.get(row.outcome or "", ""),
        reason=row.reason if may.subject and decided else "",
        reason_kept=decided and not may.subject,
        ended_at=row.ended_at,
        withdrawable=row.raised_here and row.way == "card" and row.outcome is None,
    )


@dataclass(frozen=True, slots=True)
class ContestableEntry:
    """An entry as this card's page may name it: `masked` is empty for one of its own."""

    id: UUID
    title: str
    masked: str
    points: int
    deed_on: date
    posted: bool
    until: datetime


@dataclass(frozen=True, slots=True)
class Contestable:
    """What the card's household can object to: its own entries, and those of its village on notice. `answer_days`:
    within how many working days an answer is due."""

    holder: CardHolder
    own: list[ContestableEntry]
    others: list[ContestableEntry]
    answer_days: int


async def list_contestable(services: Services, card: str) -> Contestable:
    """Raises MalformedCard, and Refused: card-unknown, card-revoked, card-frozen, household-ended."""
    async with services.unit_of_work() as uow:
        holder = await find_card_holder(uow, card)
        policy = await read_defaults(uow)
        own = await own_households(uow, holder.id)
        claims = list(
            await uow.session.scalars(
                select(Claim)
                .where(
                    Claim.township == uow.township,
                    or_(
                        Claim.household.in_(own)
                        & Claim.status.in_(("approved", "posted"))
                        & (Claim.notice_until > uow.now - timedelta(days=policy.contest_days + 1)),
                        (Claim.village == holder.village) & (Claim.status == "approved"),
                    ),
                )
                .order_by(Claim.notice_until, Claim.id)
            )
        )
        told = await _tell_entries(uow, own, claims)
        open_now = [claim for claim in claims if is_contestable(claim, uow.now, policy.contest_days)]
        return Contestable(
            holder=holder,
            own=[told[claim.id] for claim in open_now if claim.household in own],
            others=[told[claim.id] for claim in open_now if claim.household not in own and is_on_board(claim)],
            answer_days=policy.answer_days,
        )


async def find_on_board(services: Services, id: UUID) -> ContestableEntry:
    """An entry on notice, as everybody may see it. Raises Refused: unknown."""
    async with services.unit_of_work() as uow:
        claim = await uow.session.get(Claim, (uow.township, id))
        if claim is None or not is_on_board(claim):
            raise Refused(ErrorCode.UNKNOWN, "没有这一件，或者它已经不在公示。")
        return (await _tell_entries(uow, set(), [claim]))[id]


async def _tell_entries(uow: UnitOfWork, own: set[UUID], claims: list[Claim]) -> dict[UUID, ContestableEntry]:
    books = await books_by_version(uow, {claim.rulebook for claim in claims})
    households = await read_households(uow, {claim.household for claim in claims})
    entries = {}
    for claim in claims:
        assert claim.notice_until is not None, "it is on notice or was"
        mine = claim.household in own
        may = disclose(Outsider.CARD if mine else Outsider.PUBLIC, confidentiality_of(claim))
        masked = mask_name(households[claim.household].head) if may.household == "masked" else "某户"
        entries[claim.id] = ContestableEntry(
            id=claim.id,
            title=books[claim.rulebook].get_rule(claim.rule).title if may.subject else UNPUBLISHED,
            masked="" if mine else masked,
            points=claim.points,
            deed_on=claim.deed_on,
            posted=claim.status == "posted",
            until=claim.notice_until,
        )
    return entries
