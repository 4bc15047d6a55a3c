"""What households declared without a PIN: a grid member confirms it and is its declarer, or refuses it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select

from api import wire
from api.awards.claims.declarers import DeclaredWith
from api.awards.claims.same_deed import EarlierDeed
from api.awards.declaring.declarations import declare_by
from api.awards.declaring.declarer import Declarer
from api.awards.declaring.rounds import find_lately
from api.awards.declaring.tables import OwnDeclaration
from api.awards.evidence.naming import read_digests
from api.awards.evidence.queries import ShownPhoto
from api.awards.evidence.use_cases import read_file
from api.awards.rulebooks.use_cases import books_by_version
from api.platform.access import Role, Staff, require
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from api.registry.register.queries import HouseholdFacts, all_households, read_households

CONFIRMERS = (Role.GRID_MEMBER, Role.GRID_LEADER, Role.GRID_GUIDE, Role.CHIEF_GRID_LEADER)
_OWN = "这是您自己家报的，请由别人确认。"
_MAX_SHOWN = 100


@dataclass(frozen=True, slots=True)
class WaitingDeclaration:
    """`answers`: titles and what was filled in; `earlier`: what the household has under the rule for days near;
    `recusal`: why this person can't decide it."""

    own: OwnDeclaration
    household: HouseholdFacts
    title: str
    answers: Sequence[tuple[str, str]]
    photos: Sequence[ShownPhoto]
    earlier: Sequence[EarlierDeed]
    recusal: str


async def list_waiting(services: Services, staff: Staff) -> list[WaitingDeclaration]:
    """Those of the villages that this person serves, the oldest first. Raises Refused: not-allowed."""
    require(staff, *CONFIRMERS)
    async with services.unit_of_work() as uow:
        household = all_households(uow.township)
        found = await uow.session.scalars(
            select(OwnDeclaration)
            .join(household, household.c.id == OwnDeclaration.household)
            .where(
                OwnDeclaration.township == uow.township,
                OwnDeclaration.status == "waiting",
                *([] if staff.village is None else [household.c.village == staff.village]),
            )
            .order_by(OwnDeclaration.declared_at, OwnDeclaration.id)
            .limit(_MAX_SHOWN)
        )
        waiting = found.all()
        households = await read_households(uow, {own.household for own in waiting})
        return [await _to_waiting(uow, staff, own, households[own.household]) for own in waiting]


async def count_waiting(services: Services, staff: Staff) -> int:
    """How many this person can decide; none for who may not."""
    if not staff.may(*CONFIRMERS):
        return 0
    async with services.unit_of_work() as uow:
        household = all_households(uow.township)
        counted = (
            select(func.count())
            .select_from(OwnDeclaration)
            .join(household, household.c.id == OwnDeclaration.household)
            .where(
                OwnDeclaration.township == uow.township,
                OwnDeclaration.status == "waiting",
                household.c.code.not_in(staff.own | staff.relatives),
                *([] if staff.village is None else [household.c.village == staff.village]),
            )
        )
        return await uow.session.scalar(counted) or 0


async def read_waiting_photo(services: Services, staff: Staff, id: UUID, digest: str) -> bytes:
    """A photo that goes with what waits for this person. Raises Refused: not-allowed, unknown, wrong-state."""
    async with services.unit_of_work() as uow:
        own, _ = await _lock_waiting(uow, staff, id)
        named = any(digest in read_digests(answer) for answer in own.inputs.values())
    return await read_file(services, digest if named else None)


async def confirm(services: Services, staff: Staff, id: UUID, again: str = "") -> wire.ClaimOutcome:
    """Declare what a household declared. `again`: why it is another deed than one that it has for the day.

    Raises Refused: not-allowed, unknown, wrong-state.
    """
    async with services.unit_of_work() as uow:
        own, household = await _lock_waiting(uow, staff, id)
        claim = wire.NewClaim(
            id=own.id,
            household=household.code,
            rule=own.rule,
            deed_on=own.deed_on,
            inputs=own.inputs,
            person=own.person,
            note=own.note,
            again=again,
            replaces=own.replaces,
        )
        declarer = Declarer(staff, declared_with=DeclaredWith.CONFIRMATION)
        [outcome] = await declare_by(uow, declarer, [claim])
        if outcome.status != "declared":
            raise Refused(ErrorCode.WRONG_STATE, outcome.reason)
        own.status, own.decided_by, own.decided_at = "declared", staff.id, uow.now
        return outcome


async def refuse(services: Services, staff: Staff, id: UUID, reason: str) -> None:
    """The household sees the reason. Raises Refused: not-allowed, unknown, wrong-state."""
    async with services.unit_of_work() as uow:
        own, _ = await _lock_waiting(uow, staff, id)
        own.status, own.decided_by, own.decided_at, own.reason = "refused", staff.id, uow.now, reason


async def _lock_waiting(uow: UnitOfWork, staff: Staff, id: UUID) -> tuple[OwnDeclaration, HouseholdFacts]:
    """Raises Refused: not-allowed, unknown, wrong-state."""
    require(staff, *CONFIRMERS)
    own = await uow.session.get(OwnDeclaration, (uow.township, id), with_for_update=True)
    household = (await read_households(uow, [own.household]))[own.household] if own is not None else None
    if own is None or household is None or not staff.serves(household.village):
        raise Refused(ErrorCode.UNKNOWN, "没有这一件，或者它不是您村里的。")
    recusal = staff.find_recusal({household.code}, _OWN)
    if recusal:
        raise Refused(ErrorCode.NOT_ALLOWED, recusal)
    if own.status != "waiting":
        raise Refused(ErrorCode.WRONG_STATE, "这一件刚才已经有人办了，请刷新页面。")
    return own, household


async def _to_waiting(
    uow: UnitOfWork, staff: Staff, own: OwnDeclaration, household: HouseholdFacts
) -> WaitingDeclaration:
    rule = (await books_by_version(uow, [own.rulebook]))[own.rulebook].get_rule(own.rule)
    options = {option.id: option.title for input in rule.inputs for option in input.options}
    earlier = await find_lately(uow, staff, [household.id], own.rule, own.deed_on)
    return WaitingDeclaration(
        own,
        household,
        rule.title,
        [
            (input.title, options.get(str(own.inputs[input.id]), str(own.inputs[input.id])))
            for input in rule.inputs
            if own.inputs.get(input.id) and not read_digests(own.inputs[input.id])
        ],
        [ShownPhoto(digest, False) for answer in own.inputs.values() for digest in read_digests(answer)],
        earlier.get(household.id, []),
        staff.find_recusal({household.code}, _OWN),
    )
