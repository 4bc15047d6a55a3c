"""The household's page, as requested by phones."""

from __future__ import annotations

from collections.abc import AsyncIterator

from bench.environment import Environment
from bench.load import run_load
from bench.measurement import Measurement, make_measurement
from bench.shop import Shop, build_award, start_server

WARM_UP, SECONDS = 3, 10
ENTRIES = 20
"""At least for each household, so that its page is full."""


async def measure(environment: Environment) -> AsyncIterator[Measurement]:
    shop = await environment.get_shop()
    await _award_all(shop)
    async with start_server(shop) as server:
        cards = shop.write_lines([f"/c/{card}" for card in shop.cards])
        await run_load(server.url, "get.lua", [cards], WARM_UP)
        result = await run_load(server.url, "get.lua", [cards], SECONDS)
    yield make_measurement("household pages", result.per_second, "/s", target=2_000, more=True)
    yield make_measurement("household pages, p99", result.p99 / 1000, "ms", target=50.0)


async def _award_all(shop: Shop) -> None:
    for _ in range(ENTRIES):
        async with shop.services.unit_of_work() as uow:
            await uow.books.post([build_award(household, 1) for household in shop.households], uow.now)
    await shop.seal_and_vacuum()
