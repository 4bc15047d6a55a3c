"""Supervisors freeze a rule, a card, a till or a person, and lift that again."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from api import wire
from api.desk.freezes.things import Named, find_wanted, name_things
from api.platform.access import Role, Staff, require
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from api.registry.freezes import use_cases as freezes
from api.registry.freezes.queries import ListedFreeze, list_freezes
from api.registry.people.queries import read_names

READERS = (Role.OFFICE, Role.SUPERVISOR, Role.COMMITTEE)
MAX_SHOWN = 200


async def freeze(services: Services, staff: Staff, new: wire.NewFreeze) -> None:
    """Safe to repeat. Raises Refused: not-allowed, unknown, wrong-state, malformed, conflict, date-wrong,
    already-there, same-person."""
    require(staff, Role.SUPERVISOR)
    async with services.unit_of_work() as uow:
        thing = await find_wanted(uow, new)
        _require_able(staff, (await name_things(uow, [thing]))[thing])
        await freezes.freeze(uow, staff, new.id, thing, new.reason, new.ends_on)


async def lift(services: Services, staff: Staff, id: UUID, reason: str) -> None:
    """Safe to repeat. Raises Refused: not-allowed, unknown, wrong-state."""
    require(staff, Role.SUPERVISOR)
    async with services.unit_of_work() as uow:
        thing = await freezes.find_thing(uow, id)
        _require_able(staff, (await name_things(uow, [thing]))[thing])
        await freezes.lift(uow, staff, id, reason)


async def list_all(services: Services, staff: Staff, *, past: bool = False) -> list[wire.FreezeView]:
    """What is frozen now where this person serves, or what was; the newest first. Raises Refused: not-allowed."""
    require(staff, *READERS)
    async with services.unit_of_work() as uow:
        found = await list_freezes(uow, now=not past, limit=MAX_SHOWN)
        return await _to_views(uow, staff, found)


def _require_able(staff: Staff, named: Named) -> None:
    obstacle = named.find_obstacle(staff)
    if obstacle:
        raise Refused(ErrorCode.NOT_ALLOWED, obstacle)


async def _to_views(uow: UnitOfWork, staff: Staff, found: Sequence[ListedFreeze]) -> list[wire.FreezeView]:
    named = await name_things(uow, {each.thing for each in found})
    people = await read_names(uow, {id for each in found for id in (each.frozen_by, each.lifted_by) if id})
    shown = [(each, named[each.thing]) for each in found]
    return [
        wire.FreezeView(
            id=each.id,
            kind=each.thing.kind,
            thing=what.key,
            title=what.title,
            village=what.village,
            reason=each.facts.reason,
            body=each.facts.body,
            frozen_by=people[each.frozen_by],
            frozen_at=each.facts.frozen_at,
            ends_on=each.facts.ends_on,
            holds=each.holds,
            lifted_by=people[each.lifted_by] if each.lifted_by is not None else "",
            lifted_at=each.lifted_at,
            lift_reason=each.lift_reason,
            blocked_reason=_find_obstacle(staff, each, what),
        )
        for each, what in shown
        if _may_see(staff, what)
    ]


def _may_see(staff: Staff, what: Named) -> bool:
    """What stops a rule everywhere concerns every village."""
    if what.village is None:
        return staff.serves_township or what.thing.rule is not None
    return staff.serves(what.village)


def _find_obstacle(staff: Staff, found: ListedFreeze, what: Named) -> str:
    if not staff.may(Role.SUPERVISOR):
        return "由监委解除。"
    return what.find_obstacle(staff) or freezes.find_lifting_obstacle(staff, found.facts.by_village)
