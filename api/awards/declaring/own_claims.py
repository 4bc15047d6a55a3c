"""What a person declared and what became of it, the newest first, searched and page by page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select, tuple_

from api.awards.claims.tables import Claim
from api.awards.declaring.drafts import Draft, list_drafts
from api.awards.declaring.rounds import find_own_claim
from api.awards.review.correcting import awaits_correction, is_theirs
from api.awards.review.queries import ClaimSummary, load_summaries
from api.awards.rulebooks.use_cases import book_in_force
from api.platform.access import DECLARERS, Staff, require
from api.platform.clock import local_date
from api.platform.services import Services, UnitOfWork
from api.registry.register.queries import read_households
from api.registry.register.search import find_households

PAGE = 30
_MAX_HOUSEHOLDS = 100


@dataclass(frozen=True, slots=True)
class OwnClaims:
    """`returned`: what was sent back and isn't corrected yet. `older`: after which claim the next page begins;
    None on the last."""

    returned: Sequence[ClaimSummary]
    drafts: Sequence[Draft]
    claims: Sequence[ClaimSummary]
    older: UUID | None


async def list_own_claims(
    services: Services, staff: Staff, text: str = "", after: UUID | None = None
) -> OwnClaims:
    """Those whose household, rule, person or note fits the text. Raises Refused: not-allowed."""
    require(staff, *DECLARERS)
    async with services.unit_of_work() as uow:
        conditions: list[ColumnElement[bool]] = [Claim.declared_by == staff.id]
        if text:
            conditions.append(await _fits(uow, staff, text))
        last = await find_own_claim(uow, staff, after) if after is not None else None
        if last is not None:
            conditions.append(tuple_(Claim.declared_at, Claim.id) < (last.declared_at, last.id))
        found = await load_summaries(uow, staff, conditions, newest_first=True, limit=PAGE + 1)
        shown = found[:PAGE]
        returned = [is_theirs(staff), awaits_correction()]
        return OwnClaims(
            returned=await load_summaries(uow, staff, returned) if after is None and not text else (),
            drafts=await list_drafts(uow, staff) if after is None and not text else (),
            claims=shown,
            older=shown[-1].id if len(found) > PAGE else None,
        )


@dataclass(frozen=True, slots=True)
class ReturnedClaim:
    """`household`: the code of its household."""

    claim: Claim
    household: str


async def find_returned(services: Services, staff: Staff, id: UUID) -> ReturnedClaim | None:
    """A claim that was sent back, if this person may correct it now."""
    async with services.unit_of_work() as uow:
        claim = await uow.session.scalar(
            select(Claim).where(
                Claim.township == uow.township, Claim.id == id, is_theirs(staff), awaits_correction()
            )
        )
        if claim is None:
            return None
        return ReturnedClaim(claim, (await read_households(uow, [claim.household]))[claim.household].code)


async def _fits(uow: UnitOfWork, staff: Staff, text: str) -> ColumnElement[bool]:
    households = await find_households(uow, text, staff.village, _MAX_HOUSEHOLDS, ended=True)
    book = await book_in_force(uow, local_date(uow.now), staff.village or "")
    rules = [rule.id for rule in book.rules.values() if text in rule.title] if book is not None else []
    return or_(
        Claim.household.in_([household.id for household in households]),
        Claim.rule.in_(rules),
        func.strpos(Claim.person, text) > 0,
        func.strpos(Claim.note, text) > 0,
    )
