"""`jimei` as a user starts it: how long it takes, and what of the memory."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

OFTEN = 0.1
"""Seconds between two looks at the memory."""


@dataclass(frozen=True)
class Spent:
    """`megabytes`: the most that all processes of the command had together, what is shared counted by its share,
    the database not among them."""

    seconds: float
    megabytes: float


async def command(data: Path, *words: str, processors: int | None = None) -> Spent:
    """Run `jimei` on this data folder, on so many processors. Raises SystemExit where it fails."""
    allowed = sorted(os.sched_getaffinity(0))[:processors]
    began, most = perf_counter(), 0.0
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "api.cli", *words),
        env={**os.environ, "JIMEI_DATA": str(data)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        preexec_fn=lambda: os.sched_setaffinity(0, allowed),
    )
    told = asyncio.create_task(process.communicate())
    try:
        while not (await asyncio.wait([told], timeout=OFTEN))[0]:
            most = max(most, sum(map(share, family(process.pid))))
    except asyncio.CancelledError:
        process.terminate()
        await told
        raise
    if process.returncode:
        raise SystemExit(told.result()[0].decode())
    return Spent(perf_counter() - began, most)


def family(pid: int) -> Iterator[int]:
    """A process and all that descend from it."""
    yield pid
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return
    for child in children:
        yield from family(int(child))


def share(pid: int) -> float:
    """Megabytes of a process that are its own, and its part of what it shares; 0 when it has just ended."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("Pss:")), 0.0)
