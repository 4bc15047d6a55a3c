"""Whenever the server burns and goes back to a backup of whatever moment: what tills have handed over counts once
or waits for a person, no household spends twice, and the books verify.

The same two kiosks as in any outage. What isn't in the tills is lost: awards since the backup."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import invariant, precondition, rule
from hypothesis.stateful import run_state_machine_as_test as run
from uuid_utils.compat import uuid7

from api.bookkeeping.seals.restores import mark_restored
from api.platform.access import Staff
from api.platform.clock import TravelClock
from api.platform.database.embedded import Embedded
from api.platform.services import Services
from api.shop.kiosks.awaiting import count_awaited_points
from tests.conftest import NOW, opened
from tests.databases import EMPTY, Clone, copy, drop
from tests.offline.test_any_outage import HOUSEHOLDS, Outage, _office
from tests.profile import many

pytestmark = pytest.mark.slow


@dataclass
class Servers:
    """The one that lives, and what there is of backups."""

    server: Embedded
    clock: TravelClock
    runner: asyncio.Runner
    clone: Clone | None = None
    backup: Clone | None = None
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def start(self, clone: Clone) -> Services:
        self.clone = clone
        return await self.stack.enter_async_context(opened(clone, self.clock))

    async def back_up(self) -> Services:
        assert self.clone is not None
        await self.stack.aclose()
        if self.backup is not None:
            await drop(self.server, self.backup)
        self.backup = await copy(self.server, str(self.clone.owner.database))
        return await self.start(self.clone)

    async def burn_and_restore(self) -> Services:
        assert self.clone is not None
        assert self.backup is not None
        await self.stack.aclose()
        await drop(self.server, self.clone)
        backup, self.backup = self.backup, None
        return await self.start(backup)

    async def stop(self) -> None:
        await self.stack.aclose()
        for clone in (self.clone, self.backup):
            if clone is not None:
                await drop(self.server, clone)


class Restore(Outage):
    def __init__(self, servers: Servers, town: Services, office: Staff) -> None:
        super().__init__(town, servers.clock, office, servers.runner)
        self.servers = servers
        self.backed_up: tuple[Any, list[int]] | None = None
        self.restored = False
        self.lost_awards = [0] * HOUSEHOLDS
        # Machines that know of leases which the restored books don't.
        self.unheard: set[int] = set()

    # Enrolments and disks have their own tests.
    kiosk_lost: Any = None
    copy_the_disk: Any = None
    the_disk_goes_back: Any = None
    clock_jumps: Any = None
    card_lost: Any = None

    @precondition(lambda self: not self.restored and self.backed_up is None)
    @rule()
    def back_up(self) -> None:
        self.town = self.do(self.servers.back_up())
        self.backed_up = self.clock.now(), list(self.awarded)

    @precondition(lambda self: self.backed_up is not None)
    @rule()
    def burn_and_restore(self) -> None:
        assert self.backed_up is not None
        moment, awarded = self.backed_up
        self.backed_up, self.restored = None, True
        self.lost_awards = [now - then for now, then in zip(self.awarded, awarded, strict=True)]
        self.awarded = awarded
        self.town = self.do(self.servers.burn_and_restore())
        self.do(mark_restored(self.town, uuid7(), backup_at=moment, person="老李", reason="机房起火"))
        self.unheard = {0, 1}

    def _renew(self, machine: Any, *, lost: bool) -> None:
        super()._renew(machine, lost=lost)
        if not lost and machine in self.machines:
            self.unheard.discard(self.machines.index(machine))

    @invariant()
    def no_kiosk_has_more_leased_than_the_books(self) -> None:
        if not self.unheard:
            super().no_kiosk_has_more_leased_than_the_books()

    @invariant()
    def nothing_is_sold_twice(self) -> None:
        """What was handed over and not voided is no more than there was, whatever the server has heard of it."""
        for n in range(HOUSEHOLDS if self.machines else 0):
            sold = sum(sale.points for sale in self.sales.values() if sale.household == n and not sale.voided)
            assert sold <= self.awarded[n] + self.lost_awards[n]

    def _reconnect(self) -> None:
        if self.backed_up is not None:
            self.burn_and_restore()
        for machine in self.machines:
            # It hears how much the server has.
            self._renew(machine, lost=False)
        if not any(self.lost_awards):
            super()._reconnect()
        else:
            # Where points were lost that paid for goods, a person decides.
            for machine in self.machines:
                machine.suspect = True
            super()._reconnect()
        assert self.do(self._count_awaited()) == 0

    async def _count_awaited(self) -> int:
        async with self.town.unit_of_work() as uow:
            return await count_awaited_points(uow, self.code)


@pytest.fixture
def servers(server: Embedded) -> Iterator[Servers]:
    with asyncio.Runner() as runner:
        found = Servers(server, TravelClock(NOW), runner)
        try:
            yield found
        finally:
            runner.run(found.stop())


def test_any_restore(servers: Servers) -> None:
    town = servers.runner.run(_begin(servers))
    office = servers.runner.run(_office(town))
    living = [town]

    class Next(Restore):
        def __init__(self) -> None:
            super().__init__(servers, living[-1], office)

        def teardown(self) -> None:
            try:
                super().teardown()
            finally:
                living.append(self.town)

    run(
        Next,
        settings=settings(
            max_examples=many(4, 200), stateful_step_count=25, suppress_health_check=list(HealthCheck)
        ),
    )


async def _begin(servers: Servers) -> Services:
    return await servers.start(await copy(servers.server, EMPTY))
