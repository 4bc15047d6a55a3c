"""What reads or writes whole databases gives way to tills on the same machine."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from typing import TypeAlias

from sqlalchemy import URL, text
from sqlalchemy.pool import NullPool

from api.platform.backup.dump import APPLICATION_NAME
from api.platform.database.connect import create_engine
from api.platform.database.embedded import lower_priority

_LOOK_EVERY = 0.2
"""Seconds."""

# The numbers of the processes that work for us now.
FindProcesses: TypeAlias = Callable[[], Awaitable[Iterable[int]]]


@asynccontextmanager
async def giving_way(find: FindProcesses) -> AsyncIterator[None]:
    """This process, and in the block those that are found."""
    lower_priority(os.getpid())
    watcher = asyncio.create_task(_lower(find))
    try:
        yield
    finally:
        watcher.cancel()
        await asyncio.gather(watcher, return_exceptions=True)


async def _lower(find: FindProcesses) -> None:
    lowered: set[int] = set()
    while True:
        for process in set(await find()) - lowered:
            lower_priority(process)
            lowered.add(process)
        await asyncio.sleep(_LOOK_EVERY)


@asynccontextmanager
async def finding_dumps(url: URL) -> AsyncIterator[FindProcesses]:
    """Those of the server's that write a dump, which are known by their name."""
    engine = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    try:
        async with engine.connect() as connection:

            async def find() -> Iterable[int]:
                return (await connection.scalars(text(_BACKENDS), {"name": APPLICATION_NAME})).all()

            yield find
    finally:
        await engine.dispose()


_BACKENDS = "select pid from pg_stat_activity where application_name = :name"
