"""A drawn award is visited again by a supervisor who has nothing to do with it, and what was found is kept."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select

from api import wire
from api.awards.claims.taking_back import propose_taking_back
from api.awards.draws.tables import DrawDice, DrawnClaim, Visit
from api.awards.objections.deciding import Case, read_cases
from api.awards.objections.raising import lock_claim
from api.platform.access import Role, Staff, require
from api.platform.clock import local_date
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services

OUTCOMES = {"confirmed": "属实", "not-as-declared": "与申报不符", "nobody-met": "没有见到人"}
OWN = "这是您自己家的，请由别的监委成员核实。"


def find_obstacle(staff: Staff, case: Case) -> str:
    """Why this person can't visit, one sentence; empty if they can."""
    if not staff.may(Role.SUPERVISOR) or not staff.serves(case.village):
        return "抽查由本村或全乡的监委成员核实。"
    if any(staff.is_same(person) for person in case.makers):
        return "这一件是您申报或签认的，请由别的监委成员核实。"
    return staff.find_recusal({case.household}, OWN)


async def record_visit(services: Services, staff: Staff, claim_id: UUID, new: wire.NewVisit) -> None:
    """Not as declared, its correction is proposed, for a second person to confirm. The same again changes nothing.

    Raises Refused: not-allowed, unknown, conflict, wrong-state, malformed.
    """
    require(staff, Role.SUPERVISOR)
    async with services.unit_of_work() as uow:
        drawn = await uow.session.get(DrawnClaim, (uow.township, claim_id))
        if drawn is None or not staff.serves(drawn.village):
            raise Refused(ErrorCode.UNKNOWN, "抽中的里面没有这一件。")
        claim = await lock_claim(uow, claim_id)
        assert claim is not None, "what is drawn is a claim"
        visits = (
            await uow.session.scalars(select(Visit).where(Visit.township == uow.township, Visit.claim == claim_id))
        ).all()
        told = (new.outcome, new.reason, new.visited_on, staff.id)
        if any((v.outcome, v.reason, v.visited_on, v.visited_by) == told for v in visits if v.id == new.id):
            return
        if await uow.session.get(Visit, (uow.township, new.id)) is not None:
            raise Refused(ErrorCode.CONFLICT, "这个编号已经用过，内容不同。")
        if any(visit.outcome != "nobody-met" for visit in visits):
            raise Refused(ErrorCode.WRONG_STATE, "这一件已经核实过，请刷新页面。")
        obstacle = find_obstacle(staff, (await read_cases(uow, [claim], []))[claim.id])
        if obstacle:
            raise Refused(ErrorCode.NOT_ALLOWED, obstacle)
        dice = await uow.session.get_one(DrawDice, (uow.township, drawn.village, drawn.month))
        if not local_date(dice.typed_at) <= new.visited_on <= local_date(uow.now):
            raise Refused(ErrorCode.MALFORMED, "上门的日期应在抽中以后，不晚于今天。")
        correction = None
        if new.outcome == "not-as-declared":
            correction = await propose_taking_back(uow, staff, claim, new.reason)
        uow.session.add(
            Visit(
                township=uow.township,
                id=new.id,
                claim=claim_id,
                outcome=new.outcome,
                reason=new.reason,
                visited_on=new.visited_on,
                visited_by=staff.id,
                recorded_at=uow.now,
                correction=correction,
            )
        )
        await uow.session.flush()
