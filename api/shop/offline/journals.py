"""Receives the journals of kiosks: checks each entry's signature and number, settles it once, and stores it
whatever its result."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import exists, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import aliased

from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from api.shop.kiosks.tables import Kiosk, KioskEnrolment
from api.shop.offline.leases import is_current, lock_enrolment
from api.shop.offline.results import SettlementResult
from api.shop.offline.settlement import EntrySettler
from api.shop.offline.shifts import track_shift
from api.shop.offline.tables import JournalEntry
from api.wire import till_journal

# Classes of SQLSTATE: data that no column can store, violated constraints.
_UNSTORABLE = ("22", "23")
FORK_REMARK = "编号相同、内容不同：终端被复制过，或硬盘换回了旧的，请核对后重新登记终端。"


async def receive(
    services: Services, kiosk: UUID, epoch: int, entries: list[till_journal.SignedEntry]
) -> till_journal.UploadResult:
    """Settle entries in their order, each in a unit of work of its own: if the upload is interrupted, what is
    settled stays, and the upload can be retried. It needs no sign-in: the entries are signed.

    Raises Refused: unknown, no-key, signature-wrong, journal-gap (expected).
    """
    outcomes = []
    for signed in entries:
        async with services.unit_of_work() as uow:
            enrolment = await lock_enrolment(uow, kiosk, epoch)
            outcomes.append(await _receive(uow, enrolment, signed))
    async with services.unit_of_work() as uow:
        enrolment = await lock_enrolment(uow, kiosk, epoch)
        enrolment.heard_at = uow.now
        return till_journal.UploadResult(
            head=enrolment.head,
            hash=enrolment.hash.hex(),
            current=is_current(enrolment),
            outcomes=outcomes,
            now=uow.now,
        )


async def _receive(
    uow: UnitOfWork, enrolment: KioskEnrolment, signed: till_journal.SignedEntry
) -> till_journal.EntryOutcome:
    if enrolment.public_key is None:
        raise Refused(ErrorCode.NO_KEY, "这台终端没有密钥，不能上传记录；请重新登记。")
    if not signed.is_signed_by(enrolment.public_key, enrolment.kiosk, enrolment.epoch):
        raise Refused(
            ErrorCode.SIGNATURE_WRONG, f"第 {signed.number} 条记录的签名不对，没有收下。", number=signed.number
        )
    hash = bytes.fromhex(signed.hash(enrolment.kiosk, enrolment.epoch))
    stored = await uow.session.get(
        JournalEntry, (uow.township, enrolment.kiosk, enrolment.epoch, signed.number, hash)
    )
    if stored is not None:
        return _to_outcome(stored)
    previous = bytes.fromhex(signed.previous)
    if signed.number == enrolment.head + 1 and previous == enrolment.hash:
        outcome = await _settle(uow, enrolment, signed)
        enrolment.head, enrolment.hash = signed.number, hash
    elif signed.number <= enrolment.head + 1 or await _follows_fork(uow, enrolment, signed.number, previous):
        enrolment.forked_at = enrolment.forked_at or uow.now
        outcome = await _examine_fork(uow, enrolment, signed)
    else:
        raise Refused(
            ErrorCode.JOURNAL_GAP,
            f"缺第 {enrolment.head + 1} 条记录，请从那里接着上传。",
            expected=enrolment.head + 1,
        )
    entry = JournalEntry(
        township=uow.township,
        kiosk=enrolment.kiosk,
        epoch=enrolment.epoch,
        number=signed.number,
        hash=hash,
        previous=previous,
        # The one sign that no text of the database can hold; the hash is that of what was signed.
        body=signed.body.replace("\0", "\N{SYMBOL FOR NULL}"),
        signature=bytes.fromhex(signed.signature),
        received_at=uow.now,
        redemption=_find_redemption_id(signed),
        status=outcome.status,
        remark=outcome.remark,
        extra=outcome.extra,
        decision="",
        reason="",
    )
    uow.session.add(entry)
    return _to_outcome(entry)


async def _settle(
    uow: UnitOfWork, enrolment: KioskEnrolment, signed: till_journal.SignedEntry
) -> SettlementResult:
    try:
        entry = signed.decode()
    except msgspec.MsgspecError:
        # Signed and in sequence, perhaps by a newer version than this one.
        return SettlementResult("exception", "这条记录的格式读不懂，请核对终端和服务器的版本。")
    settler = EntrySettler(uow, await _get_kiosk(uow, enrolment), enrolment, signed.number)
    result = await _unless_unstorable(uow, settler.settle(entry))
    if result is None:
        return SettlementResult("exception", "这条记录的内容和已有的冲突，没有入账，请核对。")
    enrolment.open_shift = track_shift(enrolment.open_shift, entry, result)
    return result


async def _examine_fork(
    uow: UnitOfWork, enrolment: KioskEnrolment, signed: till_journal.SignedEntry
) -> SettlementResult:
    try:
        entry = signed.decode()
    except msgspec.MsgspecError:
        entry = None
    result = None
    if isinstance(entry, till_journal.SaleEntry):
        settler = EntrySettler(uow, await _get_kiosk(uow, enrolment), enrolment, signed.number)
        result = await _unless_unstorable(uow, settler.examine(entry, "fork", FORK_REMARK))
    return result or SettlementResult("fork", FORK_REMARK)


async def _get_kiosk(uow: UnitOfWork, enrolment: KioskEnrolment) -> Kiosk:
    return await uow.session.get_one(Kiosk, (uow.township, enrolment.kiosk))


async def _unless_unstorable(
    uow: UnitOfWork, settling: Coroutine[Any, Any, SettlementResult]
) -> SettlementResult | None:
    """None where the database can't take what an entry says, which must not block all those after it."""
    try:
        async with uow.session.begin_nested():
            return await settling
    except DBAPIError as error:
        if (getattr(error.orig, "sqlstate", "") or "")[:2] not in _UNSTORABLE:
            raise
        return None


async def _follows_fork(uow: UnitOfWork, enrolment: KioskEnrolment, number: int, previous: bytes) -> bool:
    """Whether it follows an entry that was stored as a fork."""
    stored = aliased(JournalEntry)
    return bool(
        await uow.session.scalar(
            select(
                exists().where(
                    stored.township == uow.township,
                    stored.kiosk == enrolment.kiosk,
                    stored.epoch == enrolment.epoch,
                    stored.number == number - 1,
                    stored.hash == previous,
                )
            )
        )
    )


def _find_redemption_id(signed: till_journal.SignedEntry) -> UUID | None:
    try:
        entry = signed.decode()
    except msgspec.MsgspecError:
        return None
    return entry.id if isinstance(entry, till_journal.SaleEntry | till_journal.VoidEntry) else None


def _to_outcome(entry: JournalEntry) -> till_journal.EntryOutcome:
    return till_journal.EntryOutcome(number=entry.number, status=entry.status, remark=entry.remark)
