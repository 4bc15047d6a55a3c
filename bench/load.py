"""wrk, a load generator that leaves the machine to what it loads."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Sequence
from pathlib import Path

import msgspec

THREADS = 2
PATIENCE = 10
"""Seconds until a request counts as failed."""
CONNECTIONS = 64


class Load(msgspec.Struct, frozen=True):
    """What wrk saw; `p50` and `p99` in microseconds."""

    requests: int
    microseconds: int
    failed: int
    p50: int
    p99: int

    @property
    def per_second(self) -> float:
        return self.requests / self.microseconds * 1e6


async def load(
    url: str, script: str, arguments: Sequence[str | Path], seconds: int, connections: int = CONNECTIONS
) -> Load:
    """Run `script` (a file beside this) against `url`. Raises SystemExit without wrk, and where a request
    failed."""
    wrk = shutil.which("wrk")
    if wrk is None:
        raise SystemExit("没有找到 wrk，请先安装（Debian：apt install wrk）。")
    process = await asyncio.create_subprocess_exec(
        *(wrk, f"-t{min(THREADS, connections)}", f"-c{connections}", f"-d{seconds}", f"--timeout={PATIENCE}"),
        *("-s", str(Path(__file__).with_name(script)), url, "--", *map(str, arguments)),
        stdout=asyncio.subprocess.PIPE,
    )
    told, _ = await process.communicate()
    result = msgspec.json.decode(told.splitlines()[-1], type=Load)
    if result.failed:
        raise SystemExit(f"{result.failed} of {result.requests} requests failed:\n{told.decode()}")
    return result
