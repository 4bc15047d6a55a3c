"""Kiosks that wait to hear of recalls. One small query of each server process, a few times a second and only while
somebody waits, finds what any process has recorded; so a thousand waiting kiosks cost as much as one."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

import structlog
from sqlalchemy.exc import DBAPIError

from api.platform.access import Device
from api.platform.database.connect import DatabaseAway
from api.platform.services import Services
from api.shop.holdings.recalls import LiveRecalls, read_live_recalls

log = structlog.get_logger()

MAX_WAIT = 20.0
"""Seconds that a kiosk waits, at most."""
MAX_WAITING = 4_096
"""Kiosks that may wait at a time; further ones are answered at once, and ask again."""
LOOK_INTERVAL = 0.2
"""Seconds between two looks."""


@dataclass(slots=True)
class _Waiting:
    device: Device
    tag: str
    answer: asyncio.Future[LiveRecalls | None]


class RecallBoard:
    """`run` looks for recalls for as long as the application runs."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self._waiting: dict[UUID, _Waiting] = {}
        self._somebody_waits = asyncio.Event()
        self._closed = False

    async def wait(self, device: Device, recalls: LiveRecalls, seconds: float) -> LiveRecalls:
        """The device's recalls as soon as they differ from these; these after so many seconds. A device waits
        once: its earlier request is answered."""
        if self._closed or (len(self._waiting) >= MAX_WAITING and device.id not in self._waiting):
            return recalls
        if (earlier := self._waiting.get(device.id)) is not None:
            _resolve(earlier, None)
        waiting = _Waiting(device, recalls.tag, asyncio.get_running_loop().create_future())
        self._waiting[device.id] = waiting
        self._somebody_waits.set()
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    return await waiting.answer or recalls
            return recalls
        finally:
            if self._waiting.get(device.id) is waiting:
                del self._waiting[device.id]

    async def run(self) -> None:
        while True:
            await self._somebody_waits.wait()
            try:
                self._answer(await read_live_recalls(self.services))
            except (DatabaseAway, DBAPIError) as error:
                # Whoever waits is answered in time, and asks again.
                log.warning("recalls could not be read", error=str(error))
            if not self._waiting:
                self._somebody_waits.clear()
            await asyncio.sleep(LOOK_INTERVAL)

    def close(self) -> None:
        """The server stops: nobody waits any longer."""
        self._closed = True
        for waiting in self._waiting.values():
            _resolve(waiting, None)

    def _answer(self, live: LiveRecalls) -> None:
        for waiting in self._waiting.values():
            recalls = live.of(waiting.device)
            if recalls.tag != waiting.tag:
                _resolve(waiting, recalls)


def _resolve(waiting: _Waiting, answer: LiveRecalls | None) -> None:
    if not waiting.answer.done():
        waiting.answer.set_result(answer)
