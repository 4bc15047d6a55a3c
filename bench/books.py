"""Whole books at once: a year of a large township verified, exported and expired, and a file of earlier points
brought in. What reads all stands beside PostgreSQL's own COPY of the same rows.
"""

from __future__ import annotations

import csv
import os
from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path
from time import perf_counter

from sqlalchemy import text

from api.platform import accounts
from api.platform.clock import local_date
from bench.command import command
from bench.ground import Ground
from bench.measurement import Measurement, measured
from bench.scratch import scratch
from bench.shop import BATCH_SIZE, Shop, build_award, open_shop
from ledger.transactions import Status

HOUSEHOLDS, AWARDS = 200_000, 5
"""Awards to each: a million transactions."""
ROWS = 20_000
"""Of an earlier scheme."""
FORMATS = ("csv", "beancount", "hledger", "xlsx")
VERIFY_SECONDS, VERIFY_MEGABYTES = 30.0, 300.0


async def measure(_: Ground) -> AsyncIterator[Measurement]:
    """Needs books of its own."""
    with scratch() as folder:
        async with open_shop(folder / "data", households=1, products=1) as at:
            earned = await _fill(at)
            copied = await _copied(at)
            verified = await command(at.folder, "verify")
            name = f"verify of {HOUSEHOLDS * AWARDS:,} transactions"
            yield measured(name, verified.seconds, "s", copied, VERIFY_SECONDS)
            yield measured("memory of verify", verified.megabytes, "MB", target=VERIFY_MEGABYTES)
            for format in FORMATS:
                words = ["--format", format, "--from", str(earned), "--to", str(earned)]
                exported = await command(at.folder, "export", *words, "--output", str(folder / f"books.{format}"))
                yield measured(f"export of {HOUSEHOLDS:,} transactions as {format}", exported.seconds, "s")
            earlier = _earlier(folder, at.households)
            imported = await command(at.folder, "import", str(earlier), "--source", "纸质台账")
            yield measured(f"import of {ROWS:,} rows", ROWS / imported.seconds, "/s")
            expired = await command(at.folder, "expire", "--by", "office", "--yes")
            yield measured(f"expiry for {HOUSEHOLDS:,} households", expired.seconds, "s")
            await command(at.folder, "verify")


async def _fill(at: Shop) -> date:
    """Awards of last year, sealed, and a policy by which they expired with it; gives the day of the first ones."""
    now = at.services.clock.now()
    earned = now.replace(year=now.year - 1, month=3, day=1)
    codes = [f"h{n}" for n in range(len(at.households), HOUSEHOLDS)]
    async with at.services.unit_of_work() as uow:
        await uow.session.execute(_HOUSEHOLDS, {"codes": codes})
        for first in range(0, len(codes), BATCH_SIZE):
            await uow.books.open_accounts(map(accounts.household, codes[first : first + BATCH_SIZE]), now)
        await uow.books.open_accounts([accounts.EXPIRED], now)
    at.households.extend(codes)
    await at.expire_yearly(date(earned.year, 1, 1), decided=now.replace(year=now.year - 2, day=1))
    for n in range(AWARDS):
        for first in range(0, HOUSEHOLDS, BATCH_SIZE):
            some = at.households[first : first + BATCH_SIZE]
            async with at.services.unit_of_work() as uow:
                posted = await uow.books.post(
                    [build_award(code, 1) for code in some], earned + n * timedelta(days=30)
                )
            assert all(posting.status is Status.OK for posting in posted)
    await at.seal_and_vacuum()
    return local_date(earned)


async def _copied(at: Shop) -> float:
    """Seconds that PostgreSQL takes to write all transactions and transfers out."""
    async with at.as_owner() as connection:
        began = perf_counter()
        for table in ("transaction", "transfer"):
            await connection.execute(text(f"copy ledger.{table} to '{os.devnull}'"))
        return perf_counter() - began


def _earlier(folder: Path, households: list[str]) -> Path:
    path = folder / "earlier.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(("户编号", "日期", "积分", "事由"))
        rows.writerows((households[n], "2024-05-01", 3, "打扫院子") for n in range(ROWS))
    return path


_HOUSEHOLDS = text("""
    insert into household (township, id, code, village, grid, head, people)
    select 1, gen_random_uuid(), code, 'v1', 'g1', '某某某', 3 from unnest(cast(:codes as text[])) as code
""")
