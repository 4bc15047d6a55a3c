"""The most frequent reads, in young books and in old ones: they must take about as long in both."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from statistics import median
from time import perf_counter

import httpx
from sqlalchemy import text

from api.opening import TOWNSHIP
from api.platform import accounts
from api.platform.clock import local_date
from bench.environment import Environment
from bench.load import run_load
from bench.measurement import Measurement, make_measurement
from bench.scratch import scratch_folder
from bench.shop import PASSWORD, Server, Shop, open_shop, start_server
from ledger.books import Books
from ledger.transactions import ClosingStatus

HOUSEHOLDS = 3_000
YOUNG, OLD = 10_000, 10_000_000
"""Transfers."""
SAMPLED = 90
"""Households that are read. Only they have entries in young books: a hundred each, a full page."""
CHUNK = 1_000_000
PER_DAY = 2_000
"""Ten million transfers are fourteen years."""
MAX_RATIO = 1.3
WARM_UP, SECONDS = 1, 5
CLOSINGS = 15
MAX_WAIT = 50.0
"""Milliseconds for which a closing may block all others."""


async def measure(environment: Environment) -> AsyncIterator[Measurement]:
    """Needs books of its own, and 8 GB for them."""
    with scratch_folder() as folder:
        async with open_shop(folder / "data", households=HOUSEHOLDS, products=1, kiosks=1) as shop:
            await shop.seal_and_vacuum()
            # So that reads have to calculate what expires.
            now = shop.services.clock.now()
            await shop.expire_yearly(local_date(now), now)
            await _grow(shop, 0, YOUNG, SAMPLED)
            young, soon = await _measure_reads(shop), await _measure_closing(shop)
            await _grow(shop, YOUNG, OLD, HOUSEHOLDS)
            old, late = await _measure_reads(shop), await _measure_closing(shop)
    for name, duration in old.items():
        yield make_measurement(f"{name} in old books", duration, "ms", young[name], MAX_RATIO * young[name])
    yield make_measurement("closing a month in old books", late, "ms", soon, MAX_WAIT)


async def _measure_reads(shop: Shop) -> dict[str, float]:
    """The median milliseconds of each kind of read, one at a time."""
    async with start_server(shop) as server:
        office, till = await _sign_in(server), shop.tills[0].token
        reads = {
            "balance": ([f"/v1/accounts/household:{code}/balance" for code in shop.households[:SAMPLED]], office),
            "statement": (
                [f"/v1/accounts/household:{code}/statement" for code in shop.households[:SAMPLED]],
                office,
            ),
            "card at the till": ([f"/v1/cards/{card}" for card in shop.cards[:SAMPLED]], till),
            "household page": ([f"/c/{card}" for card in shop.cards[:SAMPLED]], ""),
        }
        durations = {}
        for name, (paths, token) in reads.items():
            arguments: list[str | Path] = [shop.write_lines(paths), *([token] if token else [])]
            await run_load(server.url, "get.lua", arguments, WARM_UP, connections=1)
            result = await run_load(server.url, "get.lua", arguments, SECONDS, connections=1)
            durations[name] = result.p50 / 1000
        return durations


async def _measure_closing(shop: Shop) -> float:
    """The median milliseconds for which closing a month blocks all others; each closing is rolled back."""
    now, durations = shop.services.clock.now(), []
    async with shop.services.database.engine.connect() as connection:
        for _ in range(CLOSINGS):
            started = perf_counter()
            closed = await Books(connection, TOWNSHIP).close_period(now, now, person="", reason="月结")
            durations.append(perf_counter() - started)
            assert closed is ClosingStatus.OK
            await connection.rollback()
    return 1000 * median(durations)


async def _sign_in(server: Server) -> str:
    async with httpx.AsyncClient(base_url=server.url, verify=False) as http:
        answer = await http.post("/v1/sign-in", json={"login": "office", "password": PASSWORD})
        return str(answer.raise_for_status().json()["token"])


async def _grow(shop: Shop, first: int, last: int, households: int) -> None:
    """Write transfers number `first` to `last` as if they had been recorded and sealed long ago: four awards and
    then a redemption for each household."""
    async with shop.as_owner() as connection:
        # Disables foreign key checks, which a scratch database doesn't need.
        await connection.execute(text("set session_replication_role = replica"))
        await connection.execute(_HOMES, {"prefix": accounts.HOUSEHOLDS})
        for start in range(first, last, CHUNK):
            some = {"first": start, "last": min(start + CHUNK, last) - 1, "households": households}
            await connection.execute(_TRANSACTIONS, some | {"all": OLD, "a_day": PER_DAY})
            ends = {"issuing": accounts.ISSUING.id, "till": accounts.till("s1").id}
            await connection.execute(_TRANSFERS, some | ends | {"points": accounts.POINTS})
        await connection.execute(text("vacuum analyze"))
        await connection.execute(text("checkpoint"))


_HOMES = text("""
    create temporary table home as
    select row_number() over (order by length(name), name) - 1 as n, id as account
      from ledger.account where starts_with(name, :prefix)
""")
_ID = "(lpad(to_hex(n), 8, '0') || '-0000-7000-8000-000000000000')::uuid"
_WHEN = "now() - (:all - n) * interval '1 day' / :a_day"
_SPENT = "n / :households % 5 = 4"
_TRANSACTIONS = text(f"""
    insert into ledger.transaction (township, id, kind, phase, person, reason, effective_at, recorded_at, metadata,
                                    content, written_by)
    select 1, {_ID}, case when {_SPENT} then 'redemption' else 'award' end, 'posted', '', '打扫院子',
           {_WHEN}, {_WHEN},
           case when {_SPENT} then '{{"goods": [{{"name": "洗衣粉", "quantity": 1}}]}}'::jsonb else '{{}}' end,
           '', 0
      from generate_series(cast(:first as bigint), :last) n
""")
_TRANSFERS = text(f"""
    insert into ledger.transfer (township, transaction, ordinal, unit, debit, credit, amount, pending, recorded_at)
    select 1, t.id, 1, :points, case when t.kind = 'award' then cast(:issuing as uuid) else home.account end,
           case when t.kind = 'award' then home.account else cast(:till as uuid) end,
           case when t.kind = 'award' then 1 else 4 end, false, t.recorded_at
      from generate_series(cast(:first as bigint), :last) n
      join home on home.n = n.n % :households
      join ledger.transaction t on (t.township, t.id) = (1, {_ID.replace("(n)", "(n.n)")})
""")
