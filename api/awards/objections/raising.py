"""Objections are raised with a household's card, or taken down at the desk. One to an entry on notice stops its
clock.

A card's PIN isn't asked for: it protects points, and objecting moves none. Whoever has the card without it can
object a few times a day, each of which a supervisor looks into.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from sqlalchemy import func, select

from api import wire
from api.awards.claims.confidentiality import confidentiality_of
from api.awards.claims.notice_clock import stop_clock
from api.awards.claims.tables import Claim
from api.awards.objections.tables import Objection
from api.awards.objections.working_days import find_due_day
from api.bookkeeping.general_ledger.disclosure import Outsider, disclose
from api.platform.access import Role, Staff, require
from api.platform.clock import local_date, start_of_day
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from api.registry.cards.use_cases import CardHolder, find_card_holder
from api.registry.founding.defaults import read_defaults
from api.registry.register.merged import read_absorbed
from api.registry.register.queries import lock_households, read_households_by_code, require_living

TAKERS = (Role.SUPERVISOR, Role.COMMITTEE, Role.OFFICE)
MAX_PER_DAY = 5
"""Objections raised with the card of one household."""
MAX_PER_ENTRY = 2
"""Of one household: what was withdrawn may be raised once more."""
Way = Literal["card", "person", "phone", "finding"]


async def raise_by_card(services: Services, card: str, new: wire.CardObjection) -> None:
    """To an entry of the card's own household, or to one of another on notice. The same again changes nothing.

    Raises MalformedCard, and Refused: card-unknown, card-revoked, card-frozen, household-ended, unknown, conflict,
    wrong-state, already-there, too-many.
    """
    async with services.unit_of_work() as uow:
        holder = await find_card_holder(uow, card)
        await lock_households(uow, [holder.id])
        claim = await lock_claim(uow, new.claim)
        if claim is None or not (is_on_board(claim) or claim.household in await own_households(uow, holder.id)):
            raise _no_entry()
        if await _is_repeated(uow, new.id, new.claim, holder.id):
            return
        await _require_within_day(uow, holder)
        await _add(uow, claim, "card", new, household=holder.id)


async def take_down(services: Services, staff: Staff, new: wire.NewObjection) -> None:
    """For somebody who came or phoned, or a supervisor's own finding. The same again changes nothing.

    Raises Refused: not-allowed, unknown, household-ended, conflict, wrong-state, already-there, malformed.
    """
    require(staff, *([Role.SUPERVISOR] if new.way == "finding" else TAKERS))
    async with services.unit_of_work() as uow:
        household = await _find_objecting(uow, new)
        if household is not None:
            await lock_households(uow, [household])
        claim = await lock_claim(uow, new.claim)
        if claim is None or not may_take_down(staff, claim):
            raise _no_entry()
        if await _is_repeated(uow, new.id, new.claim, household):
            return
        await _add(uow, claim, new.way, new, household=household, objector=new.objector, taken_by=staff.id)


def may_take_down(staff: Staff, claim: Claim) -> bool:
    """Whether this person may be told an objection to this entry."""
    return (
        staff.may(*TAKERS) and staff.serves(claim.village) and disclose(staff, confidentiality_of(claim)).subject
    )


async def lock_claim(uow: UnitOfWork, id: UUID) -> Claim | None:
    """Locked before its objections, always in this order."""
    found: Claim | None = await uow.session.scalar(
        select(Claim).where(Claim.township == uow.township, Claim.id == id).with_for_update()
    )
    return found


def is_contestable(claim: Claim, now: datetime, contest_days: int) -> bool:
    """On notice, or posted so lately that it can still be objected to."""
    if claim.status == "approved":
        return True
    return (
        claim.status == "posted"
        and claim.notice_until is not None
        and now < claim.notice_until + timedelta(days=contest_days)
    )


def is_on_board(claim: Claim) -> bool:
    """On notice for everybody to see what it is for."""
    return claim.status == "approved" and disclose(Outsider.PUBLIC, confidentiality_of(claim)).subject


async def own_households(uow: UnitOfWork, household: UUID) -> set[UUID]:
    """A household with all that have become one with it."""
    return {household, *await read_absorbed(uow, [household])}


async def _find_objecting(uow: UnitOfWork, new: wire.NewObjection) -> UUID | None:
    if new.way == "finding":
        if new.household is not None or new.objector:
            raise Refused(ErrorCode.MALFORMED, "监委自己发现的，不写户和姓名。")
        return None
    if new.household is None:
        if not new.objector:
            raise Refused(ErrorCode.MALFORMED, "请写明是谁提的：姓名，或者户号。")
        return None
    found = (await read_households_by_code(uow, [new.household])).get(new.household)
    if found is None:
        raise Refused(ErrorCode.UNKNOWN, f"没有编号为 {new.household} 的户。")
    return require_living(found).id


async def _is_repeated(uow: UnitOfWork, id: UUID, claim: UUID, household: UUID | None) -> bool:
    existing = await uow.session.get(Objection, (uow.township, id))
    if existing is None:
        return False
    if (existing.claim, existing.household) != (claim, household):
        raise Refused(ErrorCode.CONFLICT, "这个编号已经用过，内容不同。")
    return True


async def _require_within_day(uow: UnitOfWork, holder: CardHolder) -> None:
    raised = await uow.session.scalar(
        select(func.count()).where(
            Objection.township == uow.township,
            Objection.household == holder.id,
            Objection.way == "card",
            Objection.raised_at >= start_of_day(local_date(uow.now)),
        )
    )
    if (raised or 0) >= MAX_PER_DAY:
        raise Refused(ErrorCode.TOO_MANY, f"一户一天最多提 {MAX_PER_DAY} 件异议，请明天再提，或者直接找监委。")


async def _add(
    uow: UnitOfWork,
    claim: Claim,
    way: Way,
    new: wire.CardObjection | wire.NewObjection,
    *,
    household: UUID | None,
    objector: str = "",
    taken_by: UUID | None = None,
) -> None:
    policy = await read_defaults(uow)
    if not is_contestable(claim, uow.now, policy.contest_days):
        raise Refused(
            ErrorCode.WRONG_STATE,
            f"这一件现在不能提异议：只有正在公示的，和入账不到 {policy.contest_days} 天的可以提。",
        )
    if household is not None:
        await _require_first(uow, claim, household)
    if claim.status == "approved":
        stop_clock(claim, uow.now)
    uow.session.add(
        Objection(
            township=uow.township,
            id=new.id,
            claim=claim.id,
            way=way,
            household=household,
            objector=objector,
            taken_by=taken_by,
            posted=claim.status == "posted",
            text=new.text,
            raised_at=uow.now,
            due_on=find_due_day(local_date(uow.now), policy.answer_days),
        )
    )
    await uow.session.flush()


async def _require_first(uow: UnitOfWork, claim: Claim, household: UUID) -> None:
    """An entry isn't kept from the books by raising again what was answered."""
    outcomes = list(
        await uow.session.scalars(
            select(Objection.outcome).where(
                Objection.township == uow.township, Objection.claim == claim.id, Objection.household == household
            )
        )
    )
    if None in outcomes:
        raise Refused(ErrorCode.ALREADY_THERE, "这一户对这一件提过异议，正在核实，请等答复。")
    if len(outcomes) >= MAX_PER_ENTRY or set(outcomes) - {"withdrawn"}:
        raise Refused(ErrorCode.WRONG_STATE, "这一户对这一件提过异议，已经办结，不能再提；有新的情况，请找监委。")


def _no_entry() -> Refused:
    return Refused(ErrorCode.UNKNOWN, "没有这一件，或者它已经不在公示。")
