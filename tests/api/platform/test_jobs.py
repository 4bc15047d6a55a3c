"""The server's own jobs: each in its turn, and none stopped by another's failure."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy.exc import OperationalError

from api.platform.jobs import Job, run_forever
from api.platform.services import Services


class Turns:
    """Jobs that write down when they ran; the loop is over once `enough` have."""

    def __init__(self, enough: int) -> None:
        self.ran: list[str] = []
        self._enough = enough
        self._done = asyncio.Event()

    def job(self, name: str, *, more: int = 0, failing: Exception | None = None) -> Job:
        left = more

        async def run(_: Services) -> int:
            nonlocal left
            self.ran.append(name)
            if len(self.ran) >= self._enough:
                self._done.set()
            if failing is not None:
                raise failing
            left -= 1
            return left >= 0

        return run

    async def pass_by(self, town: Services, interval: float, *jobs: Job) -> None:
        task = asyncio.create_task(run_forever(town, interval, jobs))
        try:
            async with asyncio.timeout(10):
                await self._done.wait()
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


@pytest.mark.parametrize("error", [OSError("gone"), OperationalError("", {}, Exception()), ValueError("a bug")])
async def test_a_job_that_fails_stops_no_other_and_is_tried_again(base: Services, error: Exception) -> None:
    turns = Turns(enough=4)
    await turns.pass_by(base, 0.01, turns.job("broken", failing=error), turns.job("sound"))
    assert turns.ran[:4] == ["broken", "sound", "broken", "sound"]


async def test_jobs_go_on_without_rest_while_one_has_more_to_do(base: Services) -> None:
    turns = Turns(enough=8)
    await turns.pass_by(base, 3600, turns.job("busy", more=3), turns.job("idle"))
    assert turns.ran == ["busy", "idle"] * 4
