"""How an objection ends: upheld, dismissed, or withdrawn by who raised it. Each ends once.

A supervisor decides who has nothing to do with it. Upheld, an entry on notice is taken off and voided; a posted
one is corrected through the books, for which a second person confirms the proposal. Dismissed, the notice goes on.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Literal
from uuid import UUID

from sqlalchemy import select

from api.awards.claims import posting
from api.awards.claims.notice_clock import resume_clock
from api.awards.claims.tables import Claim
from api.awards.claims.taking_back import propose_taking_back
from api.awards.objections.raising import lock_claim, own_households
from api.awards.objections.tables import Objection
from api.awards.review.signatures import Progress, read_progress
from api.platform.access import Role, Staff, require
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from api.registry.cards.use_cases import find_card_holder
from api.registry.register.queries import read_households

OUTCOMES = {"upheld": "成立", "dismissed": "不成立", "withdrawn": "已撤回"}
OWN_MATTER = "这是您自己家的事，请由别的监委成员决定。"
Decision = Literal["upheld", "dismissed"]


@dataclass(frozen=True, slots=True)
class Case:
    """What there is to know of who may decide objections to an entry: its `makers` declared it or had a say in it,
    its `takers` wrote the open ones down; the codes of its household and of those that object."""

    village: str
    household: str
    makers: Collection[UUID]
    takers: Collection[UUID]
    objecting: Collection[str]


def find_obstacle(staff: Staff, case: Case) -> str:
    """Why this person can't decide, one sentence; empty if they can. Upholding one objection to an entry upholds
    all, so whoever is kept from one of them is kept from all."""
    if not staff.may(Role.SUPERVISOR) or not staff.serves(case.village):
        return "异议由本村或全乡的监委成员决定。"
    if any(staff.is_same(person) for person in case.takers):
        return "这份异议是您提的或记下的，请由别的监委成员决定。"
    return find_interest(staff, case) or staff.find_recusal(case.objecting, OWN_MATTER)


def find_interest(staff: Staff, case: Case) -> str:
    """Why the entry itself concerns this person: they aren't told who objected to it either."""
    if any(staff.is_same(person) for person in case.makers):
        return "这一件是您申报或签认的，异议请由别的监委成员决定。"
    return staff.find_recusal({case.household}, OWN_MATTER)


async def uphold(services: Services, staff: Staff, id: UUID, reason: str) -> None:
    """Raises Refused: not-allowed, unknown, wrong-state."""
    await _decide(services, staff, id, "upheld", reason)


async def dismiss(services: Services, staff: Staff, id: UUID, reason: str) -> None:
    """Raises Refused: not-allowed, unknown, wrong-state."""
    await _decide(services, staff, id, "dismissed", reason)


async def withdraw_by_card(services: Services, card: str, id: UUID) -> None:
    """Raises MalformedCard, and Refused: card-unknown, card-revoked, card-frozen, unknown, wrong-state."""
    async with services.unit_of_work() as uow:
        holder = await find_card_holder(uow, card)
        claim, objections = await _lock(uow, id)
        objection = objections[id]
        if objection.way != "card" or objection.household not in await own_households(uow, holder.id):
            raise _unknown()
        if objection.outcome != "withdrawn":
            _require_open(objection)
            await _end(uow, claim, objections.values(), [objection], "withdrawn")


async def withdraw_at_desk(services: Services, staff: Staff, id: UUID, reason: str) -> None:
    """For who came or phoned, by a supervisor who could decide it but for having taken it down; or one's own
    finding. Raises Refused: not-allowed, unknown, wrong-state.
    """
    require(staff, Role.SUPERVISOR)
    async with services.unit_of_work() as uow:
        claim, objections = await _lock(uow, id)
        objection = objections[id]
        if not staff.serves(claim.village):
            raise _unknown()
        if objection.way == "card":
            raise Refused(ErrorCode.NOT_ALLOWED, "这份异议是用户卡提的，请户主在自己的页面上撤回。")
        if objection.way == "finding" and objection.taken_by != staff.id:
            raise Refused(ErrorCode.NOT_ALLOWED, "监委自己发现的，由提的人自己撤回。")
        if objection.outcome == "withdrawn" and objection.ended_by == staff.id:
            return
        _require_open(objection)
        if objection.way != "finding":
            case = (await read_cases(uow, [claim], [objection]))[claim.id]
            obstacle = find_obstacle(staff, replace(case, takers=()))
            if obstacle:
                raise Refused(ErrorCode.NOT_ALLOWED, obstacle)
        await _end(uow, claim, objections.values(), [objection], "withdrawn", staff.id, reason)


async def read_cases(
    uow: UnitOfWork, claims: Collection[Claim], still_open: Collection[Objection]
) -> dict[UUID, Case]:
    """By claim; `still_open`: all open objections to them."""
    progress = await read_progress(uow, [claim.id for claim in claims])
    objections: defaultdict[UUID, list[Objection]] = defaultdict(list)
    for objection in still_open:
        objections[objection.claim].append(objection)
    objecting = {o.household for o in still_open if o.household is not None}
    households = await read_households(uow, {*objecting, *(claim.household for claim in claims)})
    return {
        claim.id: Case(
            village=claim.village,
            household=households[claim.household].code,
            makers=_list_makers(claim, progress[claim.id]),
            takers={o.taken_by for o in objections[claim.id] if o.taken_by is not None},
            objecting={households[o.household].code for o in objections[claim.id] if o.household is not None},
        )
        for claim in claims
    }


def _list_makers(claim: Claim, progress: Progress) -> set[UUID]:
    voters = {*progress.signed, *progress.voters}
    return voters if claim.declared_by is None else {claim.declared_by, *voters}


async def _decide(services: Services, staff: Staff, id: UUID, decision: Decision, reason: str) -> None:
    require(staff, Role.SUPERVISOR)
    async with services.unit_of_work() as uow:
        claim, objections = await _lock(uow, id)
        objection = objections[id]
        if not staff.serves(claim.village):
            raise _unknown()
        if (objection.outcome, objection.ended_by, objection.reason) == (decision, staff.id, reason):
            return
        _require_open(objection)
        still_open = [each for each in objections.values() if each.outcome is None]
        obstacle = find_obstacle(staff, (await read_cases(uow, [claim], still_open))[claim.id])
        if obstacle:
            raise Refused(ErrorCode.NOT_ALLOWED, obstacle)
        if decision == "dismissed":
            await _end(uow, claim, objections.values(), [objection], decision, staff.id, reason)
        elif claim.status == "approved":
            await posting.void(uow, [claim], str(staff.id), reason)
            claim.status, claim.notice_stopped_at = "refused", None
            claim.refused_by, claim.refused_at, claim.refusal = staff.id, uow.now, reason
            await _end(uow, claim, objections.values(), still_open, decision, staff.id, reason)
        else:
            correction = await propose_taking_back(uow, staff, claim, reason)
            await _end(uow, claim, objections.values(), still_open, decision, staff.id, reason, correction)


async def _lock(uow: UnitOfWork, id: UUID) -> tuple[Claim, dict[UUID, Objection]]:
    """The claim that an objection is about and all objections to it, locked. Raises Refused: unknown."""
    claim_id = await uow.session.scalar(
        select(Objection.claim).where(Objection.township == uow.township, Objection.id == id)
    )
    claim = None if claim_id is None else await lock_claim(uow, claim_id)
    if claim is None:
        raise _unknown()
    found = await uow.session.scalars(
        select(Objection).where(Objection.township == uow.township, Objection.claim == claim.id).with_for_update()
    )
    return claim, {objection.id: objection for objection in found}


async def _end(
    uow: UnitOfWork,
    claim: Claim,
    all_of_claim: Collection[Objection],
    ending: Sequence[Objection],
    outcome: str,
    ended_by: UUID | None = None,
    reason: str = "",
    correction: UUID | None = None,
) -> None:
    for objection in ending:
        objection.outcome, objection.reason = outcome, reason
        objection.ended_by, objection.ended_at = ended_by, uow.now
        objection.correction = correction if objection.posted else None
    if claim.notice_stopped_at is not None and all(each.outcome is not None for each in all_of_claim):
        resume_clock(claim, uow.now)
    await uow.session.flush()


def _require_open(objection: Objection) -> None:
    if objection.outcome is not None:
        raise Refused(ErrorCode.WRONG_STATE, f"这份异议已经办结（{OUTCOMES[objection.outcome]}），请刷新页面。")


def _unknown() -> Refused:
    return Refused(ErrorCode.UNKNOWN, "没有这份异议。")
