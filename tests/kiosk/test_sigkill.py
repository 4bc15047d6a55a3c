"""The power goes at every write of a till, and around whatever leaves it: never two redemptions, never none."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from uuid_utils.compat import uuid7

from kiosk.client import Client
from kiosk.counter import Counter
from kiosk.store.facade import Store
from tests.api.asking import sign_in
from tests.conftest import LiveTown, Machine, enrol
from tests.kiosk import sigkill_child
from tests.kiosk.conftest import QUICK, enrolled

pytestmark = pytest.mark.slow

SOAP_POINTS = 5


@dataclass
class Days:
    """Each in a process of its own."""

    process: asyncio.subprocess.Process

    async def day(self, folder: Path, point: str) -> tuple[int, list[str]]:
        """How it ended, and the points it passed."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps([str(folder), point]).encode() + b"\n")
        told: list[str] = []
        while not (line := (await self.process.stdout.readline()).decode().strip()).startswith("ended"):
            assert line or not self.process.stdout.at_eof()
            told.append(line)
        return int(line.split()[1]), told


@asynccontextmanager
async def days(town: LiveTown) -> AsyncIterator[Days]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", sigkill_child.__file__, town.url, town.card),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield Days(process)
    finally:
        process.kill()
        await process.wait()


async def machine(town: LiveTown, folder: Path, name: str) -> Path:
    """A kiosk of its own for each death: what one holds does not disturb the next."""
    async with town.staff("office") as http:
        made: Machine = await enrol(http, "hp", name)
    with Store(folder) as store:
        enrolled(store, town.url, made)
    return folder


async def held(town: LiveTown) -> int:
    """All the points of the household, whoever holds them."""
    async with town.device() as http:
        view = (await http.get(f"/v1/cards/{town.card}")).raise_for_status().json()
    return int(view["balance"] + view["elsewhere"])


async def test_killed_at_each_point_it_goes_on_and_counts_once(town: Any, tmp_path: Path) -> None:
    await town.award("hp-1", 10_000)
    # The child lives in today's time.
    town.clock.travel(datetime.now(UTC))
    await sign_in(town, "office")
    async with town.staff("office") as http:
        soap = {"supermarket": "hp", "lines": [{"product": "soap", "quantity": 500}]}
        (await http.put(f"/v1/restocks/{uuid7()}", json=soap)).raise_for_status()
    async with days(town) as till:
        code, points = await till.day(await machine(town, tmp_path / "whole", "整天"), "")
        assert code == 0
        steps = {point.split(" ", 1)[1] for point in points}
        assert {"confirm", "answer", "redeem by lease", "void", "settled", "leases", "send redemption"} <= steps
        for number, point in enumerate(dict.fromkeys(points)):
            folder = await machine(town, tmp_path / f"kiosk{number}", f"柜台{number}")
            before = await held(town)
            assert (await till.day(folder, point))[0] == -signal.SIGKILL, point
            counted = await finished(town, folder)
            assert before - await held(town) == SOAP_POINTS * counted, point


async def finished(town: LiveTown, folder: Path) -> int:
    """Start again, finish what was begun, tell all of it; gives how many redemptions count here."""
    async with Client(town.url) as client:
        with Store(folder) as store:
            counter = Counter(store, client, QUICK)
            if store.shifts.current is None:
                await counter.shifts.sign_in(sigkill_child.PIN)
            shift = store.shifts.required.id
            if counter.session.pending:
                await counter.settle(lambda: None)
            await counter.sync.catch_up()
            assert store.journal.unsettled_count == 0
            assert store.redemptions.pending is None
            voidable = len(store.redemptions.list_voidable())
            assert voidable == store.shifts.build_report(shift).redemptions
            [counting] = store._database.fetch_all(
                "select count(*) from receipt where not exists (select 1 from entry"
                " where entry.redemption = receipt.id and entry.kind = 'voided')"
            )
            return int(counting[0])
