"""Hold the books against themselves, their seals and their documents: what `jimei verify` tells, and what a backup
is proven by."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from api.bookkeeping.evidence_files import find_lost_photos, find_renamed_photos
from api.bookkeeping.general_ledger.documents import find_undocumented
from api.platform.database.embedded import lower_priority
from api.platform.services import Services
from ledger.seals import Seals
from ledger.verify import verify


@dataclass(frozen=True, slots=True)
class Verification:
    """`discrepancies`: a sentence each; the books hold where there are none. `misdated`: the times of heads that
    were signed by a wrong clock, which is held against nobody."""

    discrepancies: list[str]
    misdated: list[datetime]


async def verify_books(
    services: Services,
    report_progress: Callable[[int, int], None],
    *,
    beside_tills: bool,
    with_photos: bool = True,
) -> Verification:
    """In one snapshot, on two connections. `beside_tills`: on this machine, whose tills it must not slow down.
    `with_photos`: the files of photos are there."""
    async with services.snapshot() as first_uow, services.snapshot(same_as=first_uow) as second_uow:
        connection, second = await first_uow.session.connection(), await second_uow.session.connection()
        if beside_tills:
            # It uses a whole core for a while.
            lower_priority(os.getpid())
            for each in (connection, second):
                lower_priority(await each.scalar(text("select pg_backend_pid()")))
        found = [each async for each in verify(connection, first_uow.township, report_progress, second)]
        found += [each async for each in find_undocumented(connection, first_uow.township)]
        found += [each async for each in find_renamed_photos(connection, first_uow.township)]
        if with_photos:
            lost = find_lost_photos(connection, first_uow.township, services.data)
            found += [each async for each in lost]
        misdated = await Seals(connection, first_uow.township).list_misdated()
    return Verification([f"{each.subject}: {each.message}" for each in found], misdated)
