"""Freezing and lifting, as parts of a larger change: who may and what the thing is, the desk says."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.dialects.postgresql import insert as insert_or

from api.platform.access import Staff
from api.platform.clock import local_date, start_of_day
from api.platform.errors import ErrorCode, Refused
from api.platform.services import UnitOfWork
from api.registry.freezes.queries import OPEN, Thing, thing_of
from api.registry.freezes.tables import Freeze

PERSON_DAYS = 30
"""For so many days at most one supervisor keeps a person from their work."""


async def freeze(uow: UnitOfWork, staff: Staff, id: UUID, thing: Thing, reason: str, ends_on: date | None) -> None:
    """What is frozen already isn't frozen twice; a person's freeze is renewed by another supervisor than the one
    before. Safe to repeat.

    Raises Refused: conflict, date-wrong, already-there, same-person.
    """
    today = local_date(uow.now)
    known = await uow.session.get(Freeze, (uow.township, id))
    if known is not None:
        if (known.frozen_by, known.reason, known.ends_on, thing_of(known)) == (staff.id, reason, ends_on, thing):
            return
        raise Refused(ErrorCode.CONFLICT, "这个编号已经用过，内容不同；请回到冻结的页面重新填。")
    _require_day(thing, ends_on, today)
    await _make_way(uow, staff, thing, reason, ends_on)
    done = await uow.session.execute(
        insert_or(Freeze)
        .values(
            township=uow.township,
            id=id,
            kind=thing.kind,
            rule=thing.rule,
            village=thing.village,
            card=thing.card,
            kiosk=thing.kiosk,
            person=thing.person,
            reason=reason,
            by_village=staff.village,
            frozen_by=staff.id,
            frozen_at=uow.now,
            ends_on=ends_on,
        )
        .on_conflict_do_nothing()
        .returning(Freeze.id)
    )
    if done.first() is None:
        raise _already_frozen()


async def find_thing(uow: UnitOfWork, id: UUID) -> Thing:
    """What a freeze is about. Raises Refused: unknown."""
    return thing_of(await _lock(uow, id))


async def lift(uow: UnitOfWork, staff: Staff, id: UUID, reason: str) -> None:
    """What the township's supervisors froze, they alone lift. Safe to repeat.

    Raises Refused: unknown, not-allowed, wrong-state.
    """
    freeze = await _lock(uow, id)
    if (freeze.lifted_by, freeze.lift_reason) == (staff.id, reason):
        return
    obstacle = find_lifting_obstacle(staff, freeze.by_village)
    if obstacle:
        raise Refused(ErrorCode.NOT_ALLOWED, obstacle)
    if not _holds(freeze, local_date(uow.now)):
        raise Refused(ErrorCode.WRONG_STATE, "这一件已经解除或到期，请刷新页面。")
    _lift(uow, staff, freeze, reason)


def find_lifting_obstacle(staff: Staff, by_village: str | None) -> str:
    """Why what these supervisors froze isn't this one's to lift; empty if it is."""
    if by_village is None and not staff.serves_township:
        return "这是全乡的监委冻结的，由他们解除。"
    return ""


async def _lock(uow: UnitOfWork, id: UUID) -> Freeze:
    found = await uow.session.get(Freeze, (uow.township, id), with_for_update=True)
    if found is None:
        raise Refused(ErrorCode.UNKNOWN, "没有这一件冻结。")
    return found


def _lift(uow: UnitOfWork, staff: Staff, freeze: Freeze, reason: str) -> None:
    freeze.lifted_by, freeze.lifted_at, freeze.lift_reason = staff.id, uow.now, reason


def _holds(freeze: Freeze, day: date) -> bool:
    return (
        freeze.lifted_at is None and freeze.lapsed_on is None and (freeze.ends_on is None or day <= freeze.ends_on)
    )


def _require_day(thing: Thing, ends_on: date | None, today: date) -> None:
    if ends_on is not None and ends_on < today:
        raise Refused(ErrorCode.DATE_WRONG, "最后一天已经过去，请核对。")
    if thing.kind == "person" and (ends_on is None or ends_on > today + timedelta(days=PERSON_DAYS)):
        raise Refused(ErrorCode.DATE_WRONG, f"冻结一个人要写明到哪一天，最多 {PERSON_DAYS} 天。")


async def _make_way(uow: UnitOfWork, staff: Staff, thing: Thing, reason: str, ends_on: date | None) -> None:
    """One that is over by its day is noted as such; a person's that holds ends with its renewal, which shortens
    nothing and isn't a way around who may lift it."""
    today = local_date(uow.now)
    earlier = await uow.session.scalar(
        select(Freeze).where(Freeze.township == uow.township, *_is(thing), OPEN).with_for_update()
    )
    if earlier is not None and _holds(earlier, today):
        obstacle = find_lifting_obstacle(staff, earlier.by_village)
        if thing.person is not None and obstacle:
            raise Refused(ErrorCode.NOT_ALLOWED, obstacle)
        if ends_on is None or earlier.ends_on is None or thing.person is None or ends_on <= earlier.ends_on:
            raise _already_frozen()
    if thing.person is not None:
        await _require_another(uow, staff, thing.person, today)
    if earlier is None:
        return
    if _holds(earlier, today):
        _lift(uow, staff, earlier, reason)
    else:
        earlier.lapsed_on = today
    await uow.session.flush()


async def _require_another(uow: UnitOfWork, staff: Staff, person: UUID, today: date) -> None:
    """Raises Refused: same-person."""
    since = start_of_day(today - timedelta(days=2 * PERSON_DAYS))
    last = await uow.session.scalar(
        select(Freeze.frozen_by)
        .where(Freeze.township == uow.township, Freeze.person == person, Freeze.frozen_at >= since)
        .order_by(Freeze.frozen_at.desc(), Freeze.id.desc())
        .limit(1)
    )
    if last is not None and staff.is_same(last):
        raise Refused(ErrorCode.SAME_PERSON, "上一次也是您冻结的，再冻结要由另一名监委成员办理。")


def _is(thing: Thing) -> list[ColumnElement[bool]]:
    return [
        Freeze.rule.is_not_distinct_from(thing.rule),
        Freeze.village.is_not_distinct_from(thing.village),
        Freeze.card.is_not_distinct_from(thing.card),
        Freeze.kiosk.is_not_distinct_from(thing.kiosk),
        Freeze.person.is_not_distinct_from(thing.person),
    ]


def _already_frozen() -> Refused:
    return Refused(ErrorCode.ALREADY_THERE, "已经冻结了，要改就先解除。")
