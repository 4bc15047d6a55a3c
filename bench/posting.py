"""Posting to the books, without HTTP: many awards in one call, and while the books are sealed and verified."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from io import BytesIO
from itertools import cycle, islice
from statistics import median
from time import perf_counter

from api.bookkeeping.seals.use_cases import seal
from api.platform import accounts
from bench.command import command
from bench.ground import HOUSEHOLDS, Ground
from bench.measurement import Measurement, measured
from bench.pgbench import scripted
from bench.shop import Shop, build_award
from ledger.transactions import Status

CALLS = 7
BATCH = 256
SECONDS = 8.0
ONE = rf"""
\set household random(0, {HOUSEHOLDS - 1})
select * from ledger.post(1, jsonb_build_array(jsonb_build_object(
    'id', gen_random_uuid(), 'kind', 'import', 'phase', 'posted', 'person', '', 'reason', '',
    'metadata', jsonb_build_object(), 'transfers', jsonb_build_array(jsonb_build_object(
        'debit', '{accounts.IMPORTED.id}', 'unit', '{accounts.POINTS}', 'amount', 1, 'credit', (
            select id from ledger.account
             where (township, name) = (1, '{accounts.HOUSEHOLDS}h' || cast(:household as text))))))), now())
"""


async def measure(ground: Ground) -> AsyncIterator[Measurement]:
    at, baseline = await ground.shop(), await ground.baseline()
    await at.seal_and_vacuum()
    await _post(at, at.households)
    took = median([await _post(at, at.households) for _ in range(CALLS)])
    copied = len(at.households) / await _copied(at)
    yield measured("award to 3,000 households", len(at.households) / took, "/s", copied, 60_000, more=True)
    alone = await _batches(at)
    yield measured("awards in batches of 256", alone, "/s", baseline, 3.5 * baseline, more=True)
    await at.seal_and_vacuum()
    beside = [asyncio.create_task(_seal(at)), asyncio.create_task(_verify(at))]
    both = await _batches(at)
    for task in beside:
        task.cancel()
    await asyncio.gather(*beside, return_exceptions=True)
    yield measured("the same while sealing and verifying", both, "/s", alone, 0.8 * alone, more=True)
    one_by_one = await asyncio.to_thread(scripted, at.database, ONE)
    yield measured("awards one by one, by pgbench", one_by_one, "/s", baseline)


async def _batches(at: Shop) -> float:
    """Awards a second, each batch a transaction of its own."""
    households, posted, started = cycle(at.households), 0, perf_counter()
    while perf_counter() - started < SECONDS:
        await _post(at, list(islice(households, BATCH)))
        posted += BATCH
    return posted / (perf_counter() - started)


async def _post(at: Shop, households: list[str]) -> float:
    """Seconds from the call to the commit."""
    batch = [build_award(household, 1) for household in households]
    started = perf_counter()
    async with at.services.unit_of_work() as uow:
        postings = await uow.books.post(batch, uow.now)
    took = perf_counter() - started
    assert all(posting.status is Status.OK for posting in postings)
    return took


async def _copied(at: Shop) -> float:
    """Seconds that PostgreSQL's COPY takes for as many rows of transactions and transfers as the households are,
    into tables with the same indexes but without foreign keys and balances."""
    rows, took = {name: BytesIO() for name in ("transaction", "transfer")}, []
    async with at.as_owner() as connection:
        driver = (await connection.get_raw_connection()).driver_connection
        assert driver is not None
        for name, file in rows.items():
            await driver.execute(f"create temporary table {name} (like ledger.{name} including all)")
            some = f"select * from ledger.{name} limit {len(at.households)}"
            await driver.copy_from_query(some, output=file, format="binary")
        for _ in range(CALLS):
            await driver.execute("truncate transaction, transfer")
            started = perf_counter()
            async with driver.transaction():
                for name, file in rows.items():
                    file.seek(0)
                    await driver.copy_to_table(name, source=file, format="binary", schema_name="pg_temp")
            took.append(perf_counter() - started)
    return median(took)


async def _seal(at: Shop) -> None:
    while True:
        if not await seal(at.services):
            await asyncio.sleep(0.1)


async def _verify(at: Shop) -> None:
    while True:
        await command(at.folder, "verify")
