"""Background jobs of the server: they run repeatedly, and one that fails doesn't stop the others."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

import structlog
from sqlalchemy.exc import DBAPIError

from api.platform.database.connect import DatabaseAway
from api.platform.services import Services

log = structlog.get_logger()

# Does a limited amount of work; a true result means that there may be more.
Job: TypeAlias = Callable[[Services], Awaitable[int]]


async def run_forever(services: Services, interval: float, jobs: Sequence[Job]) -> None:
    """Run the jobs until idle, then every `interval` seconds."""
    while True:
        await run_until_idle(services, jobs)
        await asyncio.sleep(interval)


async def run_until_idle(services: Services, jobs: Sequence[Job]) -> None:
    """Run the jobs in turn until none has more to do."""
    while any([await _run_job(job, services) for job in jobs]):
        pass


async def _run_job(job: Job, services: Services) -> bool:
    name = getattr(job, "__name__", "job")
    try:
        return bool(await job(services))
    except (DatabaseAway, DBAPIError) as error:
        # The database may be unavailable for a while; nothing is lost. No traceback: formatting one every few
        # seconds would keep the server from responding.
        log.warning("a job failed, trying again", job=name, error=str(error))
    except Exception:
        log.exception("a job failed, trying again", job=name)
    return False
