"""The server by itself: how soon it is ready, and what it takes of a small machine's memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from statistics import median

from bench.command import family, share
from bench.ground import Ground
from bench.measurement import Measurement, measured
from bench.shop import start_server

STARTS = 5
IDLE = 6.0
"""Seconds until it has looked for all that it looks for now and then."""


async def measure(ground: Ground) -> AsyncIterator[Measurement]:
    at = await ground.shop()
    starts = []
    for _ in range(STARTS):
        async with start_server(at) as server:
            starts.append(server.ready_after)
    yield measured("server ready", median(starts), "s", target=2.0)
    # What this process had open at the database isn't the server's.
    await at.services.database.engine.dispose()
    async with start_server(at) as server:
        await asyncio.sleep(IDLE)
        alone = share(server.pid)
        postgres = sum(map(share, family(_postmaster(at.folder))))
    yield measured("memory of the idle server", alone, "MiB", target=150.0)
    yield measured("with its PostgreSQL", alone + postgres, "MiB", target=400.0)


def _postmaster(folder: Path) -> int:
    return int((folder / "pg" / "postmaster.pid").read_text().splitlines()[0])
