"""The household's page, as phones ask for it."""

from __future__ import annotations

from collections.abc import AsyncIterator

from bench.ground import Ground
from bench.load import load
from bench.measurement import Measurement, measured
from bench.shop import Shop, build_award, start_server

WARM, SECONDS = 3, 10
ENTRIES = 20
"""Of each household at least, so that its page is full."""


async def measure(ground: Ground) -> AsyncIterator[Measurement]:
    at = await ground.shop()
    await _awarded(at)
    async with start_server(at) as server:
        cards = at.write_lines([f"/c/{card}" for card in at.cards])
        await load(server.url, "get.lua", [cards], WARM)
        seen = await load(server.url, "get.lua", [cards], SECONDS)
    yield measured("household pages", seen.per_second, "/s", target=2_000, more=True)
    yield measured("household pages, p99", seen.p99 / 1000, "ms", target=50.0)


async def _awarded(at: Shop) -> None:
    for _ in range(ENTRIES):
        async with at.services.unit_of_work() as uow:
            await uow.books.post([build_award(household, 1) for household in at.households], uow.now)
    await at.seal_and_vacuum()
