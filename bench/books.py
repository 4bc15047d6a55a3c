"""The books as a whole: verify, export and expire a year of a large township, and import a file of earlier points.
The baseline of verify is PostgreSQL's own COPY of the same rows.
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
from bench.command import run_command
from bench.environment import Environment
from bench.measurement import Measurement, make_measurement
from bench.scratch import scratch_folder
from bench.shop import BATCH_SIZE, PASSWORD, SECOND, Shop, build_award, open_shop
from ledger.transactions import Status

HOUSEHOLDS, AWARDS = 200_000, 5
"""Awards per household: a million transactions."""
ROWS = 20_000
"""Imported rows."""
FORMATS = ("csv", "beancount", "hledger", "xlsx")
VERIFY_SECONDS, VERIFY_MEGABYTES = 30.0, 300.0


async def measure(_: Environment) -> AsyncIterator[Measurement]:
    """Needs books of its own."""
    with scratch_folder() as folder:
        async with open_shop(folder / "data", households=1, products=1) as shop:
            earned = await _fill(shop)
            copied = await _measure_copy(shop)
            verified = await run_command(shop.folder, "verify")
            name = f"verify of {HOUSEHOLDS * AWARDS:,} transactions"
            yield make_measurement(name, verified.seconds, "s", copied, VERIFY_SECONDS)
            yield make_measurement("memory of verify", verified.megabytes, "MB", target=VERIFY_MEGABYTES)
            for format in FORMATS:
                words = ["--format", format, "--from", str(earned), "--to", str(earned)]
                exported = await run_command(
                    shop.folder, "export", *words, "--output", str(folder / f"books.{format}")
                )
                yield make_measurement(f"export of {HOUSEHOLDS:,} transactions as {format}", exported.seconds, "s")
            earlier = _write_import_file(folder, shop.households)
            signers = ["--by", "office", "--confirmed-by", SECOND]
            words = ["import", str(earlier), "--source", "纸质台账", *signers]
            imported = await run_command(shop.folder, *words, typed=f"{PASSWORD}\n" * 2)
            yield make_measurement(f"import of {ROWS:,} rows", ROWS / imported.seconds, "/s")
            expired = await run_command(shop.folder, "expire", "--by", "office", "--yes")
            yield make_measurement(f"expiry for {HOUSEHOLDS:,} households", expired.seconds, "s")
            await run_command(shop.folder, "verify")


async def _fill(shop: Shop) -> date:
    """Post and seal awards of last year, and adopt a policy by which they expired; returns the first day."""
    now = shop.services.clock.now()
    earned = now.replace(year=now.year - 1, month=3, day=1)
    codes = [f"h{n}" for n in range(len(shop.households), HOUSEHOLDS)]
    async with shop.services.unit_of_work() as uow:
        await uow.session.execute(_HOUSEHOLDS, {"codes": codes})
        for first in range(0, len(codes), BATCH_SIZE):
            await uow.books.open_accounts(map(accounts.household, codes[first : first + BATCH_SIZE]), now)
        await uow.books.open_accounts([accounts.EXPIRED], now)
    shop.households.extend(codes)
    await shop.expire_yearly(date(earned.year, 1, 1), decided=now.replace(year=now.year - 2, day=1))
    for n in range(AWARDS):
        for first in range(0, HOUSEHOLDS, BATCH_SIZE):
            some = shop.households[first : first + BATCH_SIZE]
            async with shop.services.unit_of_work() as uow:
                results = await uow.books.post(
                    [build_award(code, 1) for code in some], earned + n * timedelta(days=30)
                )
            assert all(result.status is Status.OK for result in results)
    await shop.seal_and_vacuum()
    return local_date(earned)


async def _measure_copy(shop: Shop) -> float:
    """Seconds that PostgreSQL takes to copy all transactions and transfers out."""
    async with shop.as_owner() as connection:
        started = perf_counter()
        for table in ("transaction", "transfer"):
            await connection.execute(text(f"copy ledger.{table} to '{os.devnull}'"))
        return perf_counter() - started


def _write_import_file(folder: Path, households: list[str]) -> Path:
    path = folder / "earlier.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(("户编号", "日期", "积分", "事由"))
        rows.writerows((households[n], "2024-05-01", 3, "打扫院子") for n in range(ROWS))
    return path


_HOUSEHOLDS = text("""
    insert into household (township, id, code, village, grid, head, people, search_key)
    select 1, gen_random_uuid(), code, 'v1', 'g1', '某某某', 3, e'某某某\\n某某某\\n'
      from unnest(cast(:codes as text[])) as code
""")
