"""The kiosk is killed at every commit and around every request: a redemption counts once."""

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
from tests.kiosk.conftest import QUICK, enrol_store

pytestmark = pytest.mark.slow

SOAP_POINTS = 5


@dataclass
class Child:
    """Runs each day in a process."""

    process: asyncio.subprocess.Process

    async def run_day(self, folder: Path, point: str) -> tuple[int, list[str]]:
        """Returns its exit status and the fault points passed."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps([str(folder), point]).encode() + b"\n")
        points: list[str] = []
        while not (line := (await self.process.stdout.readline()).decode().strip()).startswith("ended"):
            assert line or not self.process.stdout.at_eof()
            points.append(line)
        return int(line.split()[1]), points


@asynccontextmanager
async def run_child(town: LiveTown) -> AsyncIterator[Child]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", sigkill_child.__file__, town.url, town.card),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield Child(process)
    finally:
        process.kill()
        await process.wait()


@asynccontextmanager
async def enrol_machine(town: LiveTown, folder: Path, name: str) -> AsyncIterator[Path]:
    """A new kiosk for each kill, since leases of one affect the next. It is out of use afterwards: points are
    leased where a household shops, and the next kiosk would get none while those before it are there."""
    async with town.staff("office") as http:
        made: Machine = await enrol(http, "hp", name)
        with Store(folder) as store:
            enrol_store(store, town.url, made)
        yield folder
        (await http.post(f"/v1/kiosks/{made.id}/end", json={"reason": "停用"})).raise_for_status()


async def count_points(town: LiveTown) -> int:
    """The household's points, those leased to kiosks included."""
    async with town.device() as http:
        view = (await http.get(f"/v1/cards/{town.card}")).raise_for_status().json()
    return int(view["balance"] + view["elsewhere"])


async def test_a_kill_at_any_point_loses_and_repeats_nothing(town: Any, tmp_path: Path) -> None:
    await town.award("hp-1", 10_000)
    # The child uses the current time.
    town.clock.travel(datetime.now(UTC))
    await sign_in(town, "office")
    async with town.staff("office") as http:
        soap = {"supermarket": "hp", "lines": [{"product": "soap", "quantity": 500}]}
        (await http.put(f"/v1/restocks/{uuid7()}", json=soap)).raise_for_status()
    async with run_child(town) as till:
        async with enrol_machine(town, tmp_path / "whole", "整天") as folder:
            code, points = await till.run_day(folder, "")
        assert code == 0
        steps = {point.split(" ", 1)[1] for point in points}
        assert {"confirm", "answer", "redeem by lease", "void", "settled", "leases", "send redemption"} <= steps
        for number, point in enumerate(dict.fromkeys(points)):
            async with enrol_machine(town, tmp_path / f"kiosk{number}", f"柜台{number}") as folder:
                before = await count_points(town)
                assert (await till.run_day(folder, point))[0] == -signal.SIGKILL, point
                counted = await finish(town, folder)
                assert before - await count_points(town) == SOAP_POINTS * counted, point


async def finish(town: LiveTown, folder: Path) -> int:
    """Restart, settle what is pending, and upload; returns how many redemptions count here."""
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
