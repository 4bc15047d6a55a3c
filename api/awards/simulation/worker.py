"""A worker process that simulates some villages: `python -m api.awards.simulation.worker`.

Evaluating claims occupies a processor for seconds, during which a server must answer other requests. The worker
reads its job from standard input and writes messages to standard output, one JSON object on each line. All workers
of a simulation read the same snapshot.
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
from api.awards.simulation.claim_reader import VillageClaims, load_households, read_claims
from api.platform.clock import WallClock
from api.platform.database.engine import Database
from api.platform.process_limits import OUT_OF_MEMORY, OUT_OF_MEMORY_ERRORS, limit_process
from api.platform.services import Services, UnitOfWork
from ledger.transactions import TownshipId

MAX_LINE_BYTES = 1 << 28
MAX_MEMORY = 4 << 30


class DraftSource(msgspec.Struct, frozen=True):
    """A draft's text, what its author calls it in `source`, and the base's text if it is an overlay."""

    text: str
    source: str
    base: str = ""

    def parse(self) -> rules.Rulebook:
        """Only after it was checked where memory and time have a limit."""
        base = rules.load(self.base, "rulebook.toml", adopted=True) if self.base else None
        return rules.load(self.text, self.source, base)


class Job(msgspec.Struct, frozen=True):
    """`relevant_days` are those whose claims count towards limits; they include the period from `first` to
    `last`."""

    database: str
    snapshot: str
    township: int
    data: str
    draft: DraftSource
    first: date
    last: date
    relevant_days: tuple[date, date]
    villages: Sequence[VillageClaims]


class Progress(msgspec.Struct, frozen=True, tag=True):
    """The number of claims done since the last message."""

    claims: int


class VillageFinished(msgspec.Struct, frozen=True, tag=True):
    result: rules.VillageResult


Message = Progress | VillageFinished


async def run_job(job: Job) -> AsyncIterator[Message]:
    draft = rules.backdate(job.draft.parse(), job.last)
    async with _snapshot(job) as unit:
        households = await load_households(unit)
        for village in job.villages:
            simulation = rules.VillageSimulation(
                draft.book, village.code, village.name, village.households, job.first, job.last
            )
            async for batch in read_claims(unit, village, households, *job.relevant_days):
                simulation.add_claims(batch)
                yield Progress(len(batch))
            yield VillageFinished(simulation.build_result())


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
    limit_process(MAX_MEMORY)
    # Claims contain no reference cycles, and the process ends soon.
    gc.disable()
    async for message in run_job(msgspec.json.decode(sys.stdin.buffer.read(), type=Job)):
        sys.stdout.buffer.write(msgspec.json.encode(message) + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    try:
        asyncio.run(_main())
    except OUT_OF_MEMORY_ERRORS:
        sys.exit(OUT_OF_MEMORY)
