"""The state of the township's kiosks: which machine stands where, when it was last heard from, what it holds."""

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
from api.shop.offline.exceptions import is_undecided
from api.shop.offline.scope import OVERSEERS, oversees
from api.shop.offline.tables import JournalEntry
from api.shop.supermarkets.tables import Supermarket
from ledger.tables import account, balance


@dataclass(frozen=True, slots=True)
class ShiftStatus:
    attendant: str
    since: datetime


@dataclass(frozen=True, slots=True)
class TillStatus:
    """A kiosk and its latest enrolment. `undecided`: entries that wait for a decision; `silent`: not heard from
    for longer than it may sell offline."""

    kiosk: Kiosk
    supermarket: str
    enrolment: KioskEnrolment | None
    leased_points: int
    shift: ShiftStatus | None
    undecided: int
    silent: bool

    @property
    def in_use(self) -> bool:
        return self.enrolment is not None and self.enrolment.ended_at is None


async def list_tills(services: Services, staff: Staff) -> list[TillStatus]:
    """By supermarket and name. Raises Refused: not-allowed."""
    require(staff, *OVERSEERS)
    async with services.unit_of_work() as uow:
        return await _read_tills(uow, staff)


async def read_till(services: Services, staff: Staff, kiosk: UUID) -> TillStatus:
    """Raises Refused: not-allowed, unknown."""
    require(staff, *OVERSEERS)
    async with services.unit_of_work() as uow:
        found = next((till for till in await _read_tills(uow, staff) if till.kiosk.id == kiosk), None)
    if found is None:
        raise Refused(ErrorCode.UNKNOWN, "没有这个终端。")
    return found


async def list_all_supermarkets(services: Services) -> list[Supermarket]:
    async with services.unit_of_work() as uow:
        found = await uow.session.scalars(
            select(Supermarket).where(Supermarket.township == uow.township).order_by(Supermarket.code)
        )
        return list(found)


async def _read_tills(uow: UnitOfWork, staff: Staff) -> list[TillStatus]:
    places = await uow.session.execute(
        select(Kiosk, Supermarket.name)
        .join(Supermarket, (Supermarket.township == Kiosk.township) & (Supermarket.code == Kiosk.supermarket))
        .where(Kiosk.township == uow.township, oversees(staff))
        .order_by(Supermarket.code, Kiosk.name, Kiosk.id)
    )
    enrolments = await uow.session.scalars(
        select(KioskEnrolment).where(KioskEnrolment.township == uow.township).order_by(KioskEnrolment.epoch)
    )
    latest = {enrolment.kiosk: enrolment for enrolment in enrolments}
    leased, shifts, undecided = (
        await _read_leased_points(uow),
        await _read_open_shifts(uow),
        await _count_undecided(uow),
    )
    return [
        TillStatus(
            kiosk=kiosk,
            supermarket=supermarket,
            enrolment=latest.get(kiosk.id),
            leased_points=leased.get(kiosk.id, 0),
            shift=shifts.get(kiosk.id),
            undecided=undecided.get(kiosk.id, 0),
            silent=_is_silent(kiosk, latest.get(kiosk.id), uow.now),
        )
        for kiosk, supermarket in places
    ]


def _is_silent(kiosk: Kiosk, enrolment: KioskEnrolment | None, now: datetime) -> bool:
    if enrolment is None or enrolment.ended_at is not None:
        return False
    return now - (enrolment.heard_at or enrolment.enrolled_at) > timedelta(days=kiosk.lease_days)


async def _read_leased_points(uow: UnitOfWork) -> dict[UUID, int]:
    """By kiosk: the third part of the name of an escrow account."""
    kiosk = func.split_part(account.c.name, ":", 3)
    rows = await uow.session.execute(
        select(kiosk, func.sum(balance.c.posted))
        .join(balance, (balance.c.township == account.c.township) & (balance.c.account == account.c.id))
        .where(account.c.township == uow.township, account.c.name.startswith(accounts.ESCROW))
        .group_by(kiosk)
    )
    return {UUID(hex=id): int(points) for id, points in rows}


async def _read_open_shifts(uow: UnitOfWork) -> dict[UUID, ShiftStatus]:
    rows = await uow.session.execute(
        select(Shift.kiosk, Attendant.name, Shift.opened_at)
        .join(Attendant, (Attendant.township == Shift.township) & (Attendant.id == Shift.attendant))
        .where(Shift.township == uow.township, Shift.closed_at.is_(None))
    )
    return {kiosk: ShiftStatus(name, opened_at) for kiosk, name, opened_at in rows}


async def _count_undecided(uow: UnitOfWork) -> dict[UUID, int]:
    rows = await uow.session.execute(
        select(JournalEntry.kiosk, func.count())
        .where(JournalEntry.township == uow.township, is_undecided())
        .group_by(JournalEntry.kiosk)
    )
    return {kiosk: number for kiosk, number in rows}
