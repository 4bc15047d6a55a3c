"""Entries of kiosks' journals that could not be settled automatically, and a person's decision about them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, or_, select

from api.platform.access import Staff, require
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from api.registry.people.queries import name_subquery
from api.shop.kiosks.tables import Kiosk, KioskEnrolment
from api.shop.offline.entry_text import EntryContext, decode, describe_entries
from api.shop.offline.results import SettlementResult
from api.shop.offline.scope import OVERSEERS, oversees
from api.shop.offline.settlement import NEEDS_DECISION, EntrySettler
from api.shop.offline.tables import JournalEntry
from api.shop.redemptions.tables import Redemption, Void
from api.shop.supermarkets.tables import Supermarket
from api.wire.till_exceptions import TillDecision, TillException, TillExceptions
from api.wire.till_journal import AnyEntry, SaleEntry, VoidEntry

MAX_LISTED = 200
NOTES_LIFETIME = timedelta(days=30)


async def list_exceptions(services: Services, staff: Staff) -> TillExceptions:
    """Undecided entries, and recent notes. Raises Refused: not-allowed."""
    require(staff, *OVERSEERS)
    async with services.unit_of_work() as uow:
        since = uow.now - NOTES_LIFETIME
        noted = or_(
            JournalEntry.decided_at > since,
            and_(JournalEntry.received_at > since, JournalEntry.status == "settled", JournalEntry.remark != ""),
        )
        query = _select_entries(uow, staff)
        oldest = query.where(is_undecided()).order_by(JournalEntry.received_at, JournalEntry.number)
        newest = query.where(noted).order_by(
            func.coalesce(JournalEntry.decided_at, JournalEntry.received_at).desc(), JournalEntry.number.desc()
        )
        total = await uow.session.scalar(select(func.count()).select_from(query.where(is_undecided()).subquery()))
        waiting = await describe_entries(uow, staff, await uow.session.execute(oldest.limit(MAX_LISTED)))
        return TillExceptions(
            waiting=waiting,
            more=(total or 0) - len(waiting),
            notes=await describe_entries(uow, staff, await uow.session.execute(newest.limit(MAX_LISTED))),
        )


def is_undecided() -> ColumnElement[bool]:
    return and_(JournalEntry.decided_at.is_(None), JournalEntry.status.in_(NEEDS_DECISION))


async def list_undecided(uow: UnitOfWork) -> dict[str, Sequence[datetime]]:
    """By supermarket, when each entry was received that waits for a person."""
    rows = await uow.session.execute(
        select(Kiosk.supermarket, func.array_agg(JournalEntry.received_at))
        .join(JournalEntry, (JournalEntry.township == Kiosk.township) & (JournalEntry.kiosk == Kiosk.id))
        .where(Kiosk.township == uow.township, is_undecided())
        .group_by(Kiosk.supermarket)
    )
    return {supermarket: received for supermarket, received in rows}


async def decide(
    services: Services, staff: Staff, kiosk: UUID, epoch: int, number: int, hash: bytes, decision: TillDecision
) -> TillException:
    """An entry is decided once; a retry by the same person gets the same answer. Nobody decides about entries of
    their own household.

    Raises Refused: not-allowed, unknown, wrong-state, reason-missing, insufficient-points (missing),
    already-there, abandoned.
    """
    require(staff, *OVERSEERS)
    reason = decision.reason.strip()
    if not decision.accept and not reason:
        raise Refused(ErrorCode.REASON_MISSING, "驳回要写明理由。")
    async with services.unit_of_work() as uow:
        enrolments = await _lock_enrolments(uow, kiosk)
        is_this_entry = and_(
            JournalEntry.kiosk == kiosk,
            JournalEntry.epoch == epoch,
            JournalEntry.number == number,
            JournalEntry.hash == hash,
        )
        row = (await uow.session.execute(_select_entries(uow, staff).where(is_this_entry))).first()
        if row is None:
            raise Refused(ErrorCode.UNKNOWN, "没有这条记录。")
        journal_entry = row[0]
        entry = decode(journal_entry)
        barred = (await EntryContext.load(uow, [entry])).explain_barred(staff, entry)
        if barred:
            raise Refused(ErrorCode.NOT_ALLOWED, barred)
        if journal_entry.decided_at is not None:
            if journal_entry.decided_by != staff.id or (journal_entry.decision == "dismissed") == decision.accept:
                raise Refused(ErrorCode.WRONG_STATE, "这一条已经有人决定过，没有再改。")
        elif journal_entry.status not in NEEDS_DECISION:
            raise Refused(ErrorCode.WRONG_STATE, "这一条已经办完，不用再决定。")
        else:
            if decision.accept:
                settler = EntrySettler(
                    uow, await uow.session.get_one(Kiosk, (uow.township, kiosk)), enrolments[epoch], number
                )
                journal_entry.decision = await _accept(uow, settler, entry)
            else:
                journal_entry.decision = "dismissed"
            journal_entry.decided_at, journal_entry.decided_by, journal_entry.reason = uow.now, staff.id, reason
            await uow.session.flush()
        [answer] = await describe_entries(
            uow, staff, await uow.session.execute(_select_entries(uow, staff).where(is_this_entry))
        )
        return answer


async def _lock_enrolments(uow: UnitOfWork, kiosk: UUID) -> dict[int, KioskEnrolment]:
    """All enrolments of the kiosk by epoch, locked: an entry of a later one may void a sale of an earlier one."""
    enrolments = await uow.session.scalars(
        select(KioskEnrolment)
        .where(KioskEnrolment.township == uow.township, KioskEnrolment.kiosk == kiosk)
        .order_by(KioskEnrolment.epoch)
        .with_for_update(key_share=True)
    )
    return {enrolment.epoch: enrolment for enrolment in enrolments}


async def _accept(uow: UnitOfWork, settler: EntrySettler, entry: AnyEntry | None) -> str:
    """Returns the decision: `accepted` where something was booked, else `noted`."""
    match entry:
        case SaleEntry():
            if await uow.session.get(Redemption, (uow.township, entry.id)) is not None:
                raise Refused(ErrorCode.ALREADY_THERE, "同一笔兑换已经入账，不能再算一次；请驳回这一条。")
            if await uow.session.get(Void, (uow.township, entry.id)) is not None:
                raise Refused(ErrorCode.ABANDONED, "同一笔兑换已经作废，不能再入账；请驳回这一条。")
            _require_settled(await settler.book_sale(entry, accepted=True))
            return "accepted"
        case VoidEntry():
            if await uow.session.get(Void, (uow.township, entry.id)) is not None:
                raise Refused(ErrorCode.ALREADY_THERE, "同一笔兑换已经作废过；请驳回这一条。")
            redemption = await uow.session.get(Redemption, (uow.township, entry.id))
            if redemption is None:
                await settler.write_off(entry)
            elif redemption.supermarket != settler.kiosk.supermarket:
                raise Refused(ErrorCode.NOT_ALLOWED, "这是别的超市的兑换，不能在这里作废；请驳回这一条。")
            else:
                _require_settled(await settler.reverse(entry, redemption, lease_again=False))
            return "accepted"
    return "noted"


def _require_settled(result: SettlementResult) -> None:
    if result.status != "exception":
        return
    missing = result.extra.get("missing")
    if missing:
        sentence = f"这户账户里的积分还差 {missing} 分。等积分够了再受理，或写明理由驳回。"
        raise Refused(ErrorCode.INSUFFICIENT_POINTS, sentence, missing=missing)
    raise Refused(ErrorCode.WRONG_STATE, result.remark)


def _select_entries(uow: UnitOfWork, staff: Staff) -> Select[JournalEntry, str, str, str | None]:
    decider = name_subquery(JournalEntry.township, JournalEntry.decided_by)
    return (
        select(JournalEntry, Kiosk.name, Supermarket.name, decider.label("decider"))
        .join(Kiosk, (Kiosk.township == JournalEntry.township) & (Kiosk.id == JournalEntry.kiosk))
        .join(Supermarket, (Supermarket.township == Kiosk.township) & (Supermarket.code == Kiosk.supermarket))
        .where(JournalEntry.township == uow.township, oversees(staff))
    )
