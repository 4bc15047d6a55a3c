"""The books went back to a backup: the mark of it, sealed like every record, what it asks of the tills, and what
it leaves to the desk."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from api.platform.clock import local_time
from api.platform.services import Services
from api.shop.kiosks.awaiting import await_all, list_awaited, read_last_restore
from api.shop.offline.leases import reclaim
from ledger.restores import Restore
from ledger.seals import Seals

TOLD_FOR = timedelta(days=30)
"""At the desk; on the notices it stands for good."""


async def mark_restored(
    services: Services, restore: UUID, *, backup_at: datetime, person: str, reason: str
) -> Restore:
    """Mark in the books that they are those of the backup of `backup_at`, before anything is sealed or served.
    `person`: who restored them, as named at the terminal. The next head is signed with a new key, and every till
    has to tell all it did before its points are given out again. The same restore again changes nothing."""
    async with services.unit_of_work() as uow:
        seals = Seals(await uow.session.connection(), uow.township)
        known = next((each for each in await seals.read_restores() if each.id == restore), None)
        if known is not None:
            return known
        marked = await seals.mark_restored(restore, backup_at=backup_at, now=uow.now, person=person, reason=reason)
        for kiosk, epoch in await await_all(uow):
            # What it has spent or returned meanwhile is told in whatever order, and paid from the accounts.
            await reclaim(uow, kiosk, epoch, person=person, reason=reason)
        return marked


async def list_restore_warnings(services: Services) -> list[str]:
    """What is lost and has to be done again, in one sentence, and which tills haven't told yet what they know."""
    async with services.unit_of_work() as uow:
        restore = await read_last_restore(uow)
        if restore is None:
            return []
        awaited = await list_awaited(uow)
    warnings = []
    if services.clock.now() - restore.restored_at <= TOLD_FOR:
        backup, restored = (
            f"{local_time(moment):%Y-%m-%d %H:%M}" for moment in (restore.backup_at, restore.restored_at)
        )
        warnings.append(
            f"账本在 {restored} 从 {backup} 的备份恢复过。这两个时刻之间，兑换和作废由终端自己补报；在工作台办的"
            "（申报、审定、进货、发卡、改动）和终端上的收货、盘点、预订没有了，请照纸上的重办。"
        )
    if awaited:
        warnings.append(
            f"恢复以后还没有补报的终端：{'、'.join(awaited)}。补报以前，它们村各户有一部分分不能用；"
            "请让它们联网，机器不在了的，请停用。"
        )
    return warnings
