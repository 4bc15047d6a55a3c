"""How long the check of a draft takes in the worker with its limits; the baseline is the same check in this
process, without any."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

from api.awards.rulebooks.draft_checks import DraftChecker
from bench.environment import Environment
from bench.measurement import Measurement, make_measurement
from rules import books_path, check

_TIMES = 20


async def measure(_: Environment) -> AsyncIterator[Measurement]:
    text = books_path().joinpath("township.toml").read_text(encoding="utf-8")
    checker = DraftChecker()
    started = time.perf_counter()
    await checker.check_text(text, "book.toml")
    first = time.perf_counter() - started
    worker = here = 0.0
    # In turns, so that other work on the machine slows both.
    for _each in range(_TIMES):
        started = time.perf_counter()
        await checker.check_text(text, "book.toml")
        worker += time.perf_counter() - started
        started = time.perf_counter()
        await asyncio.to_thread(check, text)
        here += time.perf_counter() - started
    baseline = here / _TIMES * 1e3
    yield make_measurement("drafts.check", worker / _TIMES * 1e3, "ms a check", baseline)
    yield make_measurement("drafts.first check", first * 1e3, "ms, the worker's start included", baseline)
