"""Redemptions that arrive at the same moment are booked as one batch: one query, one statement and one commit.

A worker that is free takes what waits, so a lone redemption goes at once, and the busier the server is the more go
together. What isn't booked in its batch (a retry, a price that changed, too few points) is left to
`use_cases.redeem`, which knows what to say to it. So is the whole batch where one of it fails unforeseen: one
failing redemption never fails the rest of its batch.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

import structlog

from api import wire
from api.platform.errors import ErrorCode, Refused
from api.platform.problem_details import problem_of
from api.platform.services import Services
from api.shop.redemptions.facts import RedemptionRequest
from api.shop.redemptions.use_cases import redeem_batch
from api.shop.redemptions.writer import StaleBatch

log = structlog.get_logger()

MAX_BATCH = 128
"""Redemptions in one batch at most."""
MAX_QUEUE = 1_024
"""Redemptions in the queue; more are asked to come again."""
WORKERS = 2
"""While one waits for the disk, another has its turn."""
LONGEST_WAIT = 0.1
"""Seconds that one waits for others to go with, while a batch is held up."""


@dataclass(slots=True)
class _Waiting:
    asked: RedemptionRequest
    answer: asyncio.Future[wire.Receipt | None]


class RedemptionQueue:
    """Where redemptions wait for their turn. `run` serves them, for as long as the application runs."""

    def __init__(self, services: Services, max_queue: int = MAX_QUEUE) -> None:
        self.services = services
        self._max_queue = max_queue
        self._waiting: deque[_Waiting] = deque()
        # How many are being booked, and whether that or what waits has changed since somebody looked.
        self._under_way = 0
        self._changed = asyncio.Event()
        self._turn = asyncio.Lock()

    async def redeem(self, asked: RedemptionRequest) -> wire.Receipt | None:
        """The receipt, or None for what isn't booked in its batch or finds no room: then nothing has happened yet,
        or the answer is known already, and `use_cases.redeem` goes on."""
        if self._full:
            return None
        waiting = _Waiting(asked, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        self._changed.set()
        return await waiting.answer

    @property
    def _full(self) -> bool:
        return len(self._waiting) >= self._max_queue

    def require_room(self) -> None:
        """Raises Refused: busy."""
        if self._full:
            raise Refused(ErrorCode.BUSY, "现在兑换的人太多，请稍候，会自动再试。")

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(WORKERS):
                group.create_task(self._serve())

    async def _serve(self) -> None:
        while True:
            async with self._turn:
                batch = await self._next()
                self._under_way += len(batch)
            receipts: dict[UUID, wire.Receipt] = {}
            try:
                receipts = await redeem_batch(self.services, [waiting.asked for waiting in batch])
            except Exception as error:
                # Each on its own: whose fault it was hears it there. And whatever it was, the next are served.
                if not isinstance(error, StaleBatch) and problem_of(error).type_ == ErrorCode.SERVER_FAULT:
                    log.exception("a batch of redemptions failed")
            finally:
                self._under_way -= len(batch)
                self._changed.set()
                for waiting in batch:
                    if not waiting.answer.done():
                        waiting.answer.set_result(receipts.get(waiting.asked.id))

    async def _next(self) -> list[_Waiting]:
        """What waits, as soon as it is as much as is being booked: fewer would wait for the same balances anyway.
        The first of each id, without what nobody waits for any more."""
        while not self._waiting:
            await self._change()
        with suppress(TimeoutError):
            async with asyncio.timeout(LONGEST_WAIT):
                while len(self._waiting) < self._under_way:
                    await self._change()
        batch: dict[UUID, _Waiting] = {}
        while self._waiting and len(batch) < MAX_BATCH:
            waiting = self._waiting.popleft()
            if waiting.asked.id in batch:
                waiting.answer.set_result(None)
            elif not waiting.answer.done():
                batch[waiting.asked.id] = waiting
        return list(batch.values())

    async def _change(self) -> None:
        self._changed.clear()
        await self._changed.wait()
