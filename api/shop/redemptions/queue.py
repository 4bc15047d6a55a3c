"""Redemptions that arrive at the same moment are booked as one batch: one query, one statement and one commit.

A free worker takes everything that is queued, so a lone redemption is booked at once, and the busier the server is
the larger the batches get. A redemption that isn't booked in its batch (a retry, a changed price, too few points)
is left to `use_cases.redeem`, which has an answer for it. So is a whole batch that fails: one failing redemption
never fails the rest of its batch.
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
"""Redemptions in one batch, at most."""
MAX_QUEUE = 1_024
"""Redemptions in the queue, at most; further ones are asked to retry."""
WORKERS = 2
"""While one waits for the disk, another works."""
MAX_BATCH_WAIT = 0.1
"""Seconds that a redemption waits for a larger batch while others are being booked, at most."""


@dataclass(slots=True)
class _Queued:
    request: RedemptionRequest
    answer: asyncio.Future[wire.Receipt | None]


class RedemptionQueue:
    """Redemptions waiting to be booked. `run` books them for as long as the application runs."""

    def __init__(self, services: Services, max_queue: int = MAX_QUEUE) -> None:
        self.services = services
        self._max_queue = max_queue
        self._queued: deque[_Queued] = deque()
        # How many are being booked; the event is set when that or the queue has changed.
        self._in_progress = 0
        self._changed = asyncio.Event()
        # One worker at a time collects a batch.
        self._collecting = asyncio.Lock()

    async def redeem(self, request: RedemptionRequest) -> wire.Receipt | None:
        """The receipt. None where it wasn't booked in its batch or the queue is full: `use_cases.redeem` decides
        it alone."""
        if self._full:
            return None
        queued = _Queued(request, asyncio.get_running_loop().create_future())
        self._queued.append(queued)
        self._changed.set()
        return await queued.answer

    @property
    def _full(self) -> bool:
        return len(self._queued) >= self._max_queue

    def require_room(self) -> None:
        """Raises Refused: busy."""
        if self._full:
            raise Refused(ErrorCode.BUSY, "现在兑换的人太多，请稍候，会自动再试。")

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(WORKERS):
                group.create_task(self._work())

    async def _work(self) -> None:
        while True:
            async with self._collecting:
                batch = await self._next_batch()
                self._in_progress += len(batch)
            receipts: dict[UUID, wire.Receipt] = {}
            try:
                receipts = await redeem_batch(self.services, [queued.request for queued in batch])
            except Exception as error:
                # Each is then decided alone, where the one at fault gets its error; the worker goes on.
                if not isinstance(error, StaleBatch) and problem_of(error).type_ == ErrorCode.SERVER_FAULT:
                    log.exception("a batch of redemptions failed")
            finally:
                self._in_progress -= len(batch)
                self._changed.set()
                for queued in batch:
                    if not queued.answer.done():
                        queued.answer.set_result(receipts.get(queued.request.id))

    async def _next_batch(self) -> list[_Queued]:
        """The queue, as soon as it is as long as what is being booked: a smaller batch would only wait for the
        same balances. Leaves out second requests with the same id, and those whose client has gone."""
        while not self._queued:
            await self._wait_for_change()
        with suppress(TimeoutError):
            async with asyncio.timeout(MAX_BATCH_WAIT):
                while len(self._queued) < self._in_progress:
                    await self._wait_for_change()
        batch: dict[UUID, _Queued] = {}
        while self._queued and len(batch) < MAX_BATCH:
            queued = self._queued.popleft()
            if queued.request.id in batch:
                queued.answer.set_result(None)
            elif not queued.answer.done():
                batch[queued.request.id] = queued
        return list(batch.values())

    async def _wait_for_change(self) -> None:
        self._changed.clear()
        await self._changed.wait()
