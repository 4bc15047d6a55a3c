"""Posting to the books without HTTP: many awards in one call, and while the books are sealed and verified."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from io import BytesIO
from itertools import cycle, islice
from statistics import median
from time import perf_counter

from api.bookkeeping.seals.use_cases import seal
from api.platform import accounts
from bench.command import run_command
from bench.environment import HOUSEHOLDS, Environment
from bench.measurement import Measurement, make_measurement
from bench.pgbench import measure_script
from bench.shop import Shop, build_award
from ledger.transactions import Status

CALLS = 7
BATCH = 256
SECONDS = 8.0
SINGLE_AWARD = rf"""
\set household random(0, {HOUSEHOLDS - 1})
select * from ledger.post(1, jsonb_build_array(jsonb_build_object(
    'id', gen_random_uuid(), 'kind', 'import', 'phase', 'posted', 'person', '', 'reason', '',
    'metadata', jsonb_build_object(), 'transfers', jsonb_build_array(jsonb_build_object(
        'debit', '{accounts.IMPORTED.id}', 'unit', '{accounts.POINTS}', 'amount', 1, 'credit', (
            select id from ledger.account
             where (township, name) = (1, '{accounts.HOUSEHOLDS}h' || cast(:household as text))))))), now())
"""


async def measure(environment: Environment) -> AsyncIterator[Measurement]:
    shop, baseline = await environment.get_shop(), await environment.measure_baseline()
    await shop.seal_and_vacuum()
    await _measure_post(shop, shop.households)
    duration = median([await _measure_post(shop, shop.households) for _ in range(CALLS)])
    copied = len(shop.households) / await _measure_copy(shop)
    yield make_measurement(
        "award to 3,000 households", len(shop.households) / duration, "/s", copied, 60_000, more=True
    )
    alone = await _measure_batches(shop)
    yield make_measurement("awards in batches of 256", alone, "/s", baseline, 3.5 * baseline, more=True)
    await shop.seal_and_vacuum()
    tasks = [asyncio.create_task(_seal_repeatedly(shop)), asyncio.create_task(_verify_repeatedly(shop))]
    both = await _measure_batches(shop)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    yield make_measurement("the same while sealing and verifying", both, "/s", alone, 0.8 * alone, more=True)
    one_by_one = await asyncio.to_thread(measure_script, shop.database, SINGLE_AWARD)
    yield make_measurement("awards one by one, by pgbench", one_by_one, "/s", baseline)


async def _measure_batches(shop: Shop) -> float:
    """Awards per second, each batch in its own database transaction."""
    households, posted, started = cycle(shop.households), 0, perf_counter()
    while perf_counter() - started < SECONDS:
        await _measure_post(shop, list(islice(households, BATCH)))
        posted += BATCH
    return posted / (perf_counter() - started)


async def _measure_post(shop: Shop, households: list[str]) -> float:
    """Seconds from the call to the end of the commit."""
    batch = [build_award(household, 1) for household in households]
    started = perf_counter()
    async with shop.services.unit_of_work() as uow:
        results = await uow.books.post(batch, uow.now)
    duration = perf_counter() - started
    assert all(result.status is Status.OK for result in results)
    return duration


async def _measure_copy(shop: Shop) -> float:
    """Seconds that PostgreSQL's COPY takes for one transaction and transfer per household, into tables with the
    same indexes but without foreign keys and balances."""
    rows, durations = {name: BytesIO() for name in ("transaction", "transfer")}, []
    async with shop.as_owner() as connection:
        driver = (await connection.get_raw_connection()).driver_connection
        assert driver is not None
        for name, file in rows.items():
            await driver.execute(f"create temporary table {name} (like ledger.{name} including all)")
            some = f"select * from ledger.{name} limit {len(shop.households)}"
            await driver.copy_from_query(some, output=file, format="binary")
        for _ in range(CALLS):
            await driver.execute("truncate transaction, transfer")
            started = perf_counter()
            async with driver.transaction():
                for name, file in rows.items():
                    file.seek(0)
                    await driver.copy_to_table(name, source=file, format="binary", schema_name="pg_temp")
            durations.append(perf_counter() - started)
    return median(durations)


async def _seal_repeatedly(shop: Shop) -> None:
    while True:
        if not await seal(shop.services):
            await asyncio.sleep(0.1)


async def _verify_repeatedly(shop: Shop) -> None:
    while True:
        await run_command(shop.folder, "verify")
