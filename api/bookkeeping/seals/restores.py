"""The books went back to a backup: the mark of it, sealed like every record, and what it asks of the tills."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from api.platform.services import Services
from api.shop.kiosks.awaiting import await_all
from api.shop.offline.leases import reclaim
from ledger.restores import Restore
from ledger.seals import Seals


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
