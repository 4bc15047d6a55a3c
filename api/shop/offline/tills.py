"""The township's kiosks as those who see to them find them: what stands where, when it was heard of, what it
holds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select

from api.platform import accounts
from api.platform.access import Staff, require
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from api.shop.kiosks.tables import Attendant, Kiosk, KioskEnrolment, Shift
from api.shop.offline.exceptions import undecided
from api.shop.offline.scope import SEE_TO, seen_to
from api.shop.offline.tables import JournalEntry
from api.shop.stock.tables import Supermarket
from ledger.tables import account, balance


@dataclass(frozen=True, slots=True)
class OnDuty:
    attendant: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Till:
    """A place at a counter, and the machine that stands there or stood there last. `holds`: points of households;
    `waiting`: entries that nobody has decided yet; `silent`: not heard of for longer than it may sell alone."""

    kiosk: Kiosk
    supermarket: str
    machine: KioskEnrolment | None
    holds: int
    shift: OnDuty | None
    waiting: int
    silent: bool

    @property
    def in_use(self) -> bool:
        return self.machine is not None and self.machine.ended_at is None


async def tills(services: Services, staff: Staff) -> list[Till]:
    """By supermarket and name. Raises Refused: not-allowed."""
    require(staff, *SEE_TO)
    async with services.unit_of_work() as uow:
        return await _tills(uow, staff)


async def till(services: Services, staff: Staff, kiosk: UUID) -> Till:
    """Raises Refused: not-allowed, unknown."""
    require(staff, *SEE_TO)
    async with services.unit_of_work() as uow:
        found = next((till for till in await _tills(uow, staff) if till.kiosk.id == kiosk), None)
    if found is None:
        raise Refused(ErrorCode.UNKNOWN, "没有这个终端。")
    return found


async def supermarkets(services: Services) -> list[Supermarket]:
    async with services.unit_of_work() as uow:
        found = await uow.session.scalars(
            select(Supermarket).where(Supermarket.township == uow.township).order_by(Supermarket.code)
        )
        return list(found)


async def _tills(uow: UnitOfWork, staff: Staff) -> list[Till]:
    places = await uow.session.execute(
        select(Kiosk, Supermarket.name)
        .join(Supermarket, (Supermarket.township == Kiosk.township) & (Supermarket.code == Kiosk.supermarket))
        .where(Kiosk.township == uow.township, seen_to(staff))
        .order_by(Supermarket.code, Kiosk.name, Kiosk.id)
    )
    enrolments = await uow.session.scalars(
        select(KioskEnrolment).where(KioskEnrolment.township == uow.township).order_by(KioskEnrolment.epoch)
    )
    machines = {enrolment.kiosk: enrolment for enrolment in enrolments}
    holds, shifts, waiting = await _holds(uow), await _shifts(uow), await _waiting(uow)
    return [
        Till(
            kiosk=kiosk,
            supermarket=supermarket,
            machine=machines.get(kiosk.id),
            holds=holds.get(kiosk.id, 0),
            shift=shifts.get(kiosk.id),
            waiting=waiting.get(kiosk.id, 0),
            silent=_silent(kiosk, machines.get(kiosk.id), uow.now),
        )
        for kiosk, supermarket in places
    ]


def _silent(kiosk: Kiosk, machine: KioskEnrolment | None, now: datetime) -> bool:
    if machine is None or machine.ended_at is not None:
        return False
    return now - (machine.heard_at or machine.enrolled_at) > timedelta(days=kiosk.lease_days)


async def _holds(uow: UnitOfWork) -> dict[UUID, int]:
    """By kiosk: the third part of the name of an escrow account."""
    kiosk = func.split_part(account.c.name, ":", 3)
    rows = await uow.session.execute(
        select(kiosk, func.sum(balance.c.posted))
        .join(balance, (balance.c.township == account.c.township) & (balance.c.account == account.c.id))
        .where(account.c.township == uow.township, account.c.name.startswith(accounts.ESCROW))
        .group_by(kiosk)
    )
    return {UUID(hex=id): int(points) for id, points in rows}


async def _shifts(uow: UnitOfWork) -> dict[UUID, OnDuty]:
    rows = await uow.session.execute(
        select(Shift.kiosk, Attendant.name, Shift.opened_at)
        .join(Attendant, (Attendant.township == Shift.township) & (Attendant.id == Shift.attendant))
        .where(Shift.township == uow.township, Shift.closed_at.is_(None))
    )
    return {kiosk: OnDuty(name, opened_at) for kiosk, name, opened_at in rows}


async def _waiting(uow: UnitOfWork) -> dict[UUID, int]:
    rows = await uow.session.execute(
        select(JournalEntry.kiosk, func.count())
        .where(JournalEntry.township == uow.township, undecided())
        .group_by(JournalEntry.kiosk)
    )
    return {kiosk: number for kiosk, number in rows}
