"""How long it takes to simulate a draft over a year's claims.

The baseline of the engine is `evaluate` and `Tally` over the same claims, that of the command the same command on
one processor.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from datetime import date, timedelta
from itertools import islice
from pathlib import Path
from random import Random

from bench.command import run_command
from bench.environment import Environment
from bench.measurement import Measurement, make_measurement
from bench.township import (
    FIRST,
    HOUSEHOLDS_PER_VILLAGE,
    LAST,
    VILLAGES,
    book_text,
    draft_text,
    open_township,
    sample_claims,
)
from rules import Claim, RecordedClaim, Tally, VillageSimulation, backdate, evaluate, load, summarize

_SECONDS, _MEGABYTES = 30.0, 500.0
_BATCH_SIZE = 5_000
CLAIMS = 1_000_000


async def measure(_: Environment) -> AsyncIterator[Measurement]:
    for figure in _measure_engine(CLAIMS):
        yield figure
    # The command needs an event loop of its own.
    for figure in await asyncio.to_thread(lambda: list(_measure_command(CLAIMS))):
        yield figure


def _make_claims(claims: int) -> Iterator[RecordedClaim]:
    random = Random(2)
    samples = list(sample_claims(load(book_text()), Random(1)))
    first = date.fromisoformat(FIRST)
    for _ in range(claims):
        rule, category, inputs, points = random.choice(samples)
        household, day = f"h{random.randrange(HOUSEHOLDS_PER_VILLAGE)}", first + timedelta(random.randrange(365))
        yield RecordedClaim(
            Claim(rule, day, household, "v", 4, "某某", inputs, HOUSEHOLDS_PER_VILLAGE), category, points
        )


def _measure_engine(claims: int) -> Iterator[Measurement]:
    """One village at a time; making its claims isn't timed."""
    first, last = date.fromisoformat(FIRST), date.fromisoformat(LAST)
    draft = backdate(load(draft_text()), last)
    baseline = seconds = 0.0
    results = []
    for village in range(VILLAGES):
        batch = list(_make_claims(claims // VILLAGES))
        started = time.perf_counter()
        simulation = VillageSimulation(draft.book, f"v{village}", "村", HOUSEHOLDS_PER_VILLAGE, first, last)
        for start in range(0, len(batch), _BATCH_SIZE):
            simulation.add_claims(islice(batch, start, start + _BATCH_SIZE))
        results.append(simulation.build_result())
        seconds += time.perf_counter() - started
        started = time.perf_counter()
        history = Tally(draft.book)
        for each in batch:
            if each.claim.rule in draft.book.rules:
                evaluation = evaluate(draft.book, each.claim, history)
                if evaluation.accepted:
                    history.add(each.claim, evaluation.points)
        baseline += time.perf_counter() - started
    started = time.perf_counter()
    summarize(draft, first, last, results, {}, {})
    seconds += time.perf_counter() - started
    yield make_measurement(
        "simulation.engine", seconds / claims * 1e6, "µs a claim", baseline / claims * 1e6, None
    )


def _measure_command(claims: int) -> Iterator[Measurement]:
    with open_township(claims) as data, tempfile.TemporaryDirectory() as folder:
        draft = Path(folder) / "draft.toml"
        draft.write_text(draft_text(), encoding="utf-8")
        arguments = ["rules", "simulate", str(draft), "--from", FIRST, "--to", LAST, "--format", "json"]
        one = asyncio.run(run_command(data, *arguments, processors=1))
        both = asyncio.run(run_command(data, *arguments))
    yield make_measurement("simulation.command", both.seconds, "s", one.seconds, _SECONDS)
    yield make_measurement("simulation.command.memory", both.megabytes, "MB", None, _MEGABYTES)
