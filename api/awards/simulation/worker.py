"""A process of its own that simulates some villages: `python -m api.awards.simulation.worker`.

Evaluating claims keeps a processor busy for seconds, and a server has others to answer meanwhile. The job comes in
on standard input; what is done goes out on standard output, a line of JSON each. All processes of a simulation
read the same snapshot.
"""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path

import msgspec
from sqlalchemy import make_url, text

import rules
from api.awards.simulation.records import VillageClaims, homes, recorded
from api.platform.clock import WallClock
from api.platform.database.engine import Database
from api.platform.services import Services, UnitOfWork
from ledger.transactions import TownshipId

LONGEST_LINE = 1 << 28


class Draft(msgspec.Struct, frozen=True):
    """A draft's text as its author has it in `source`; of a village's overlay also its base's text."""

    text: str
    source: str
    base: str = ""

    def book(self) -> rules.Rulebook:
        """Raises RulebookError."""
        base = rules.load(self.base, "rulebook.toml") if self.base else None
        return rules.load(self.text, self.source, base)


class Job(msgspec.Struct, frozen=True):
    """`reach` are the days whose claims count towards limits, around the period from `first` to `last`."""

    database: str
    snapshot: str
    township: int
    data: str
    draft: Draft
    first: date
    last: date
    reach: tuple[date, date]
    villages: Sequence[VillageClaims]


class Progress(msgspec.Struct, frozen=True, tag=True):
    """So many more claims are done."""

    claims: int


class Finished(msgspec.Struct, frozen=True, tag=True):
    part: rules.VillageResult


Told = Progress | Finished


async def uow(job: Job) -> AsyncIterator[Told]:
    draft = rules.backdate(job.draft.book(), job.last)
    async with _snapshot(job) as unit:
        households = await homes(unit)
        for village in job.villages:
            run = rules.VillageSimulation(
                draft.book, village.code, village.name, village.households, job.first, job.last
            )
            async for batch in recorded(unit, village, households, *job.reach):
                run.add_claims(batch)
                yield Progress(len(batch))
            yield Finished(run.build_result())


@asynccontextmanager
async def _snapshot(job: Job) -> AsyncIterator[UnitOfWork]:
    database = Database(make_url(job.database), pool_size=1)
    services = Services(database, WallClock(), TownshipId(job.township), Path(job.data))
    try:
        async with services.snapshot() as unit:
            await unit.session.execute(text(f"set transaction snapshot '{job.snapshot}'"))
            yield unit
    finally:
        await database.close()


async def _main() -> None:
    # A million claims come and go without cycles, and the process ends soon.
    gc.disable()
    async for told in uow(msgspec.json.decode(sys.stdin.buffer.read(), type=Job)):
        sys.stdout.buffer.write(msgspec.json.encode(told) + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    asyncio.run(_main())
