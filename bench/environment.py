"""What benchmarks share, made on demand: one shop on one embedded server, and the baseline of plain SQL there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from bench.pgbench import measure_tpcb
from bench.scratch import scratch_folder
from bench.shop import Shop, open_shop

HOUSEHOLDS, PRODUCTS, KIOSKS = 3_000, 200, 8


class Environment:
    def __init__(self, stack: AsyncExitStack) -> None:
        self._stack = stack
        self._shop: Shop | None = None
        self._baseline: float | None = None

    async def get_shop(self) -> Shop:
        if self._shop is None:
            folder = self._stack.enter_context(scratch_folder()) / "data"
            opening = open_shop(folder, households=HOUSEHOLDS, products=PRODUCTS, kiosks=KIOSKS)
            self._shop = await self._stack.enter_async_context(opening)
        return self._shop

    async def measure_baseline(self) -> float:
        """Transactions per second of pgbench's TPC-B-like test on the shop's server."""
        if self._baseline is None:
            self._baseline = await asyncio.to_thread(measure_tpcb, (await self.get_shop()).database)
        return self._baseline


@asynccontextmanager
async def open_environment() -> AsyncIterator[Environment]:
    async with AsyncExitStack() as stack:
        yield Environment(stack)
