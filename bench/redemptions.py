"""Redemptions over HTTP as tills send them, compared with pgbench on the same server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

from bench.command import run_command
from bench.environment import Environment
from bench.load import CONNECTIONS, LoadResult, run_load
from bench.measurement import Measurement, make_measurement
from bench.shop import Shop, start_server

WARM_UP, SECONDS = 3, 12
ALL_HOUSEHOLDS, ONE_HOUSEHOLD = 1.5, 0.5
"""Targets, as parts of the baseline."""


async def measure(environment: Environment) -> AsyncIterator[Measurement]:
    shop, baseline = await environment.get_shop(), await environment.measure_baseline()
    yield make_measurement("TPC-B-like", baseline, "/s")
    async with start_server(shop) as server:
        await redeem(shop, server.url, seconds=WARM_UP)
        full = await redeem(shop, server.url)
        yield make_measurement(
            "redemptions", full.per_second, "/s", baseline, ALL_HOUSEHOLDS * baseline, more=True
        )
        half = await redeem(shop, server.url, a_second=full.per_second / 2)
        yield make_measurement("redemptions at half the load, p99", half.p99 / 1000, "ms", target=50.0)
        hot = await redeem(shop, server.url, cards=shop.cards[:1], goods=shop.goods[:1])
        target = ONE_HOUSEHOLD * baseline
        yield make_measurement("redemptions, one household", hot.per_second, "/s", baseline, target, more=True)
        alone = await redeem(shop, server.url, connections=CONNECTIONS // 2)
        async with start_server(shop) as second:
            both = await asyncio.gather(
                *(redeem(shop, url, connections=CONNECTIONS // 2) for url in (server.url, second.url))
            )
    together = sum(each.per_second for each in both)
    yield make_measurement(
        "redemptions, two servers", together, "/s", alone.per_second, 1.2 * alone.per_second, more=True
    )
    # After all this load the books must still be right.
    await run_command(shop.folder, "verify")


async def redeem(
    shop: Shop,
    url: str,
    *,
    cards: Sequence[str] = (),
    goods: Sequence[str] = (),
    seconds: int = SECONDS,
    a_second: float = 0,
    connections: int = CONNECTIONS,
) -> LoadResult:
    """`a_second`: requests a second over all connections, at most; 0: no limit."""
    tills = [f"{till.token} {till.shift}" for till in shop.tills]
    files = [shop.write_lines(lines) for lines in (cards or shop.cards, goods or shop.goods, tills)]
    pause = 1000 * connections / a_second if a_second else 0
    return await run_load(url, "redeem.lua", [*files, f"{pause:.0f}"], seconds, connections)
