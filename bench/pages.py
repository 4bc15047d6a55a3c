"""The household's page, as phones ask for it."""

from __future__ import annotations

from collections.abc import AsyncIterator

from bench.ground import Ground
from bench.load import load
from bench.measurement import Measurement, measured
from bench.shop import serving

WARM, SECONDS = 3, 10


async def measure(ground: Ground) -> AsyncIterator[Measurement]:
    at = await ground.shop()
    async with serving(at) as server:
        cards = at.file([f"/c/{card}" for card in at.cards])
        await load(server.url, "get.lua", [cards], WARM)
        seen = await load(server.url, "get.lua", [cards], SECONDS)
    yield measured("household pages", seen.per_second, "/s", target=2_000, more=True)
    yield measured("household pages, p99", seen.p99 / 1000, "ms", target=50.0)
