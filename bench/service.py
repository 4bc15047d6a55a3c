"""The idle server: startup time and memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from statistics import median

from bench.command import iter_process_tree, read_memory
from bench.environment import Environment
from bench.measurement import Measurement, make_measurement
from bench.shop import start_server

STARTS = 5
IDLE = 6.0
"""Seconds after which each background job has run."""


async def measure(environment: Environment) -> AsyncIterator[Measurement]:
    shop = await environment.get_shop()
    starts = []
    for _ in range(STARTS):
        async with start_server(shop) as server:
            starts.append(server.ready_after)
    yield make_measurement("server ready", median(starts), "s", target=2.0)
    # Don't count this process's own database connections.
    await shop.services.database.engine.dispose()
    async with start_server(shop) as server:
        await asyncio.sleep(IDLE)
        alone = read_memory(server.pid)
        postgres = sum(map(read_memory, iter_process_tree(_read_postmaster(shop.folder))))
    yield make_measurement("memory of the idle server", alone, "MiB", target=150.0)
    yield make_measurement("with its PostgreSQL", alone + postgres, "MiB", target=400.0)


def _read_postmaster(folder: Path) -> int:
    return int((folder / "pg" / "postmaster.pid").read_text().splitlines()[0])
