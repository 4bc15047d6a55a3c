"""Redemptions over HTTP, as tills send them, beside what bare SQL does on the same server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

from bench.command import command
from bench.ground import Ground
from bench.load import CONNECTIONS, Load, load
from bench.measurement import Measurement, measured
from bench.shop import Shop, serving

WARM, SECONDS = 3, 12
MORE, LESS = 1.5, 0.5
"""Targets, as parts of the baseline."""


async def measure(ground: Ground) -> AsyncIterator[Measurement]:
    at, baseline = await ground.shop(), await ground.baseline()
    yield measured("TPC-B-like", baseline, "/s")
    async with serving(at) as server:
        await redeem(at, server.url, seconds=WARM)
        most = await redeem(at, server.url)
        yield measured("redemptions", most.per_second, "/s", baseline, MORE * baseline, more=True)
        half = await redeem(at, server.url, a_second=most.per_second / 2)
        yield measured("redemptions at half the load, p99", half.p99 / 1000, "ms", target=50.0)
        hot = await redeem(at, server.url, cards=at.cards[:1], goods=at.goods[:1])
        yield measured("redemptions, one household", hot.per_second, "/s", baseline, LESS * baseline, more=True)
        alone = await redeem(at, server.url, connections=CONNECTIONS // 2)
        async with serving(at) as second:
            both = await asyncio.gather(
                *(redeem(at, url, connections=CONNECTIONS // 2) for url in (server.url, second.url))
            )
    together = sum(each.per_second for each in both)
    yield measured("redemptions, two servers", together, "/s", alone.per_second, 1.2 * alone.per_second, more=True)
    # Never a wrong balance, whoever wrote it.
    await command(at.folder, "verify")


async def redeem(
    at: Shop,
    url: str,
    *,
    cards: Sequence[str] = (),
    goods: Sequence[str] = (),
    seconds: int = SECONDS,
    a_second: float = 0,
    connections: int = CONNECTIONS,
) -> Load:
    """`a_second`: how many at most over all connections; 0, as many as go."""
    tills = [f"{till.token} {till.shift}" for till in at.tills]
    files = [at.file(lines) for lines in (cards or at.cards, goods or at.goods, tills)]
    pause = 1000 * connections / a_second if a_second else 0
    return await load(url, "redeem.lua", [*files, f"{pause:.0f}"], seconds, connections)
