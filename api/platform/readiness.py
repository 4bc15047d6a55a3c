"""Whether requests can be served here: asked by whoever sends them, perhaps each second.

What a check does is as small as may be, and has to end in time by itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

from sqlalchemy.exc import DBAPIError

from api.platform.database.connect import READ_ONLY, DatabaseAway
from api.platform.disk import is_disk_full
from api.platform.services import Services

PATIENCE = 3.0
"""Seconds for a check."""

# One word for what is wrong; None where nothing is.
Check: TypeAlias = Callable[[Services], Awaitable[str | None]]


async def find_obstacle(services: Services) -> str | None:
    """The first word of the checks, in their order."""
    for check in CHECKS:
        if (obstacle := await check(services)) is not None:
            return obstacle
    return None


async def check_writing(services: Services) -> str | None:
    """By a commit of nothing, which shows what a read doesn't: a standby, a disk or a replica that keeps commits
    waiting."""
    try:
        async with asyncio.timeout(PATIENCE):
            await services.database.require_writable()
    except TimeoutError:
        return "stuck"
    except DatabaseAway:
        return "away"
    except DBAPIError as error:
        sqlstate = getattr(error.orig, "sqlstate", "") or ""
        if is_disk_full(error, sqlstate):
            return "disk-full"
        return "read-only" if sqlstate == READ_ONLY else "away"
    return None


CHECKS: Sequence[Check] = (check_writing,)
