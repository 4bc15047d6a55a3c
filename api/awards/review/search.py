"""Find claims by household, rule, people, days and state: the newest first, page by page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import cast
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select, tuple_

from api.awards.claims.statuses import AWARDED
from api.awards.claims.tables import Claim
from api.awards.review.decisions import approvals
from api.awards.review.queries import ClaimSummary, load_summaries
from api.awards.review.tables import ClaimSignature
from api.awards.rulebooks.use_cases import find_rules
from api.platform.access import Role, Staff, require
from api.platform.clock import local_time
from api.platform.services import Services, UnitOfWork
from api.registry.people.queries import find_people, name_villages, read_names
from api.registry.register.queries import list_grid_households, list_grids
from api.registry.register.search import find_households
from rules import BODY_TITLES, SigningBody

PAGE = 50
"""Claims on a page."""
_MOST_HOUSEHOLDS = 200


@dataclass(frozen=True, slots=True)
class ClaimSearch:
    """What is asked for; whatever is empty asks for nothing. `household`: as anybody finds one; `rule`: part of
    its title; `person`: part of the name of who declared or signed it; `since` and `until`: days of the deed, both
    included; `before`: the last claim of the page before.

    What follows leads from a figure of the supervisors to the claims behind it, and is for them alone: of a
    village, of the living households of a grid, declared by just this person, approved by this one for this body
    between two moments, both included."""

    household: str = ""
    rule: str = ""
    person: str = ""
    since: date | None = None
    until: date | None = None
    status: str = ""
    before: UUID | None = None
    village: str = ""
    grid: str = ""
    declared_by: UUID | None = None
    approved_by: UUID | None = None
    body: str = ""
    decided_since: datetime | None = None
    decided_until: datetime | None = None

    @property
    def is_figure(self) -> bool:
        named = (self.village, self.grid, self.declared_by, self.approved_by, self.body)
        return any(named) or self.decided_since is not None or self.decided_until is not None


@dataclass(frozen=True, slots=True)
class ClaimPage:
    """`older`: the `before` of the next page, if there is one. `figure`: what of a figure it is, in words."""

    claims: list[ClaimSummary]
    older: UUID | None
    figure: str


async def search_claims(services: Services, staff: Staff, asked: ClaimSearch) -> ClaimPage:
    """Among those of the villages that this person serves. A claim whose subject this person may not see isn't
    found by its rule. Raises Refused: not-allowed."""
    if asked.is_figure:
        require(staff, Role.SUPERVISOR)
    async with services.unit_of_work() as uow:
        conditions = await _list_conditions(uow, staff, asked)
        claims = await load_summaries(uow, staff, conditions, newest_first=True, limit=PAGE + 1)
        figure = await _name_figure(uow, asked) if asked.is_figure else ""
    older = claims[PAGE - 1].id if len(claims) > PAGE else None
    return ClaimPage([each for each in claims[:PAGE] if each.shown or not asked.rule], older, figure)


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
    if asked.village:
        conditions.append(Claim.village == asked.village)
    if asked.grid:
        of_grid = [household.id for household in await list_grid_households(uow, asked.village, asked.grid)]
        conditions.append(Claim.household.in_(of_grid))
    if asked.declared_by is not None:
        conditions.append(Claim.declared_by == asked.declared_by)
    if asked.approved_by is not None:
        conditions.append(_is_approved(uow, asked))
    if asked.status == "awarded":
        conditions.append(AWARDED)
    elif asked.status:
        conditions.append(Claim.status == asked.status)
    if asked.before is not None:
        last = select(Claim.declared_at, Claim.id).where(Claim.township == uow.township, Claim.id == asked.before)
        conditions.append(tuple_(Claim.declared_at, Claim.id) < last.scalar_subquery())
    return conditions


def _is_approved(uow: UnitOfWork, asked: ClaimSearch) -> ColumnElement[bool]:
    given = approvals(uow.township, since=asked.decided_since, until=asked.decided_until)
    wanted = [given.c.person == asked.approved_by]
    if asked.body:
        wanted.append(given.c.body == asked.body)
    return Claim.id.in_(select(given.c.claim).where(*wanted))


async def _name_figure(uow: UnitOfWork, asked: ClaimSearch) -> str:
    """E.g. 柳湾村，第一网格，王网格申报的, or 赵评议（道德评议会）6月2日 10:03:05 到 10:03:11 通过的."""
    names = await read_names(uow, [id for id in (asked.declared_by, asked.approved_by) if id is not None])
    parts = [(await name_villages(uow)).get(asked.village, "")]
    parts += [grid.name for grid in await list_grids(uow, asked.village) if grid.code == asked.grid]
    if asked.declared_by is not None:
        parts.append(f"{names.get(asked.declared_by, '')}申报的")
    if asked.approved_by is not None:
        body = f"（{BODY_TITLES[cast(SigningBody, asked.body)]}）" if asked.body in BODY_TITLES else ""
        parts.append(f"{names.get(asked.approved_by, '')}{body}{_name_time(asked)}通过的")
    return "，".join(part for part in parts if part)


def _name_time(asked: ClaimSearch) -> str:
    if asked.decided_since is None or asked.decided_until is None:
        return ""
    since, until = local_time(asked.decided_since), local_time(asked.decided_until)
    first = f"{since.year}年{since.month}月{since.day}日"
    if since.date() != until.date():
        return f"{first}到{until.year}年{until.month}月{until.day}日"
    return f"{first} {since:%H:%M:%S} " + (f"到 {until:%H:%M:%S} " if until != since else "")


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
