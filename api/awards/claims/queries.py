"""What the desk shows: a person's own declarations, and those that wait for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select, true

from api import wire
from api.awards.claims import deductions
from api.awards.claims.corrections import net, taken_back
from api.awards.claims.declaring import DECLARERS
from api.awards.claims.tables import Claim
from api.awards.claims.use_cases import REVIEWERS
from api.awards.rulebooks.use_cases import adopted, in_force
from api.platform.access import Role, Staff
from api.platform.clock import local_date
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from api.registry.people.queries import name_subquery
from api.registry.register import queries as register
from api.registry.register.queries import VillageFacts
from rules import format_limit

SHOWN = 100
DECIDERS = (Role.COMMITTEE, Role.COUNCIL, Role.PARTY_BRANCH, Role.SUPERVISOR)


@dataclass(frozen=True, slots=True)
class ClaimLine:
    """A claim as the desk lists it; `barred` says why this person leaves it to another. `points` are what is left
    of it once corrections took `taken_back`; its status is then `corrected`."""

    id: UUID
    household: str
    head: str
    title: str
    points: int
    taken_back: int
    deed_on: date
    status: str
    declared_by: str
    declared_at: datetime
    notice_until: datetime | None
    refusal: str
    barred: str


@dataclass(frozen=True, slots=True)
class Pile:
    """The oldest `SHOWN` of the claims that wait, and how many there are."""

    lines: list[ClaimLine]
    total: int


@dataclass(frozen=True, slots=True)
class Budget:
    """A limit of the book on all that a village gives: what it says, and what is left of it today."""

    text: str
    left: int


@dataclass(frozen=True, slots=True)
class Desk:
    """A pile is None where this person has nothing to do with it."""

    mine: list[ClaimLine] | None
    to_review: Pile | None
    to_approve: Pile | None
    on_notice: Pile | None
    budgets: list[Budget]


@dataclass(frozen=True, slots=True)
class Details:
    line: ClaimLine
    person: str
    note: str
    answers: list[tuple[str, str]]
    explanation: list[str]
    reviewed_by: str
    approved_by: str
    refusable: bool


async def desk(services: Services, staff: Staff) -> Desk:
    async with services.unit_of_work() as uow:
        return Desk(
            mine=await _mine(uow, staff) if staff.may(*DECLARERS) else None,
            to_review=await _pile(uow, staff, "declared", _theirs(staff, REVIEWERS, 0))
            if staff.may(*REVIEWERS, *deductions.BODIES.values())
            else None,
            to_approve=await _pile(uow, staff, "reviewed", _theirs(staff, (Role.COMMITTEE,), 1))
            if staff.may(*deductions.BODIES.values())
            else None,
            on_notice=await _pile(uow, staff, "approved") if staff.may(Role.SUPERVISOR) else None,
            budgets=await _budgets(uow, staff) if staff.village and staff.may(*DECIDERS) else [],
        )


async def details(services: Services, staff: Staff, id: UUID) -> Details:
    """Raises Refused: unknown."""
    async with services.unit_of_work() as uow:
        row = (
            await uow.session.execute(
                select(
                    Claim,
                    name_subquery(Claim.township, Claim.reviewed_by).label("reviewer"),
                    name_subquery(Claim.township, Claim.approved_by).label("approver"),
                ).where(Claim.township == uow.township, Claim.id == id, *_within(staff))
            )
        ).first()
        if row is None:
            raise Refused(ErrorCode.UNKNOWN, "没有这条申报。")
        claim, reviewed_by, approved_by = row
        [line] = await _lines(uow, staff, [Claim.id == id])
        rule = (await adopted(uow, {claim.rulebook}))[claim.rulebook].get_rule(claim.rule)
        options = {option.id: option.title for asked in rule.inputs for option in asked.options}
        return Details(
            line=line,
            person=claim.person,
            note=claim.note,
            answers=[
                (asked.title, options.get(str(claim.inputs[asked.id]), str(claim.inputs[asked.id])))
                for asked in rule.inputs
                if asked.id in claim.inputs
            ],
            explanation=claim.explanation,
            reviewed_by=reviewed_by or "",
            approved_by=approved_by or "",
            refusable=_refusable(staff, claim.status),
        )


async def explanation(services: Services, staff: Staff, id: UUID) -> wire.ClaimExplanation:
    """Raises Refused: unknown."""
    async with services.unit_of_work() as uow:
        claim = await uow.session.scalar(
            select(Claim).where(Claim.township == uow.township, Claim.id == id, *_within(staff))
        )
        if claim is None:
            raise Refused(ErrorCode.UNKNOWN, "没有这条申报。")
        return wire.ClaimExplanation(
            id=claim.id, points=claim.points, sentences=claim.explanation, trace=claim.trace
        )


def _refusable(staff: Staff, status: str) -> bool:
    """Once on notice, only the supervisory committee turns a claim down."""
    if status == "approved":
        return staff.may(Role.SUPERVISOR)
    return status in ("declared", "reviewed") and staff.may(*REVIEWERS, Role.COMMITTEE, Role.SUPERVISOR)


async def villages(services: Services, staff: Staff) -> list[VillageFacts]:
    """The villages this person serves."""
    async with services.unit_of_work() as uow:
        return [village for village in await register.list_villages(uow) if staff.serves(village.code)]


async def _mine(uow: UnitOfWork, staff: Staff) -> list[ClaimLine]:
    return await _lines(uow, staff, [Claim.declared_by == staff.id], newest_first=True, limit=20)


async def _budgets(uow: UnitOfWork, staff: Staff) -> list[Budget]:
    """What the book lets this person's village still give: points are a promise of goods."""
    today = local_date(uow.now)
    village = staff.village or ""
    book = await in_force(uow, today, village)
    budgets = []
    for limit in book.total_limits if book else ():
        if limit.per != "village" or limit.points is None:
            continue
        starts, ends = limit.window(today)
        given = (
            Claim.village == village,
            Claim.status != "refused",
            Claim.points > 0,
            Claim.deed_on >= starts,
            Claim.deed_on < ends,
        )
        points = await uow.session.scalar(
            select(func.coalesce(func.sum(Claim.points), 0)).where(Claim.township == uow.township, *given)
        )
        used = int(points or 0) - sum((await taken_back(uow, *given)).values())
        budgets.append(Budget(format_limit(limit), max(0, limit.points - used)))
    return budgets


def _theirs(staff: Staff, roles: Sequence[Role], place: int) -> ColumnElement[bool]:
    """The awards that these roles see to, if the person has one, and the deductions they may sign."""
    mine = deductions.waiting_for(staff, place)
    return or_(deductions.is_award(), mine) if staff.may(*roles) else mine


async def _pile(uow: UnitOfWork, staff: Staff, status: str, *conditions: ColumnElement[bool]) -> Pile:
    waiting = [Claim.status == status, *_within(staff), *conditions]
    total = await uow.session.scalar(
        select(func.count()).select_from(Claim).where(Claim.township == uow.township, *waiting)
    )
    return Pile(await _lines(uow, staff, waiting), total or 0)


def _within(staff: Staff) -> list[ColumnElement[bool]]:
    return [] if staff.village is None else [Claim.village == staff.village]


async def _lines(
    uow: UnitOfWork,
    staff: Staff,
    conditions: Sequence[ColumnElement[bool]],
    *,
    newest_first: bool = False,
    limit: int = SHOWN,
) -> list[ClaimLine]:
    order = (Claim.declared_at, Claim.id)
    household = register.lateral_household(Claim.township, Claim.household)
    declarer = name_subquery(Claim.township, Claim.declared_by)
    rows = (
        await uow.session.execute(
            select(Claim, household.c.code, household.c.head, declarer.label("declarer"))
            .join(household, true())
            .where(Claim.township == uow.township, *conditions)
            .order_by(*([column.desc() for column in order] if newest_first else order))
            .limit(limit)
        )
    ).all()
    books = await adopted(uow, {claim.rulebook for claim, *_ in rows})
    back = await taken_back(uow, Claim.id.in_([claim.id for claim, *_ in rows]))
    return [
        ClaimLine(
            id=claim.id,
            household=code,
            head=head,
            title=books[claim.rulebook].get_rule(claim.rule).title,
            points=net(claim.points, back.get(claim.id, 0)),
            taken_back=back.get(claim.id, 0),
            deed_on=claim.deed_on,
            status="corrected" if claim.id in back else claim.status,
            declared_by=declared_by,
            declared_at=claim.declared_at,
            notice_until=claim.notice_until,
            refusal=claim.refusal,
            barred=_barred(staff, claim, code),
        )
        for claim, code, head, declared_by in rows
    ]


def _barred(staff: Staff, claim: Claim, household: str) -> str:
    if claim.declared_by == staff.id:
        return "您申报的，请由别人办理"
    if claim.reviewed_by == staff.id:
        return "您评议的，请由别人审定"
    if staff.household == household:
        return "您自己家的，请由别人办理"
    return ""
