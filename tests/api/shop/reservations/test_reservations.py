"""Arrived pieces are reserved first come first served, however they arrive, and nobody else gets them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from rich.cells import cell_len

from api.platform import accounts
from api.shop.reservations.use_cases import reserve_arrivals
from tests.api.asking import a_redemption, order, problem
from tests.api.shop.promises.conftest import (
    assert_arrived,
    books_balance,
    collect,
    count_open_holds,
    make_promise,
    read_arrived,
    restock,
)
from tests.api.shop.stock.conftest import arrival, count, donation, purchase, put, read_stock
from tests.api.web.browser import browsing
from tests.conftest import LiveTown


@pytest.mark.parametrize(
    ("documents", "body"),
    [
        ("restocks", arrival(("brush", 2))),
        ("restocks", purchase(("brush", 2, 900))),
        ("donations", donation(("brush", 2))),
        ("stocktakes", count(("brush", 2))),
    ],
)
async def test_pieces_are_reserved_however_they_arrive(
    town: LiveTown, documents: str, body: dict[str, Any]
) -> None:
    async with town.device(await town.shift()) as http:
        await make_promise(http, town.card, 2)
        assert (await http.get("/v1/till")).json()["notices"] == []
        await put(town, documents, body)
        await assert_arrived(town, town.card, True)
        assert (await http.get("/v1/till")).json()["notices"] == ["1 笔预订的货到了，等户里来领。"]
    assert (await read_stock(town))["brush"] == 0
    assert await books_balance(town)


async def test_first_come_first_served(town: LiveTown) -> None:
    await town.award("hp-3", 100)
    async with town.device(await town.shift()) as http:
        await make_promise(http, town.card, 1)
        await make_promise(http, town.empty_card, 3)
        await make_promise(http, town.card, 1)
        await restock(town, 3)
        # Two are left, the next in line wants three: nobody overtakes it, and the two stay available.
        await assert_arrived(town, town.card, True, False)
        assert await read_arrived(town, town.empty_card) == [False]
        assert (await read_stock(town))["brush"] == 2
        await restock(town, 1)
        await assert_arrived(town, town.empty_card, True)
        assert await read_arrived(town, town.card) == [True, False]
        await restock(town, 1)
        await assert_arrived(town, town.card, True, True)
    assert (await read_stock(town))["brush"] == 0


async def test_a_clock_set_back_changes_nobodys_turn(town: LiveTown) -> None:
    await town.award("hp-3", 100)
    now = town.clock.now()
    async with town.device(await town.shift()) as http:
        await make_promise(http, town.card)
        town.clock.travel(now.replace(hour=now.hour - 1))
        await make_promise(http, town.empty_card)
    town.clock.travel(now)
    await restock(town, 1)
    assert await reserve_arrivals(town.town) == 1
    assert await read_arrived(town, town.card) == [True]
    assert await read_arrived(town, town.empty_card) == [False]


async def test_a_redemption_overtakes_nobody(town: LiveTown) -> None:
    """The goods have just arrived, and the job has not run yet."""
    await town.award("hp-3", 100)
    async with town.device(await town.shift()) as http:
        path = await make_promise(http, town.card, 2)
        await restock(town, 3)
        refused = await http.put(a_redemption(), json=order(town.empty_card, ("soap", 1, 5), ("brush", 2, 10)))
        assert problem(refused, 409, "out-of-stock") == {"product": "brush", "left": 1}
        (await http.put(a_redemption(), json=order(town.empty_card, ("brush", 1, 10)))).raise_for_status()
        assert await read_arrived(town, town.card) == [True]
        await collect(http, path, town.card)
    assert await books_balance(town)


async def test_collecting_does_not_wait_for_the_job_either(town: LiveTown) -> None:
    async with town.device(await town.shift()) as http:
        path = await make_promise(http, town.card)
        refused = await http.put(f"{path}/collection", json={"card": town.card})
        assert problem(refused, 409, "not-arrived") == {"product": "brush"}
        await restock(town, 1)
        await collect(http, path, town.card)


async def test_servers_running_at_once_reserve_once(town: LiveTown) -> None:
    async with town.device(await town.shift()) as http:
        await make_promise(http, town.card, 2)
        await make_promise(http, town.card, 2)
    await restock(town, 5)
    assert sum(await asyncio.gather(*(reserve_arrivals(town.town) for _ in range(6)))) == 2
    assert await reserve_arrivals(town.town) == 0
    assert (await read_stock(town))["brush"] == 1
    # Points and pieces of two promises, nothing twice.
    assert await count_open_holds(town) == 4
    assert await books_balance(town)


async def test_a_closed_shelf_serves_nobody(town: LiveTown) -> None:
    async with town.device(await town.shift()) as http:
        await make_promise(http, town.card)
    await restock(town, 1)
    async with town.town.unit_of_work() as uow:
        await uow.books.close_account(accounts.shelf("hp", "brush").id, uow.now, person="x", reason="撤柜")
    assert await reserve_arrivals(town.town) == 0
    assert await read_arrived(town, town.card) == [False]


async def test_when_a_stocktake_misses_pieces_the_latest_promises_wait_again(town: LiveTown) -> None:
    await town.award("hp-3", 100)
    async with town.device(await town.shift()) as http:
        first = await make_promise(http, town.card, 2)
        second = await make_promise(http, town.empty_card, 2)
        await restock(town, 5)
        await reserve_arrivals(town.town)
        assert await read_arrived(town, town.empty_card) == [True]
        # Damp came into the store: of five pieces three are left, and two are promised first.
        sheet = (await put(town, "stocktakes", count(("brush", 3), reason="受潮"))).json()
        assert sheet["lines"][0]["difference"] == -2
        assert await read_arrived(town, town.card) == [True]
        assert await read_arrived(town, town.empty_card) == [False]
        assert await reserve_arrivals(town.town) == 0
        problem(await http.put(f"{second}/collection", json={"card": town.empty_card}), 409, "not-arrived")
        await collect(http, first, town.card)
        # And they have kept their place.
        await restock(town, 1)
        await collect(http, second, town.empty_card)
    assert (await read_stock(town))["brush"] == 0
    assert await books_balance(town)


async def test_the_households_page_shows_it(town: LiveTown) -> None:
    async with town.device(await town.shift()) as http, browsing(town) as browser:
        path = await make_promise(http, town.card, 2)
        mine = await browser.open(f"/c/{town.card}")
        assert "牙刷 2 件 还没到货" in mine
        assert "80 分 现在可以用" in mine
        await restock(town, 2)
        await assert_arrived(town, town.card, True)
        mine = await browser.open(f"/c/{town.card}")
        assert "您预订的牙刷 2 件到了 请在 9月13日 10:00 以前，带户卡到河畔村积美超市领取" in mine
        await collect(http, path, town.card)
        mine = await browser.open(f"/c/{town.card}")
        assert "兑换 牙刷 2 件（预订） 6月15日 −20" in mine
        assert "预订的东西" not in mine


async def test_the_till_shows_what_is_on_notice(town: LiveTown) -> None:
    async with town.device() as http:
        assert (await http.get("/v1/till")).json()["notices"] == []
        await town.put_on_notice("hp-2", 5)
        await town.put_on_notice("hp-3", 5)
        [notice] = (await http.get("/v1/till")).json()["notices"]
    assert notice == "本村公示 2 项，到 6月15日；有异议用户卡提"
    assert cell_len(notice.replace("2 项", "999 项").replace("6月", "12月")) <= 44
