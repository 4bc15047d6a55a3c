"""Shifts that a kiosk's journal tells of: opened and closed without the network, and who served in them."""

from __future__ import annotations

from uuid import UUID

import msgspec
from sqlalchemy import exists, select, update

from api.platform.services import UnitOfWork
from api.registry.freezes.queries import was_kiosk_frozen
from api.shop.kiosks.tables import Attendant, Kiosk, KioskEnrolment, Shift
from api.shop.offline.leases import is_current
from api.shop.offline.plausibility import NOT_OPEN, WHILE_FROZEN, ShiftFacts, doubt_attendant
from api.shop.offline.reports import build_shift_report
from api.shop.offline.results import SettlementResult, as_exception
from api.wire.till_journal import AnyEntry, ShiftClosingEntry, ShiftOpeningEntry


async def settle_opening(
    uow: UnitOfWork, kiosk: Kiosk, enrolment: KioskEnrolment, entry: ShiftOpeningEntry
) -> SettlementResult:
    """Shifts don't overlap, also when one is reported late."""
    if await find_shift(uow, kiosk, entry.shift) is not None:
        return SettlementResult("known")
    attendant = await find_attendant(uow, kiosk, entry.attendant)
    if attendant is None:
        return as_exception("登录的不是本超市的管理员。")
    doubt = doubt_attendant(entry.at, attendant.ended_at)
    if doubt:
        return as_exception(doubt)
    if await was_kiosk_frozen(uow, kiosk.id, entry.at):
        return as_exception(WHILE_FROZEN)
    if not await _has_signed_in(uow, enrolment, entry.attendant):
        return as_exception("这位管理员没有在这台终端联网登录过，断网时登录不了。")
    of_kiosk = (Shift.township == uow.township, Shift.kiosk == kiosk.id)
    opened_at = min(entry.at, uow.now)
    later = await uow.session.scalar(
        select(Shift.opened_at).where(*of_kiosk, Shift.opened_at > entry.at).order_by(Shift.opened_at).limit(1)
    )
    await uow.session.execute(
        update(Shift)
        .where(*of_kiosk, Shift.opened_at <= entry.at, Shift.closed_at.is_(None))
        .values(closed_at=opened_at)
    )
    # What follows it, the end of this attendant, or of this enrolment.
    closed_at = (later, attendant.ended_at, None if is_current(enrolment) else uow.now)
    uow.session.add(
        Shift(
            township=uow.township,
            digest=bytes.fromhex(entry.token),
            id=entry.shift,
            kiosk=kiosk.id,
            attendant=entry.attendant,
            opened_at=opened_at,
            closed_at=min(filter(None, closed_at), default=None),
        )
    )
    return SettlementResult("settled")


async def settle_closing(
    uow: UnitOfWork, kiosk: Kiosk, enrolment: KioskEnrolment, entry: ShiftClosingEntry
) -> SettlementResult:
    """A shift is closed whatever its report says; where the books say otherwise, a person looks at both."""
    shift = await find_shift(uow, kiosk, entry.shift)
    if shift is None:
        return as_exception("没有这个班次的记录。")
    if not is_in_shift(enrolment, shift):
        return as_exception(NOT_OPEN)
    shift.closed_at = shift.closed_at or uow.now
    books = await build_shift_report(uow, entry.shift)
    reported = entry.report
    shift.report = {"kiosk": msgspec.to_builtins(reported), "books": msgspec.to_builtins(books)}
    # Voids are not compared: the kiosk can't know whether the server had booked what it voided.
    if (reported.redemptions, reported.points, reported.goods) != (books.redemptions, books.points, books.goods):
        return as_exception(
            f"班次报表与账不一致：终端记 {reported.redemptions} 笔 {reported.points} 分，"
            f"账上 {books.redemptions} 笔 {books.points} 分。",
            **shift.report,
        )
    return SettlementResult("settled")


def track_shift(open_shift: UUID | None, entry: AnyEntry, result: SettlementResult) -> UUID | None:
    """The shift that the journal is in after an entry."""
    match entry:
        case ShiftOpeningEntry() if result.status in ("settled", "known"):
            return entry.shift
        case ShiftClosingEntry() if entry.shift == open_shift:
            return None
    return open_shift


def is_in_shift(enrolment: KioskEnrolment, shift: Shift | None) -> bool:
    """Whether the journal is in this shift. Opened over HTTP, it may be without the journal having said so."""
    return shift is not None and (shift.id == enrolment.open_shift or shift.closed_at is None)


async def find_shift(uow: UnitOfWork, kiosk: Kiosk, id: UUID) -> Shift | None:
    """A shift of this kiosk."""
    found: Shift | None = await uow.session.scalar(
        select(Shift).where(Shift.township == uow.township, Shift.id == id, Shift.kiosk == kiosk.id)
    )
    return found


def to_shift_facts(shift: Shift | None) -> ShiftFacts | None:
    return ShiftFacts(shift.attendant, shift.opened_at, shift.closed_at) if shift is not None else None


async def find_attendant(uow: UnitOfWork, kiosk: Kiosk, id: UUID) -> Attendant | None:
    """An attendant of this kiosk's supermarket."""
    found = await uow.session.get(Attendant, (uow.township, id))
    return found if found is not None and found.supermarket == kiosk.supermarket else None


async def _has_signed_in(uow: UnitOfWork, enrolment: KioskEnrolment, attendant: UUID) -> bool:
    """Whether the server has checked this attendant's PIN at this machine: without the network it lets nobody
    else in."""
    shift = exists().where(
        Shift.township == uow.township,
        Shift.kiosk == enrolment.kiosk,
        Shift.attendant == attendant,
        Shift.opened_at >= enrolment.enrolled_at,
    )
    return bool(await uow.session.scalar(select(shift)))
