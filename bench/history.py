"""What people look at most, in young books and in old ones: it has to take as long in both."""

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
from bench.ground import Ground
from bench.load import load
from bench.measurement import Measurement, measured
from bench.scratch import scratch
from bench.shop import PASSWORD, Server, Shop, open_shop, start_server
from ledger.books import Books
from ledger.transactions import ClosingStatus

HOUSEHOLDS = 3_000
YOUNG, OLD = 10_000, 10_000_000
"""Transfers."""
ASKED = 90
"""Households that are looked at. They alone have entries in young books: a hundred each, a full page."""
CHUNK = 1_000_000
A_DAY = 2_000
"""So ten million are fourteen years."""
MOST = 1.3
WARM, SECONDS = 1, 5
CLOSINGS = 15
WAIT = 50.0
"""Milliseconds for which a closing may hold everybody up."""


async def measure(ground: Ground) -> AsyncIterator[Measurement]:
    """Needs books of its own, and 8 GB for them."""
    with scratch() as folder:
        async with open_shop(folder / "data", households=HOUSEHOLDS, products=1, kiosks=1) as at:
            await at.seal_and_vacuum()
            # So that a look has to reckon what is up.
            now = at.services.clock.now()
            await at.expire_yearly(local_date(now), now)
            await _grow(at, 0, YOUNG, ASKED)
            young, soon = await _looks(at), await _closing(at)
            await _grow(at, YOUNG, OLD, HOUSEHOLDS)
            old, late = await _looks(at), await _closing(at)
    for name, took in old.items():
        yield measured(f"{name} in old books", took, "ms", young[name], MOST * young[name])
    yield measured("closing a month in old books", late, "ms", soon, WAIT)


async def _looks(at: Shop) -> dict[str, float]:
    """Milliseconds that each takes, one at a time, where half of them are quicker."""
    async with start_server(at) as server:
        office, till = await _signed_in(server), at.tills[0].token
        looks = {
            "balance": ([f"/v1/accounts/household:{code}/balance" for code in at.households[:ASKED]], office),
            "statement": ([f"/v1/accounts/household:{code}/statement" for code in at.households[:ASKED]], office),
            "card at the till": ([f"/v1/cards/{card}" for card in at.cards[:ASKED]], till),
            "household page": ([f"/c/{card}" for card in at.cards[:ASKED]], ""),
        }
        took = {}
        for name, (paths, token) in looks.items():
            words: list[str | Path] = [at.write_lines(paths), *([token] if token else [])]
            await load(server.url, "get.lua", words, WARM, connections=1)
            seen = await load(server.url, "get.lua", words, SECONDS, connections=1)
            took[name] = seen.p50 / 1000
        return took


async def _closing(at: Shop) -> float:
    """Milliseconds for which everybody waits where a month is closed, the median of some that are taken back."""
    now, took = at.services.clock.now(), []
    async with at.services.database.engine.connect() as connection:
        for _ in range(CLOSINGS):
            started = perf_counter()
            closed = await Books(connection, TOWNSHIP).close_period(now, now, person="", reason="月结")
            took.append(perf_counter() - started)
            assert closed is ClosingStatus.OK
            await connection.rollback()
    return 1000 * median(took)


async def _signed_in(server: Server) -> str:
    async with httpx.AsyncClient(base_url=server.url, verify=False) as http:
        answer = await http.post("/v1/sign-in", json={"login": "office", "password": PASSWORD})
        return str(answer.raise_for_status().json()["token"])


async def _grow(at: Shop, first: int, last: int, households: int) -> None:
    """Write transfers number `first` to `last`, to each of these many households four awards and then what it
    spent of them, as if they had been recorded and sealed long ago."""
    async with at.as_owner() as connection:
        # Foreign keys are checked row by row, which a scratch database can do without.
        await connection.execute(text("set session_replication_role = replica"))
        await connection.execute(_HOMES, {"prefix": accounts.HOUSEHOLDS})
        for start in range(first, last, CHUNK):
            some = {"first": start, "last": min(start + CHUNK, last) - 1, "households": households}
            await connection.execute(_TRANSACTIONS, some | {"all": OLD, "a_day": A_DAY})
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
