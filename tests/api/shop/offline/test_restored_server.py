"""The server is restored from a backup: the kiosk uploads again what was lost, including online redemptions."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from uuid_utils.compat import uuid7

from api.bookkeeping.seals.restores import mark_restored
from api.platform.clock import TravelClock
from api.platform.database.embedded import Embedded
from tests.api.asking import problem
from tests.api.shop.offline.till import (
    Till,
    add_till,
    check_books,
    end_enrolment,
    read_account,
    read_escrow,
    read_shelf,
)
from tests.api.shop.promises.conftest import (
    assert_arrived,
    collect,
    count_open_holds,
    make_promise,
    read_arrived,
    restock,
)
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


async def test_a_marked_restore_pays_what_it_has_forgotten_and_gives_nothing_out_before_all_are_heard(
    server: Embedded, seeded: LiveTown, clock: TravelClock
) -> None:
    """Two tills, one of which is away: what the other one sold in the gap counts at once, and points that the away
    one may hold are spent nowhere until it is heard or ended."""
    async with cloned(server, SEEDED) as clone:
        async with running(seeded, clone, clock) as town:
            till = Till(town, town.kiosk)
            away = await add_till(town, "东台")
            await till.sign_in()
            await till.settle()
            household = (await till.view_card(town.card)).household
        backup_at = clock.now()
        async with cloned(server, str(clone.owner.database)) as backup:
            async with running(seeded, clone, clock) as town:
                till.town = away.town = town
                await till.renew()
                by_lease, online = uuid7(), uuid7()
                till.write_sale(town.card, household, ("laundry", 1), leased=20, id=by_lease)
                (await till.redeem(online, town.card, ("soap", 2))).raise_for_status()
                till.write_sale(town.card, household, ("soap", 2), answered=True, id=online)
                await till.settle()
            clock.travel(clock.now() + timedelta(hours=1))
            async with opened(backup, clock) as base:
                await mark_restored(base, uuid7(), backup_at=backup_at, person="老李", reason="机房起火")
            async with running(seeded, backup, clock) as town:
                till.town = away.town = town
                assert await till.read_leases() == {}
                problem(await till.redeem(uuid7(), town.card, ("soap", 1)), 409, "tills-awaited")
                assert [o.status for o in (await till.settle(till.entries[1:])).outcomes] == ["settled", "settled"]
                assert await read_account(town, "household:hp-1") == 70
                # What it says of now, the server would know itself.
                clock.travel(clock.now() + timedelta(hours=1))
                till.write_sale(town.card, household, ("soap", 1), answered=True)
                assert await till.settle_statuses(till.entries[-1:]) == ["exception"]
                async with till.device() as http:
                    answer = (await http.post("/v1/till/leases", params={"last": len(till.entries)})).json()
                assert answer["restored_at"]
                assert not any(lease["points"] for lease in answer["households"])
                problem(await till.redeem(uuid7(), town.card, ("soap", 1)), 409, "tills-awaited")
                await end_enrolment(town, away)
                assert (await till.redeem(uuid7(), town.card, ("soap", 1))).status_code == 200
                # Heard out, its word alone moves nothing any more.
                till.write_sale(town.card, household, ("laundry", 1), leased=20)
                assert await till.settle_statuses(till.entries[-1:]) == ["exception"]
                await check_books(town)


async def test_promised_goods_that_were_collected_in_the_gap_are_given_out_and_paid_once(
    server: Embedded, seeded: LiveTown, clock: TravelClock
) -> None:
    """Also after the product's price has changed."""
    async with cloned(server, SEEDED) as clone:
        async with running(seeded, clone, clock) as town:
            till = Till(town, town.kiosk)
            await till.sign_in()
            await till.settle()
            household = (await till.view_card(town.card)).household
            async with till.device() as http:
                path = await make_promise(http, town.card)
            await restock(town, 5)
            await assert_arrived(town, town.card, True)
            async with town.staff("office") as http, till.device() as device:
                (await http.patch("/v1/products/brush", json={"price": 11})).raise_for_status()
                (await device.get("/v1/till")).raise_for_status()
        backup_at = clock.now()
        async with cloned(server, str(clone.owner.database)) as backup:
            clock.travel(backup_at + timedelta(hours=1))
            async with running(seeded, clone, clock) as town:
                till.town = town
                async with till.device() as http:
                    receipt = await collect(http, path, town.card)
                id = UUID(receipt["id"])
                till.write_sale(town.card, household, ("brush", 1), answered=True, id=id)
                await till.settle()
                before = await read_account(town, "household:hp-1")
            clock.travel(clock.now() + timedelta(hours=1))
            async with opened(backup, clock) as base:
                await mark_restored(base, uuid7(), backup_at=backup_at, person="老李", reason="机房起火")
            async with running(seeded, backup, clock) as town:
                till.town = town
                assert await till.settle_statuses(till.entries[1:]) == ["settled"]
                assert (await read_account(town, "household:hp-1"), before) == (90, 90)
                assert (await read_shelf(town, "brush"), await count_open_holds(town)) == (4, 0)
                assert await read_arrived(town, town.card) == []
                async with till.device() as http:
                    assert (await collect(http, path, town.card))["id"] == receipt["id"]
                await check_books(town)


async def test_a_server_with_older_books_than_a_till_has_seen_refuses_it(
    server: Embedded, seeded: LiveTown, clock: TravelClock
) -> None:
    """Two servers: the restored one, and the old one that lives on."""
    async with cloned(server, SEEDED) as clone, cloned(server, SEEDED) as backup:
        backup_at = clock.now()
        clock.travel(backup_at + timedelta(hours=1))
        async with opened(backup, clock) as base:
            mark = await mark_restored(base, uuid7(), backup_at=backup_at, person="老李", reason="机房起火")
        seen = {"X-Restored-At": str(int(mark.restored_at.timestamp()))}
        for which, refused in ((backup, False), (clone, True)):
            async with running(seeded, which, clock) as town:
                till = Till(town, town.kiosk)
                async with till.device() as http:
                    for headers in ({}, {"X-Restored-At": "nonsense"}):
                        (await http.get("/v1/till", headers=headers)).raise_for_status()
                    answer = await http.get("/v1/till", headers=seen)
                    body = {"card": town.card, "lines": [{"product": "soap", "quantity": 1, "price": 5}]}
                    sold = await http.put(f"/v1/redemptions/{uuid7()}", headers=seen, json=body)
                if refused:
                    problem(answer, 409, "older-books")
                    problem(sold, 409, "older-books")
                else:
                    assert answer.status_code == 200
                    problem(sold, 401, "shift-closed")
