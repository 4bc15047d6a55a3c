"""What a journal left for a person: goods are gone or a shift is over, and the books couldn't follow by
themselves."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, or_, select

from api.platform.access import Staff, require
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from api.registry.people.queries import name_of
from api.shop.kiosks.tables import Kiosk, KioskEnrolment
from api.shop.offline.sale import Outcome
from api.shop.offline.scope import SEE_TO, seen_to
from api.shop.offline.settling import WAITING, Settling
from api.shop.offline.tables import JournalEntry
from api.shop.offline.told import Concerned, read, told
from api.shop.redemptions.tables import Redemption, Void
from api.shop.stock.tables import Supermarket
from api.wire.till_exceptions import TillDecision, TillException, TillExceptions
from api.wire.till_journal import AnyEntry, SaleEntry, VoidEntry

MOST = 200
NOTED_FOR = timedelta(days=30)


async def exceptions(services: Services, staff: Staff) -> TillExceptions:
    """What waits, and what there is to know. Raises Refused: not-allowed."""
    require(staff, *SEE_TO)
    async with services.unit_of_work() as uow:
        since = uow.now - NOTED_FOR
        noted = or_(
            JournalEntry.decided_at > since,
            and_(JournalEntry.received_at > since, JournalEntry.status == "settled", JournalEntry.remark != ""),
        )
        query = _entries(uow, staff)
        oldest = query.where(undecided()).order_by(JournalEntry.received_at, JournalEntry.number)
        newest = query.where(noted).order_by(
            func.coalesce(JournalEntry.decided_at, JournalEntry.received_at).desc(), JournalEntry.number.desc()
        )
        total = await uow.session.scalar(select(func.count()).select_from(query.where(undecided()).subquery()))
        waiting = await told(uow, staff, await uow.session.execute(oldest.limit(MOST)))
        return TillExceptions(
            waiting=waiting,
            more=(total or 0) - len(waiting),
            notes=await told(uow, staff, await uow.session.execute(newest.limit(MOST))),
        )


def undecided() -> ColumnElement[bool]:
    return and_(JournalEntry.decided_at.is_(None), JournalEntry.status.in_(WAITING))


async def decide(
    services: Services, staff: Staff, kiosk: UUID, epoch: int, number: int, hash: bytes, decision: TillDecision
) -> TillException:
    """A decision counts once; the same one by the same person again is answered alike. Nobody decides about their
    own household's entries.

    Raises Refused: not-allowed, unknown, wrong-state, reason-missing, insufficient-points (missing),
    already-there, abandoned.
    """
    require(staff, *SEE_TO)
    reason = decision.reason.strip()
    if not decision.accept and not reason:
        raise Refused(ErrorCode.REASON_MISSING, "驳回要写明理由。")
    async with services.unit_of_work() as uow:
        enrolments = await _held(uow, kiosk)
        this = and_(
            JournalEntry.kiosk == kiosk,
            JournalEntry.epoch == epoch,
            JournalEntry.number == number,
            JournalEntry.hash == hash,
        )
        row = (await uow.session.execute(_entries(uow, staff).where(this))).first()
        if row is None:
            raise Refused(ErrorCode.UNKNOWN, "没有这条记录。")
        kept = row[0]
        entry = read(kept)
        barred = (await Concerned.look_up(uow, [entry])).barred(staff, entry)
        if barred:
            raise Refused(ErrorCode.NOT_ALLOWED, barred)
        if kept.decided_at is not None:
            if kept.decided_by != staff.id or (kept.decision == "dismissed") == decision.accept:
                raise Refused(ErrorCode.WRONG_STATE, "这一条已经有人决定过，没有再改。")
        elif kept.status not in WAITING:
            raise Refused(ErrorCode.WRONG_STATE, "这一条已经办完，不用再决定。")
        else:
            if decision.accept:
                settling = Settling(
                    uow, await uow.session.get_one(Kiosk, (uow.township, kiosk)), enrolments[epoch], number
                )
                kept.decision = await _accepted(uow, settling, entry)
            else:
                kept.decision = "dismissed"
            kept.decided_at, kept.decided_by, kept.reason = uow.now, staff.id, reason
            await uow.session.flush()
        [answer] = await told(uow, staff, await uow.session.execute(_entries(uow, staff).where(this)))
        return answer


async def _held(uow: UnitOfWork, kiosk: UUID) -> dict[int, KioskEnrolment]:
    """All enrolments of a kiosk, held: a later one's void may be about what an earlier one sold."""
    found = await uow.session.scalars(
        select(KioskEnrolment)
        .where(KioskEnrolment.township == uow.township, KioskEnrolment.kiosk == kiosk)
        .order_by(KioskEnrolment.epoch)
        .with_for_update(key_share=True)
    )
    return {enrolment.epoch: enrolment for enrolment in found}


async def _accepted(uow: UnitOfWork, settling: Settling, entry: AnyEntry | None) -> str:
    """What the decision comes to. `accepted`: the books moved."""
    match entry:
        case SaleEntry():
            if await uow.session.get(Redemption, (uow.township, entry.id)) is not None:
                raise Refused(ErrorCode.ALREADY_THERE, "同一笔兑换已经入账，不能再算一次；请驳回这一条。")
            if await uow.session.get(Void, (uow.township, entry.id)) is not None:
                raise Refused(ErrorCode.ABANDONED, "同一笔兑换已经作废，不能再入账；请驳回这一条。")
            _require_settled(await settling.pay(entry, from_lease=False))
            return "accepted"
        case VoidEntry():
            if await uow.session.get(Void, (uow.township, entry.id)) is not None:
                raise Refused(ErrorCode.ALREADY_THERE, "同一笔兑换已经作废过；请驳回这一条。")
            known = await uow.session.get(Redemption, (uow.township, entry.id))
            if known is None:
                await settling.write_off(entry)
            elif known.supermarket != settling.kiosk.supermarket:
                raise Refused(ErrorCode.NOT_ALLOWED, "这是别的超市的兑换，不能在这里作废；请驳回这一条。")
            else:
                _require_settled(await settling.take_back(entry, known, lease_again=False))
            return "accepted"
    return "noted"


def _require_settled(outcome: Outcome) -> None:
    if outcome.status != "exception":
        return
    missing = outcome.extra.get("missing")
    if missing:
        said = f"这户账户里的积分还差 {missing} 分。等积分够了再受理，或写明理由驳回。"
        raise Refused(ErrorCode.INSUFFICIENT_POINTS, said, missing=missing)
    raise Refused(ErrorCode.WRONG_STATE, outcome.remark)


def _entries(uow: UnitOfWork, staff: Staff) -> Select[JournalEntry, str, str, str | None]:
    decider = name_of(JournalEntry.township, JournalEntry.decided_by)
    return (
        select(JournalEntry, Kiosk.name, Supermarket.name, decider.label("decider"))
        .join(Kiosk, (Kiosk.township == JournalEntry.township) & (Kiosk.id == JournalEntry.kiosk))
        .join(Supermarket, (Supermarket.township == Kiosk.township) & (Supermarket.code == Kiosk.supermarket))
        .where(JournalEntry.township == uow.township, seen_to(staff))
    )
