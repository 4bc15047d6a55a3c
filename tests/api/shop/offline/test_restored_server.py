"""The server is restored from a backup: the kiosk uploads again what was lost, including online redemptions."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from uuid_utils.compat import uuid7

from api.platform.clock import TravelClock
from api.platform.database.embedded import Embedded
from tests.api.asking import problem
from tests.api.shop.offline.till import Till, check_books, read_account, read_escrow, read_shelf
from tests.conftest import LiveTown, opened, serving
from tests.databases import SEEDED, Clone, cloned


@asynccontextmanager
async def running(seeded: LiveTown, clone: Clone, clock: TravelClock) -> AsyncIterator[LiveTown]:
    async with opened(clone, clock) as base, serving(base) as url:
        yield replace(seeded, url=url, town=base, clock=clock, clone=clone)


async def test_a_kiosk_uploads_to_a_restored_server_what_it_lost(
    server: Embedded, seeded: LiveTown, clock: TravelClock
) -> None:
    async with cloned(server, SEEDED) as clone:
        async with running(seeded, clone, clock) as town:
            till = Till(town, town.kiosk)
            await till.sign_in()
            household = (await till.view_card(town.card)).household
            first = uuid7()
            (await till.redeem(first, town.card, ("soap", 1))).raise_for_status()
            till.write_sale(town.card, household, ("soap", 1), answered=True, id=first)
            await till.settle()
        # The backup is made here; what follows is lost with the disk.
        async with cloned(server, str(clone.owner.database)) as backup:
            async with running(seeded, clone, clock) as town:
                till.town = town
                await till.renew()
                till.write_sale(town.card, household, ("laundry", 1), leased=20)
                online, undone = uuid7(), uuid7()
                (await till.redeem(online, town.card, ("soap", 2), leased=75)).raise_for_status()
                till.write_sale(town.card, household, ("soap", 2), leased=10, answered=True, id=online)
                till.write_sale(town.card, household, ("soap", 1), leased=5, id=undone)
                till.write_void(undone)
                till.write_return(household, 7)
                till.shift, till.token = uuid7(), "begun since then"
                till.write_opening()
                before = await till.settle()
                assert await read_escrow(town, till, "hp-1") + await read_account(town, "household:hp-1") == 65
            async with running(seeded, backup, clock) as town:
                till.town = town
                assert (await till.renew()).head == 2
                problem(await till.redeem(uuid7(), town.card, ("soap", 1)), 401, "shift-closed")
                problem(await till.upload(till.entries[4:]), 409, "journal-gap")
                after = await till.settle(till.entries[2:])
                assert (after.head, after.hash) == (before.head, before.hash)
                assert [o.status for o in after.outcomes] == ["settled"] * 6
                assert await read_escrow(town, till, "hp-1") + await read_account(town, "household:hp-1") == 65
                assert (await read_shelf(town, "soap"), await read_shelf(town, "laundry")) == (7, 9)
                # The same redemption sent again finds its receipt, and the shift is open again.
                assert (await till.redeem(online, town.card, ("soap", 2))).status_code == 200
                assert (await till.redeem(uuid7(), town.card, ("soap", 1), leased=99)).status_code == 200
                await check_books(town)


async def test_sales_from_leases_unknown_to_a_restored_server_are_paid_by_a_persons_decision(
    server: Embedded, seeded: LiveTown, clock: TravelClock
) -> None:
    async with cloned(server, SEEDED) as clone, cloned(server, SEEDED) as backup:
        async with running(seeded, clone, clock) as town:
            till = Till(town, town.kiosk)
            await till.sign_in()
            household = (await till.view_card(town.card)).household
            await till.renew()
            till.write_sale(town.card, household, ("laundry", 1), leased=20)
            await till.settle()
        async with running(seeded, backup, clock) as town:
            till.town = town
            assert await till.settle_statuses() == ["settled", "exception"]
            assert (await till.settle_last())[1] == "有 20 分没有预留在终端，没有从账户扣。"
            assert await read_account(town, "household:hp-1") == 100
            async with town.staff("office") as http:
                [entry] = (await http.get("/v1/till-exceptions")).json()["waiting"]
                path = f"{entry['kiosk']}/{entry['epoch']}/{entry['number']}/{entry['hash']}/decision"
                decision = {"accept": True, "reason": "服务器换回了备份"}
                (await http.post(f"/v1/till-exceptions/{path}", json=decision)).raise_for_status()
            assert await read_account(town, "household:hp-1") == 80
            await check_books(town)
