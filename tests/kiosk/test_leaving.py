"""Quitting, or removing a screen, while a request of it is pending."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection
from textual.widgets import Static
from textual.worker import Worker

from tests.databases import owner_engine
from tests.kiosk.conftest import QUICK, OpenTill, card_url


class Lingering(Static):
    """A widget that is removed last, when the request has been answered and its worker has continued."""

    def __init__(self, held: AsyncConnection, waiting: Worker[Any]) -> None:
        super().__init__()
        self._held, self._waiting = held, waiting

    async def on_unmount(self) -> None:
        await self._held.rollback()
        async with asyncio.timeout(10):
            while not self._waiting.is_finished:
                await asyncio.sleep(0.01)


async def test_a_look_up_is_cancelled_when_its_screen_is_removed(town: Any, open_till: OpenTill) -> None:
    engine = owner_engine(town.clone)
    async with engine.connect() as held:
        # An error in the app is raised at the end of this block.
        async with open_till(timing=replace(QUICK, answer_timeout=15.0)) as till:
            await held.execute(text("lock table card in access exclusive mode"))
            await till.scan(card_url(town.card))
            await till.sees("正在查这张户卡")
            [looking] = [worker for worker in till.app.workers if worker.group == "card"]
            await till.app.screen.mount(Lingering(held, looking))
        assert looking.is_cancelled
