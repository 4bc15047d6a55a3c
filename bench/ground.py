"""What several works stand on: one shop on one embedded server, and what bare SQL does there. Made when the first
work asks for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from bench.pgbench import tpcb
from bench.scratch import scratch
from bench.shop import Shop, open_shop

HOUSEHOLDS, PRODUCTS, KIOSKS = 3_000, 200, 8


class Ground:
    def __init__(self, stack: AsyncExitStack) -> None:
        self._stack = stack
        self._shop: Shop | None = None
        self._baseline: float | None = None

    async def shop(self) -> Shop:
        if self._shop is None:
            folder = self._stack.enter_context(scratch()) / "data"
            opening = open_shop(folder, households=HOUSEHOLDS, products=PRODUCTS, kiosks=KIOSKS)
            self._shop = await self._stack.enter_async_context(opening)
        return self._shop

    async def baseline(self) -> float:
        """Transactions a second of pgbench's TPC-B-like test on the shop's server."""
        if self._baseline is None:
            self._baseline = await asyncio.to_thread(tpcb, (await self.shop()).database)
        return self._baseline


@asynccontextmanager
async def ground() -> AsyncIterator[Ground]:
    async with AsyncExitStack() as stack:
        yield Ground(stack)
