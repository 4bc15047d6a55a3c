"""What somebody decides at the desk is held for a minute, in which they may undo it, and then carried out.

In the books nothing is undone: until then nothing is in them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or
from uuid_utils.compat import uuid7

from api import wire
from api.awards.claims.tables import Claim
from api.awards.review import returning, use_cases
from api.awards.review.signatures import Step, find_obstacle
from api.awards.review.tables import HeldDecision
from api.awards.review.voting import lock_claims
from api.platform.access import Staff
from api.platform.errors import Refused
from api.platform.services import Services, UnitOfWork
from api.registry.people.queries import find_serving

UNDO_FOR: Final = timedelta(minutes=1)
_AT_ONCE: Final = 2_000
_PROBLEMS_SHOWN_FOR: Final = timedelta(hours=12)
_IS_OPEN = HeldDecision.undone_at.is_(None) & HeldDecision.carried_out_at.is_(None)


class DeskAct(StrEnum):
    """What is decided about a claim whose turn it is."""

    REVIEW = "review"
    APPROVE = "approve"
    REFUSE = "refuse"
    RETURN = "return"


STEPS: Final[Mapping[DeskAct, Step]] = {DeskAct.REVIEW: "review", DeskAct.APPROVE: "approve"}
"""What signing is."""


@dataclass(frozen=True, slots=True)
class HeldGroup:
    """What was decided at once, by the ids of the decisions and their claims. `problem`: it was due, and couldn't
    be carried out; empty while it can be undone."""

    act: DeskAct
    due_at: datetime
    problem: str
    ids: list[UUID] = field(default_factory=list)
    claims: list[UUID] = field(default_factory=list)


async def decide(
    services: Services, staff: Staff, act: DeskAct, ids: Sequence[UUID], reason: str, undo_for: timedelta
) -> list[wire.ClaimOutcome]:
    """What stands in the way now is told now; the rest is `held`, or carried out at once if nothing can be undone
    (`undo_for` of zero). The same again is a retry. Raises Refused: not-allowed."""
    if not undo_for:
        return await _carry_out(services, staff, act, ids, reason)
    async with services.unit_of_work() as uow:
        outcomes: dict[UUID, wire.ClaimOutcome] = {}
        claims = await lock_claims(uow, ids)
        for id in dict.fromkeys(ids):
            locked = claims.get(id)
            if locked is None or not staff.serves(locked.claim.village):
                obstacle = "没有这条申报。"
            else:
                obstacle = find_obstacle(staff, locked.claim, locked.progress, locked.household, STEPS.get(act))
            points = locked.claim.points if locked is not None else 0
            status = "refused" if obstacle else "held"
            outcomes[id] = wire.ClaimOutcome(id=id, status=status, points=points, reason=obstacle)
        held = [
            {
                "township": uow.township,
                "id": uuid7(),
                "claim": outcome.id,
                "person": staff.id,
                "act": act,
                "reason": reason,
                "decided_at": uow.now,
                "due_at": uow.now + undo_for,
            }
            for outcome in outcomes.values()
            if outcome.status == "held"
        ]
        if held:
            await uow.session.execute(insert_or(HeldDecision).on_conflict_do_nothing(), held)
        return list(outcomes.values())


async def undo(services: Services, staff: Staff, ids: Collection[UUID]) -> int:
    """One's own decisions that are still held; returns how many were."""
    async with services.unit_of_work() as uow:
        undone = await uow.session.execute(
            update(HeldDecision)
            .where(
                HeldDecision.township == uow.township,
                HeldDecision.id.in_(ids),
                HeldDecision.person == staff.id,
                HeldDecision.due_at > uow.now,
                HeldDecision.undone_at.is_(None),
                HeldDecision.begun_at.is_(None),
            )
            .values(undone_at=uow.now)
            .returning(HeldDecision.id)
        )
        return len(undone.all())


async def list_held(services: Services, staff: Staff) -> list[HeldGroup]:
    """One's own that can be undone, and those of late that couldn't be carried out; the latest first."""
    async with services.unit_of_work() as uow:
        rows = await uow.session.scalars(
            select(HeldDecision)
            .where(
                HeldDecision.township == uow.township,
                HeldDecision.person == staff.id,
                HeldDecision.decided_at > uow.now - _PROBLEMS_SHOWN_FOR,
                (HeldDecision.problem != "") | (_IS_OPEN & (HeldDecision.due_at > uow.now)),
            )
            .order_by(HeldDecision.decided_at.desc(), HeldDecision.id.desc())
        )
        groups: dict[tuple[str, datetime, str], HeldGroup] = {}
        for row in rows:
            key = (row.act, row.due_at, row.problem)
            group = groups.setdefault(key, HeldGroup(DeskAct(row.act), row.due_at, row.problem))
            group.ids.append(row.id)
            group.claims.append(row.claim)
        return list(groups.values())


def is_held_by(staff: Staff) -> ColumnElement[bool]:
    """The condition for claims that this person has decided, and that isn't carried out yet."""
    return (
        select(HeldDecision.id)
        .where(
            HeldDecision.township == Claim.township,
            HeldDecision.claim == Claim.id,
            HeldDecision.person == staff.id,
            _IS_OPEN,
        )
        .exists()
    )


async def carry_out_held(services: Services) -> int:
    """A job: what is due, by those who decided it, as far as they still serve and aren't frozen; returns how
    many."""
    async with services.unit_of_work() as uow:
        due = await _begin_due(uow)
        people = await find_serving(uow, {each.person for each in due})
    batches: defaultdict[tuple[UUID, str, str], list[HeldDecision]] = defaultdict(list)
    for each in due:
        batches[each.person, each.act, each.reason].append(each)
    for (person, act, reason), batch in batches.items():
        staff = people.get(person)
        problems = dict.fromkeys((each.claim for each in batch), "您的任职已经结束，没有办。")
        if staff is not None and staff.frozen:
            problems = dict.fromkeys(problems, staff.frozen)
        elif staff is not None:
            problems = await _find_problems(services, staff, DeskAct(act), list(problems), reason)
        await _end(services, batch, problems)
    return len(due)


async def _find_problems(
    services: Services, staff: Staff, act: DeskAct, ids: Sequence[UUID], reason: str
) -> dict[UUID, str]:
    """Carry out; what stood in the way of each. Duties may have been taken away since it was decided."""
    try:
        outcomes = await _carry_out(services, staff, act, ids, reason)
    except Refused as refusal:
        return dict.fromkeys(ids, refusal.detail)
    return {each.id: each.reason if each.status == "refused" else "" for each in outcomes}


async def _begin_due(uow: UnitOfWork) -> list[HeldDecision]:
    """From here on they can't be undone. One that was begun and not ended, since the server stopped, is begun
    again: carried out twice, it counts once."""
    due = await uow.session.scalars(
        select(HeldDecision)
        .where(HeldDecision.township == uow.township, HeldDecision.due_at <= uow.now, _IS_OPEN)
        .order_by(HeldDecision.due_at, HeldDecision.id)
        .limit(_AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    begun = list(due)
    await uow.session.execute(
        update(HeldDecision)
        .where(HeldDecision.township == uow.township, HeldDecision.id.in_([each.id for each in begun]))
        .values(begun_at=uow.now)
    )
    return begun


async def _end(services: Services, batch: Sequence[HeldDecision], problems: dict[UUID, str]) -> None:
    async with services.unit_of_work() as uow:
        rows = [
            {"township": uow.township, "id": each.id, "carried_out_at": uow.now, "problem": problems[each.claim]}
            for each in batch
        ]
        await uow.session.execute(update(HeldDecision), rows)


async def _carry_out(
    services: Services, staff: Staff, act: DeskAct, ids: Sequence[UUID], reason: str
) -> list[wire.ClaimOutcome]:
    match act:
        case DeskAct.REVIEW:
            return await use_cases.review(services, staff, ids)
        case DeskAct.APPROVE:
            return await use_cases.approve(services, staff, ids)
        case DeskAct.REFUSE | DeskAct.RETURN:
            return [await _carry_out_one(services, staff, act, id, reason) for id in ids]


async def _carry_out_one(
    services: Services, staff: Staff, act: DeskAct, id: UUID, reason: str
) -> wire.ClaimOutcome:
    try:
        if act is DeskAct.REFUSE:
            await use_cases.refuse(services, staff, id, reason)
            return wire.ClaimOutcome(id=id, status="voted-down", reason=reason)
        await returning.send_back(services, staff, id, reason)
        return wire.ClaimOutcome(id=id, status="returned", reason=reason)
    except Refused as refusal:
        return wire.ClaimOutcome(id=id, status="refused", reason=refusal.detail)
