"""Backups: what one of the demo's year takes with its proof, and what tills notice of one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from bench.command import run_command
from bench.environment import Environment
from bench.measurement import Measurement, make_measurement
from bench.redemptions import SECONDS, WARM_UP, redeem
from bench.scratch import scratch_folder
from bench.shop import Shop, start_server

MAX_SECONDS = 60.0
LEAST_SPEED = 0.8
"""Of redemptions during a backup and its proof, as a part of those without."""


async def measure(environment: Environment) -> AsyncIterator[Measurement]:
    with scratch_folder() as folder:
        await run_command(folder / "data", "demo")
        cost = await run_command(folder / "data", "backup")
    yield make_measurement("backup and proof of a year", cost.seconds, "s", target=MAX_SECONDS)
    yield make_measurement("memory of a backup and its proof", cost.megabytes, "MiB", target=300.0)
    shop = await environment.get_shop()
    async with start_server(shop) as server:
        await redeem(shop, server.url, seconds=WARM_UP)
        alone = await redeem(shop, server.url)
        backups = asyncio.create_task(_keep_backing_up(shop))
        try:
            during = await redeem(shop, server.url, seconds=2 * SECONDS)
        finally:
            backups.cancel()
            await asyncio.gather(backups, return_exceptions=True)
    speed = alone.per_second
    yield make_measurement(
        "redemptions during a backup", during.per_second, "/s", speed, LEAST_SPEED * speed, more=True
    )


async def _keep_backing_up(shop: Shop) -> None:
    while True:
        await run_command(shop.folder, "backup")
