"""wrk, a load generator that uses little of the machine itself."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Sequence
from pathlib import Path

import msgspec

THREADS = 2
TIMEOUT = 10
"""Seconds after which a request counts as failed."""
CONNECTIONS = 64


class LoadResult(msgspec.Struct, frozen=True):
    """wrk's result; `p50` and `p99` in microseconds."""

    requests: int
    microseconds: int
    failed: int
    p50: int
    p99: int

    @property
    def per_second(self) -> float:
        return self.requests / self.microseconds * 1e6


async def run_load(
    url: str, script: str, arguments: Sequence[str | Path], seconds: int, connections: int = CONNECTIONS
) -> LoadResult:
    """Run `script`, a file beside this one, against `url`. Raises SystemExit if wrk or a request fails."""
    wrk = shutil.which("wrk")
    if wrk is None:
        raise SystemExit("没有找到 wrk，请先安装（Debian：apt install wrk）。")
    process = await asyncio.create_subprocess_exec(
        *(wrk, f"-t{min(THREADS, connections)}", f"-c{connections}", f"-d{seconds}", f"--timeout={TIMEOUT}"),
        *("-s", str(Path(__file__).with_name(script)), url, "--", *map(str, arguments)),
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    result = msgspec.json.decode(output.splitlines()[-1], type=LoadResult)
    if result.failed:
        raise SystemExit(f"{result.failed} of {result.requests} requests failed:\n{output.decode()}")
    return result
