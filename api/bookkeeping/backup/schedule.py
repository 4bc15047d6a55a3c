"""Backups by themselves: each hour in which something changed, and each night one that is proven.

Each is made by a process of its own, which gives way to the tills and leaves the server's memory alone.
"""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime, time, timedelta
from enum import StrEnum

import structlog

from api.bookkeeping.backup.facts import read_changes
from api.platform.backup.catalogue import Catalogue, read_catalogue
from api.platform.clock import SHANGHAI, local_time
from api.platform.services import Services

log = structlog.get_logger()

HOUR = timedelta(hours=1)
PROVEN_AT = time(2)
"""Of the night, in the township's time. A machine that is off then catches up when it is on again."""
LOOK_EVERY = 60.0
"""Seconds."""


class Due(StrEnum):
    BACKUP = "backup"
    PROOF = "proof"


def find_due(now: datetime, catalogue: Catalogue, changes: str) -> Due | None:
    """`changes`: what the database has counted of changes until now. A proof is of a new backup."""
    newest = catalogue.backups[0] if catalogue.backups else None
    # Whichever way the clock was set.
    if catalogue.attempt is not None and abs(now - catalogue.attempt.at) < HOUR:
        return None
    if newest is None:
        return Due.PROOF
    proofs = [each.proven_at for each in catalogue.backups if each.proven_at is not None]
    unproven = newest.proven_at is None or newest.changes != changes
    if unproven and not any(_last_night(now) <= proven_at <= now for proven_at in proofs):
        return Due.PROOF
    return Due.BACKUP if newest.changes != changes else None


def _last_night(now: datetime) -> datetime:
    here = local_time(now)
    night = datetime.combine(here.date(), PROVEN_AT, SHANGHAI)
    return night if night <= here else night - timedelta(days=1)


@asynccontextmanager
async def backing_up(services: Services, interval: float = LOOK_EVERY) -> AsyncIterator[None]:
    """In the block. `interval`: seconds between looks at whether one is due."""
    task = asyncio.create_task(_keep_backing_up(services, interval))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _keep_backing_up(services: Services, interval: float) -> None:
    while True:
        await asyncio.sleep(interval)
        try:
            due = await _look(services)
            if due is not None:
                await _run(due)
        except Exception as error:
            log.warning("no backup was made, trying again", error=str(error))


async def _look(services: Services) -> Due | None:
    async with services.unit_of_work() as uow:
        changes = await read_changes(await uow.session.connection())
    return find_due(services.clock.now(), read_catalogue(services.data), changes)


async def _run(due: Due) -> None:
    words = ["backup", *(["--no-proof"] if due is Due.BACKUP else [])]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "api.cli", *words, stdin=asyncio.subprocess.DEVNULL, stdout=PIPE, stderr=PIPE,
        # Ctrl-C goes to the server, which tells it.
        start_new_session=True,
    )  # fmt: skip
    try:
        told, steps = await process.communicate()
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.terminate()
            await process.wait()
    said = (told if process.returncode == 1 else steps).decode(errors="replace").strip().splitlines()
    if process.returncode == 0:
        log.info("backed up", proven=due is Due.PROOF)
    else:
        log.warning("the backup failed", status=process.returncode, said=said[-1] if said else "")
