"""Time and memory of `jimei` commands in processes of their own."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

SAMPLE_INTERVAL = 0.1
"""Seconds between two samples of the memory."""


@dataclass(frozen=True)
class CommandCost:
    """`megabytes`: the peak of all processes of the command together (proportional set size), without the
    database."""

    seconds: float
    megabytes: float


async def run_command(data: Path, *words: str, processors: int | None = None, typed: str = "") -> CommandCost:
    """Run `jimei` on this data folder, on this number of processors, with `typed` on its input. Raises SystemExit
    if it fails."""
    allowed = sorted(os.sched_getaffinity(0))[:processors]
    started, most = perf_counter(), 0.0
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "api.cli", *words),
        env={**os.environ, "JIMEI_DATA": str(data)},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        preexec_fn=lambda: os.sched_setaffinity(0, allowed),
    )
    finished = asyncio.create_task(process.communicate(typed.encode()))
    try:
        while not (await asyncio.wait([finished], timeout=SAMPLE_INTERVAL))[0]:
            most = max(most, sum(map(read_memory, iter_process_tree(process.pid))))
    except asyncio.CancelledError:
        process.terminate()
        await finished
        raise
    if process.returncode:
        raise SystemExit(finished.result()[0].decode())
    return CommandCost(perf_counter() - started, most)


def iter_process_tree(pid: int) -> Iterator[int]:
    """A process and its descendants."""
    yield pid
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return
    for child in children:
        yield from iter_process_tree(int(child))


def read_memory(pid: int) -> float:
    """Proportional set size in megabytes; 0 if the process has just ended."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("Pss:")), 0.0)
