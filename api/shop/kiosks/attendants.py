"""Attendants as the desk manages them: who serves at a supermarket, with which PIN, and until when."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from uuid import UUID

from sqlalchemy import select, update
from uuid_utils.compat import uuid7

from api import wire
from api.platform.access import Role, Staff, require
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from api.registry.people.passwords import require_strong_pin
from api.registry.people.queries import name_subquery
from api.registry.register.queries import read_households, read_households_by_code
from api.registry.tries.use_cases import find_hash, hash_secret
from api.shop.kiosks.tables import Attendant, AttendantChange, Kiosk, Shift
from api.shop.kiosks.use_cases import list_serving
from api.shop.supermarkets.use_cases import lock_supermarket, require_served

# Of the village, or of the township.
EDITORS = (Role.OFFICE, Role.COMMITTEE)
READERS = (*EDITORS, Role.SUPERVISOR)


async def add_attendant(services: Services, staff: Staff, data: wire.NewAttendant) -> UUID:
    """The PIN alone may sign an attendant in, so no two who serve at one supermarket may share it.

    Raises Refused: not-allowed, unknown, pin-malformed, pin-taken, already-there.
    """
    require(staff, *EDITORS)
    async with services.unit_of_work() as uow:
        await require_served(uow, staff, data.supermarket)
        household = await _find_household(uow, data.household)
        pin_hash = await _hash_free_pin(uow, data.supermarket, data.pin)
        if any(each.name == data.name for each in await list_serving(uow, data.supermarket)):
            raise Refused(ErrorCode.ALREADY_THERE, f"这家超市已经有一位管理员叫{data.name}，请写得能分清。")
        attendant = Attendant(
            township=uow.township,
            id=uuid7(),
            supermarket=data.supermarket,
            name=data.name,
            pin_hash=pin_hash,
            household=household,
            pin_set_at=uow.now,
        )
        uow.session.add(attendant)
        await uow.session.flush()
        _record(uow, staff, attendant, "added")
        return attendant.id


async def set_pin(services: Services, staff: Staff, id: UUID, data: wire.NewPin) -> None:
    """A new PIN, as the attendant typed it. An open shift goes on.

    Raises Refused: not-allowed, unknown, wrong-state, pin-malformed, pin-taken.
    """
    require(staff, *EDITORS)
    async with services.unit_of_work() as uow:
        attendant = await _lock_serving(uow, staff, id)
        pin_hash = await _hash_free_pin(uow, attendant.supermarket, data.pin, except_for=id)
        attendant.pin_hash, attendant.pin_set_at = pin_hash, uow.now
        _record(uow, staff, attendant, "pin", data.reason)


async def end_attendant(services: Services, staff: Staff, id: UUID, data: wire.AttendantEnding) -> None:
    """Nobody signs in by this PIN any more, and an open shift is closed at once. A till without the network hears
    of it with its next contact; until then it sells what it holds (docs/offline.md). Safe to retry.

    Raises Refused: not-allowed, unknown.
    """
    require(staff, *EDITORS)
    async with services.unit_of_work() as uow:
        attendant = await _lock(uow, staff, id)
        if attendant.ended_at is not None:
            return
        attendant.ended_at = uow.now
        await uow.session.execute(
            update(Shift)
            .where(Shift.township == uow.township, Shift.attendant == id, Shift.closed_at.is_(None))
            .values(closed_at=uow.now)
        )
        _record(uow, staff, attendant, "ended", data.reason)


async def link_household(services: Services, staff: Staff, id: UUID, household: str) -> None:
    """Which household is the attendant's own; an empty code: none. Raises Refused: not-allowed, unknown,
    wrong-state."""
    require(staff, *EDITORS)
    async with services.unit_of_work() as uow:
        attendant = await _lock_serving(uow, staff, id)
        found = await _find_household(uow, household)
        if attendant.household != found:
            attendant.household = found
            _record(uow, staff, attendant, "household", household)


async def list_attendants(services: Services, staff: Staff, supermarket: str) -> list[wire.AttendantView]:
    """Of a supermarket: those who serve, by name, then those who have ended. Raises Refused: not-allowed,
    unknown."""
    require(staff, *READERS)
    async with services.unit_of_work() as uow:
        await require_served(uow, staff, supermarket)
        found = await uow.session.scalars(
            select(Attendant)
            .where(Attendant.township == uow.township, Attendant.supermarket == supermarket)
            .order_by(Attendant.ended_at.desc().nulls_first(), Attendant.name, Attendant.id)
        )
        return await _to_views(uow, found.all())


async def show_attendant(services: Services, staff: Staff, id: UUID) -> wire.AttendantView:
    """Raises Refused: not-allowed, unknown."""
    require(staff, *READERS)
    async with services.unit_of_work() as uow:
        [view] = await _to_views(uow, [await _require(uow, staff, id)])
        return view


async def _to_views(uow: UnitOfWork, attendants: Collection[Attendant]) -> list[wire.AttendantView]:
    ids = [each.id for each in attendants]
    households = await read_households(uow, {each.household for each in attendants if each.household is not None})
    shifts = await uow.session.execute(
        select(Shift.attendant, Kiosk.name)
        .join(Kiosk, (Kiosk.township == Shift.township) & (Kiosk.id == Shift.kiosk))
        .where(Shift.township == uow.township, Shift.attendant.in_(ids), Shift.closed_at.is_(None))
    )
    kiosks = dict(shifts.all())
    rows = await uow.session.execute(
        select(
            AttendantChange, name_subquery(AttendantChange.township, AttendantChange.person).label("person_name")
        )
        .where(AttendantChange.township == uow.township, AttendantChange.attendant.in_(ids))
        .order_by(AttendantChange.changed_at.desc(), AttendantChange.id.desc())
    )
    changes: defaultdict[UUID, list[wire.AttendantChange]] = defaultdict(list)
    for change, person in rows:
        changes[change.attendant].append(
            wire.AttendantChange(
                kind=change.kind, person=person, reason=change.reason, changed_at=change.changed_at
            )
        )
    return [
        wire.AttendantView(
            id=each.id,
            supermarket=each.supermarket,
            name=each.name,
            household=households[each.household].code if each.household is not None else "",
            kiosk=kiosks.get(each.id, ""),
            ended_at=each.ended_at,
            changes=changes[each.id],
        )
        for each in attendants
    ]


async def _require(uow: UnitOfWork, staff: Staff, id: UUID) -> Attendant:
    """Raises Refused: unknown."""
    attendant = await uow.session.get(Attendant, (uow.township, id))
    if attendant is None:
        raise Refused(ErrorCode.UNKNOWN, "没有这位管理员。")
    await require_served(uow, staff, attendant.supermarket)
    return attendant


async def _lock(uow: UnitOfWork, staff: Staff, id: UUID) -> Attendant:
    """The supermarket first, as everybody who changes its attendants does. Raises Refused: unknown."""
    attendant = await _require(uow, staff, id)
    await lock_supermarket(uow, attendant.supermarket)
    await uow.session.refresh(attendant, with_for_update=True)
    return attendant


async def _lock_serving(uow: UnitOfWork, staff: Staff, id: UUID) -> Attendant:
    attendant = await _lock(uow, staff, id)
    if attendant.ended_at is not None:
        raise Refused(ErrorCode.WRONG_STATE, f"{attendant.name}已经停用；再来的话，请重新添一位管理员。")
    return attendant


async def _hash_free_pin(uow: UnitOfWork, supermarket: str, pin: str, except_for: UUID | None = None) -> str:
    """Raises Refused: pin-malformed, pin-taken."""
    require_strong_pin(pin)
    # One at a time, or two attendants at once could get the same PIN.
    await lock_supermarket(uow, supermarket)
    others = [each.pin_hash for each in await list_serving(uow, supermarket) if each.id != except_for]
    if await find_hash(pin, others) is not None:
        raise Refused(ErrorCode.PIN_TAKEN, "这个 PIN 已有人使用，请换一个。")
    return await hash_secret(pin)


async def _find_household(uow: UnitOfWork, code: str) -> UUID | None:
    """Raises Refused: unknown."""
    if not code:
        return None
    household = (await read_households_by_code(uow, [code])).get(code)
    if household is None:
        raise Refused(ErrorCode.UNKNOWN, f"没有编号为 {code} 的户。")
    return household.id


def _record(uow: UnitOfWork, staff: Staff, attendant: Attendant, kind: str, reason: str = "") -> None:
    uow.session.add(
        AttendantChange(
            township=uow.township,
            id=uuid7(),
            attendant=attendant.id,
            kind=kind,
            person=staff.id,
            reason=reason,
            changed_at=uow.now,
        )
    )
