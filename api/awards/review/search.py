"""Find claims by household, rule, people, days and state: the newest first, page by page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select, tuple_

from api.awards.claims.tables import Claim
from api.awards.review.queries import ClaimSummary, load_summaries
from api.awards.review.tables import ClaimSignature
from api.awards.rulebooks.use_cases import find_rules
from api.platform.access import Staff
from api.platform.services import Services, UnitOfWork
from api.registry.people.queries import find_people
from api.registry.register.search import find_households

PAGE = 50
"""Claims on a page."""
_MOST_HOUSEHOLDS = 200


@dataclass(frozen=True, slots=True)
class ClaimSearch:
    """What is asked for; whatever is empty asks for nothing. `household`: as anybody finds one; `rule`: part of
    its title; `person`: part of the name of who declared or signed it; `since` and `until`: days of the deed, both
    included; `before`: the last claim of the page before."""

    household: str = ""
    rule: str = ""
    person: str = ""
    since: date | None = None
    until: date | None = None
    status: str = ""
    before: UUID | None = None


@dataclass(frozen=True, slots=True)
class ClaimPage:
    """`older`: the `before` of the next page, if there is one."""

    claims: list[ClaimSummary]
    older: UUID | None


async def search_claims(services: Services, staff: Staff, asked: ClaimSearch) -> ClaimPage:
    """Among those of the villages that this person serves. A claim whose subject this person may not see isn't
    found by its rule."""
    async with services.unit_of_work() as uow:
        conditions = await _list_conditions(uow, staff, asked)
        claims = await load_summaries(uow, staff, conditions, newest_first=True, limit=PAGE + 1)
    older = claims[PAGE - 1].id if len(claims) > PAGE else None
    return ClaimPage([each for each in claims[:PAGE] if each.shown or not asked.rule], older)


async def _list_conditions(uow: UnitOfWork, staff: Staff, asked: ClaimSearch) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if staff.village is not None:
        conditions.append(Claim.village == staff.village)
    if asked.household:
        found = await find_households(uow, asked.household, staff.village, _MOST_HOUSEHOLDS, ended=True)
        conditions.append(Claim.household.in_([household.id for household in found]))
    if asked.rule:
        conditions.append(tuple_(Claim.rulebook, Claim.rule).in_(await find_rules(uow, asked.rule)))
    if asked.person:
        conditions.append(_involves(await find_people(uow, asked.person)))
    if asked.since is not None:
        conditions.append(Claim.deed_on >= asked.since)
    if asked.until is not None:
        conditions.append(Claim.deed_on <= asked.until)
    if asked.status:
        conditions.append(Claim.status == asked.status)
    if asked.before is not None:
        last = select(Claim.declared_at, Claim.id).where(Claim.township == uow.township, Claim.id == asked.before)
        conditions.append(tuple_(Claim.declared_at, Claim.id) < last.scalar_subquery())
    return conditions


def _involves(people: list[UUID]) -> ColumnElement[bool]:
    signed = (
        select(ClaimSignature.claim)
        .where(
            ClaimSignature.township == Claim.township,
            ClaimSignature.claim == Claim.id,
            ClaimSignature.person.in_(people),
        )
        .exists()
    )
    return or_(Claim.declared_by.in_(people), signed)
