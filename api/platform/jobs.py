"""What the server does by itself, beside answering: jobs that run again and again, each failing on its own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

import structlog
from sqlalchemy.exc import DBAPIError

from api.platform.database.connect import DatabaseAway
from api.platform.services import Services

log = structlog.get_logger()

# Does a bounded piece of work and says whether (or how much of) it did, so that there may be more.
Job: TypeAlias = Callable[[Services], Awaitable[int]]


async def run_forever(services: Services, interval: float, jobs: Sequence[Job]) -> None:
    """Catch up, then rest for `interval` seconds; never ends by itself."""
    while True:
        await run_until_idle(services, jobs)
        await asyncio.sleep(interval)


async def run_until_idle(services: Services, jobs: Sequence[Job]) -> None:
    """Run the jobs in turn until none has more to do."""
    while any([await _done(job, services) for job in jobs]):
        pass


async def _done(job: Job, services: Services) -> bool:
    name = getattr(job, "__name__", "job")
    try:
        return bool(await job(services))
    except (DatabaseAway, DBAPIError) as error:
        # The database may be away for a while; the work waits, and nothing is lost. No traceback: drawing one
        # every few seconds would keep the server from answering that it is away.
        log.warning("a job failed, trying again", job=name, error=str(error))
    except Exception:
        log.exception("a job failed, trying again", job=name)
    return False
