"""Posting to the books, without HTTP: many awards in one call, and while the books are sealed and verified."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from itertools import cycle, islice
from statistics import median
from time import perf_counter

from api.seals.use_cases import seal
from bench.ground import Ground
from bench.measurement import Measurement, measured
from bench.shop import Shop, award, command
from ledger.transactions import Status

CALLS = 7
BATCH = 256
SECONDS = 8.0


async def measure(ground: Ground) -> AsyncIterator[Measurement]:
    at, baseline = await ground.shop(), await ground.baseline()
    await _post(at, at.households)
    took = median([await _post(at, at.households) for _ in range(CALLS)])
    yield measured("award to 3,000 households", len(at.households) / took, "/s", target=60_000, more=True)
    alone = await _batches(at)
    yield measured("awards in batches of 256", alone, "/s", baseline, 3.5 * baseline, more=True)
    # Not with a backlog of what was posted before.
    while await seal(at.town):
        pass
    beside = [asyncio.create_task(_seal(at)), asyncio.create_task(_verify(at))]
    both = await _batches(at)
    for task in beside:
        task.cancel()
    await asyncio.gather(*beside, return_exceptions=True)
    yield measured("the same while sealing and verifying", both, "/s", alone, 0.8 * alone, more=True)


async def _batches(at: Shop) -> float:
    """Awards a second, each batch a transaction of its own."""
    households, posted, started = cycle(at.households), 0, perf_counter()
    while perf_counter() - started < SECONDS:
        await _post(at, list(islice(households, BATCH)))
        posted += BATCH
    return posted / (perf_counter() - started)


async def _post(at: Shop, households: list[str]) -> float:
    """Seconds from the call to the commit."""
    batch = [award(household, 1) for household in households]
    started = perf_counter()
    async with at.town.work() as work:
        postings = await work.books.post(batch, work.now)
    took = perf_counter() - started
    assert all(posting.status is Status.OK for posting in postings)
    return took


async def _seal(at: Shop) -> None:
    while True:
        if not await seal(at.town):
            await asyncio.sleep(0.1)


async def _verify(at: Shop) -> None:
    while True:
        await command(at, "verify")
