"""Objections for the desk: those that wait for an answer, those that ended lately, and one with all there is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, select, true

from api import wire
from api.awards.claims.confidentiality import confidentiality_of
from api.awards.claims.tables import Claim
from api.awards.claims.taking_back import tell_corrections
from api.awards.objections.deciding import find_interest, find_obstacle, read_cases
from api.awards.objections.disclosure import disclose_objection
from api.awards.objections.raising import TAKERS, is_contestable, may_take_down
from api.awards.objections.tables import Objection
from api.awards.objections.working_days import count_days_late
from api.awards.rulebooks.use_cases import books_by_version
from api.bookkeeping.general_ledger.disclosure import UNPUBLISHED
from api.platform.access import Role, Staff, require
from api.platform.clock import local_date
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from api.registry.founding.defaults import read_defaults
from api.registry.people.queries import name_subquery
from api.registry.register.queries import lateral_household

SHOWN_FOR = timedelta(days=30)
"""How long lists show what has ended."""
MAX_SHOWN = 200

IS_OPEN = Objection.outcome.is_(None)


@dataclass(frozen=True, slots=True)
class EntryObjections:
    """An entry, the objections to it, and whether another can be taken down."""

    claim: UUID
    household: str
    head: str
    title: str
    points: int
    deed_on: date
    objections: list[wire.ObjectionView]
    contestable: bool


@dataclass(frozen=True, slots=True)
class WaitingObjections:
    """`since`: when the one that waits longest was raised; `late`: how many are past their day."""

    village: str
    number: int
    late: int
    since: datetime


@dataclass(frozen=True, slots=True)
class _Found:
    """An objection with what it is about. `objecting`, `objector`: the code and head of the household that raised
    it."""

    objection: Objection
    claim: Claim
    household: str
    head: str
    objecting: str | None
    objector: str | None
    taken_by: str | None
    ended_by: str | None


async def list_objections(services: Services, staff: Staff, *, ended: bool = False) -> list[wire.ObjectionView]:
    """To supervisors those of their village, to others those that they wrote down: what waits, the first due
    first; or what ended lately, the latest first. Raises Refused: not-allowed.
    """
    require(staff, *TAKERS)
    async with services.unit_of_work() as uow:
        wanted = [Objection.ended_at > uow.now - SHOWN_FOR] if ended else [IS_OPEN]
        order = Objection.ended_at.desc() if ended else Objection.due_on
        found = await _find(uow, *wanted, _readable_by(staff), order=order)
        return await _show(uow, staff, found)


async def show_objection(services: Services, staff: Staff, id: UUID) -> wire.ObjectionView:
    """Raises Refused: not-allowed, unknown."""
    require(staff, *TAKERS)
    async with services.unit_of_work() as uow:
        about = select(Objection.claim).where(Objection.township == uow.township, Objection.id == id)
        shown = await _show(
            uow, staff, await _find(uow, Objection.claim == about.scalar_subquery(), _readable_by(staff))
        )
        for view in shown:
            if view.id == id:
                return view
        raise Refused(ErrorCode.UNKNOWN, "没有这份异议。")


async def show_entry(services: Services, staff: Staff, id: UUID) -> EntryObjections:
    """What an objection is taken down to. Raises Refused: not-allowed, unknown."""
    require(staff, *TAKERS)
    async with services.unit_of_work() as uow:
        household = lateral_household(Claim.township, Claim.household, said_at=Claim.declared_at)
        row = (
            await uow.session.execute(
                select(Claim, household.c.code, household.c.head)
                .join(household, true())
                .where(Claim.township == uow.township, Claim.id == id)
            )
        ).first()
        if row is None or not may_take_down(staff, row[0]):
            raise Refused(ErrorCode.UNKNOWN, "没有这一件，或者它不公示、不由您办理。")
        claim, code, head = row
        book = (await books_by_version(uow, {claim.rulebook}))[claim.rulebook]
        policy = await read_defaults(uow)
        return EntryObjections(
            claim=claim.id,
            household=code,
            head=head,
            title=book.get_rule(claim.rule).title,
            points=claim.points,
            deed_on=claim.deed_on,
            objections=await _show(uow, staff, await _find(uow, Objection.claim == id, _readable_by(staff))),
            contestable=is_contestable(claim, uow.now, policy.contest_days),
        )


async def list_waiting_objections(uow: UnitOfWork) -> list[WaitingObjections]:
    """By village."""
    today = local_date(uow.now)
    rows = await uow.session.execute(
        select(Claim.village, Objection.due_on, Objection.raised_at)
        .join(Claim, (Claim.township == Objection.township) & (Claim.id == Objection.claim))
        .where(Objection.township == uow.township, IS_OPEN)
    )
    by_village: defaultdict[str, list[tuple[date, datetime]]] = defaultdict(list)
    for village, due_on, raised_at in rows:
        by_village[village].append((due_on, raised_at))
    return [
        WaitingObjections(
            village=village,
            number=len(each),
            late=sum(count_days_late(due_on, None, today) > 0 for due_on, _ in each),
            since=min(raised_at for _, raised_at in each),
        )
        for village, each in by_village.items()
    ]


def _readable_by(staff: Staff) -> ColumnElement[bool]:
    if not staff.may(Role.SUPERVISOR):
        return Objection.taken_by == staff.id
    return true() if staff.village is None else Claim.village == staff.village


async def _find(uow: UnitOfWork, *conditions: ColumnElement[bool], order: Any = None) -> list[_Found]:
    household = lateral_household(Claim.township, Claim.household, said_at=Claim.declared_at)
    objecting = lateral_household(
        Objection.township, Objection.household, "objecting", said_at=Objection.raised_at
    )
    rows = await uow.session.execute(
        select(
            Objection,
            Claim,
            household.c.code,
            household.c.head,
            objecting.c.code,
            objecting.c.head,
            name_subquery(Objection.township, Objection.taken_by),
            name_subquery(Objection.township, Objection.ended_by),
        )
        .join(Claim, (Claim.township == Objection.township) & (Claim.id == Objection.claim))
        .join(household, true())
        .outerjoin(objecting, true())
        .where(Objection.township == uow.township, *conditions)
        .order_by(*([] if order is None else [order]), Objection.raised_at, Objection.id)
        .limit(MAX_SHOWN)
    )
    return [_Found(*row) for row in rows]


async def _show(uow: UnitOfWork, staff: Staff, found: Sequence[_Found]) -> list[wire.ObjectionView]:
    books = await books_by_version(uow, {each.claim.rulebook for each in found})
    still_open = [each.objection for each in found if each.objection.outcome is None]
    cases = await read_cases(uow, {each.claim.id: each.claim for each in found}.values(), still_open)
    corrections = await tell_corrections(uow, [each.objection.correction for each in found])
    today = local_date(uow.now)
    shown = []
    for each in found:
        objection, claim = each.objection, each.claim
        may = disclose_objection(
            staff,
            confidentiality_of(claim),
            way=objection.way,
            taken_by=objection.taken_by,
            interested=bool(find_interest(staff, cases[claim.id])),
        )
        shown.append(
            wire.ObjectionView(
                id=objection.id,
                claim=claim.id,
                village=claim.village,
                household=each.household,
                head=each.head,
                title=books[claim.rulebook].get_rule(claim.rule).title if may.subject else UNPUBLISHED,
                points=claim.points,
                deed_on=claim.deed_on,
                way=objection.way,
                posted=objection.posted,
                raised_at=objection.raised_at,
                due_on=objection.due_on,
                days_late=count_days_late(objection.due_on, objection.ended_at, today),
                status=objection.outcome or "open",
                objector=(objection.objector or each.objector or "") if may.objector else "",
                objecting_household=(each.objecting or "") if may.objector else "",
                text=objection.text if may.text else "",
                taken_by=each.taken_by or "",
                reason=objection.reason if may.subject else "",
                ended_by=each.ended_by or "",
                ended_at=objection.ended_at,
                correction=objection.correction,
                corrected=corrections[objection.correction]
                if objection.posted and objection.outcome == "upheld"
                else "",
                blocked_reason=find_obstacle(staff, cases[claim.id]) if objection.outcome is None else "",
            )
        )
    return shown
