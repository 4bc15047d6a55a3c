"""Goods come: first come first served, whoever brings them, and nobody else gets them meanwhile."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from api.platform import accounts
from api.shop.promises.arrivals import serve
from tests.api.asking import a_redemption, order, problem
from tests.api.shop.promises.conftest import (
    arrived,
    arrives,
    collected,
    in_balance,
    open_holds,
    promised,
    restocked,
)
from tests.api.shop.stock.conftest import arrival, count, donation, purchase, put, stock
from tests.api.web.browser import browsing
from tests.conftest import LiveTown


@pytest.mark.parametrize(
    ("slips", "body"),
    [
        ("restocks", arrival(("brush", 2))),
        ("restocks", purchase(("brush", 2, 900))),
        ("donations", donation(("brush", 2))),
        ("stocktakes", count(("brush", 2))),
    ],
)
async def test_whatever_brings_them_they_have_come(town: LiveTown, slips: str, body: dict[str, Any]) -> None:
    async with town.device(await town.shift()) as http:
        await promised(http, town.card, 2)
        assert (await http.get("/v1/till")).json()["notices"] == []
        await put(town, slips, body)
        await arrives(town, town.card, True)
        assert (await http.get("/v1/till")).json()["notices"] == ["1 笔预订的货到了，等户里来领。"]
    assert (await stock(town))["brush"] == 0
    assert await in_balance(town)


async def test_first_come_first_served(town: LiveTown) -> None:
    await town.award("hp-3", 100)
    async with town.device(await town.shift()) as http:
        await promised(http, town.card, 1)
        await promised(http, town.empty_card, 3)
        await promised(http, town.card, 1)
        await restocked(town, 3)
        # Two are left over for three: the next in line isn't passed by, and what doesn't cover them stays free.
        await arrives(town, town.card, True, False)
        assert await arrived(town, town.empty_card) == [False]
        assert (await stock(town))["brush"] == 2
        await restocked(town, 1)
        await arrives(town, town.empty_card, True)
        assert await arrived(town, town.card) == [True, False]
        await restocked(town, 1)
        await arrives(town, town.card, True, True)
    assert (await stock(town))["brush"] == 0


async def test_a_clock_set_back_changes_nobodys_turn(town: LiveTown) -> None:
    await town.award("hp-3", 100)
    now = town.clock.now()
    async with town.device(await town.shift()) as http:
        await promised(http, town.card)
        town.clock.travel(now.replace(hour=now.hour - 1))
        await promised(http, town.empty_card)
    town.clock.travel(now)
    await restocked(town, 1)
    assert await serve(town.town) == 1
    assert await arrived(town, town.card) == [True]
    assert await arrived(town, town.empty_card) == [False]


async def test_a_redemption_overtakes_nobody(town: LiveTown) -> None:
    """The goods came this moment: no upkeep has looked at the shelf yet."""
    await town.award("hp-3", 100)
    async with town.device(await town.shift()) as http:
        path = await promised(http, town.card, 2)
        await restocked(town, 3)
        refused = await http.put(a_redemption(), json=order(town.empty_card, ("soap", 1, 5), ("brush", 2, 10)))
        assert problem(refused, 409, "out-of-stock") == {"product": "brush", "left": 1}
        (await http.put(a_redemption(), json=order(town.empty_card, ("brush", 1, 10)))).raise_for_status()
        assert await arrived(town, town.card) == [True]
        await collected(http, path, town.card)
    assert await in_balance(town)


async def test_collecting_needs_no_upkeep_either(town: LiveTown) -> None:
    async with town.device(await town.shift()) as http:
        path = await promised(http, town.card)
        refused = await http.put(f"{path}/collection", json={"card": town.card})
        assert problem(refused, 409, "not-arrived") == {"product": "brush"}
        await restocked(town, 1)
        await collected(http, path, town.card)


async def test_two_who_look_at_once_set_aside_once(town: LiveTown) -> None:
    async with town.device(await town.shift()) as http:
        await promised(http, town.card, 2)
        await promised(http, town.card, 2)
    await restocked(town, 5)
    assert sum(await asyncio.gather(*(serve(town.town) for _ in range(6)))) == 2
    assert await serve(town.town) == 0
    assert (await stock(town))["brush"] == 1
    # Points and pieces of two promises, nothing twice.
    assert await open_holds(town) == 4
    assert await in_balance(town)


async def test_a_shelf_that_was_closed_serves_nobody(town: LiveTown) -> None:
    async with town.device(await town.shift()) as http:
        await promised(http, town.card)
    await restocked(town, 1)
    async with town.town.unit_of_work() as uow:
        await uow.books.close_account(accounts.shelf("hp", "brush").id, uow.now, person="x", reason="撤柜")
    assert await serve(town.town) == 0
    assert await arrived(town, town.card) == [False]


async def test_pieces_that_a_stocktake_misses_wait_again_the_last_promise_first(town: LiveTown) -> None:
    await town.award("hp-3", 100)
    async with town.device(await town.shift()) as http:
        first = await promised(http, town.card, 2)
        second = await promised(http, town.empty_card, 2)
        await restocked(town, 5)
        await serve(town.town)
        assert await arrived(town, town.empty_card) == [True]
        # Damp came into the store: of five pieces three are left, and two are promised first.
        sheet = (await put(town, "stocktakes", count(("brush", 3), reason="受潮"))).json()
        assert sheet["lines"][0]["difference"] == -2
        assert await arrived(town, town.card) == [True]
        assert await arrived(town, town.empty_card) == [False]
        assert await serve(town.town) == 0
        problem(await http.put(f"{second}/collection", json={"card": town.empty_card}), 409, "not-arrived")
        await collected(http, first, town.card)
        # And they have kept their place.
        await restocked(town, 1)
        await collected(http, second, town.empty_card)
    assert (await stock(town))["brush"] == 0
    assert await in_balance(town)


async def test_the_households_page_says_so(town: LiveTown) -> None:
    async with town.device(await town.shift()) as http, browsing(town) as browser:
        path = await promised(http, town.card, 2)
        mine = await browser.open(f"/c/{town.card}")
        assert "牙刷 2 件 还没到货" in mine
        assert "80 分 现在可以用" in mine
        await restocked(town, 2)
        await arrives(town, town.card, True)
        mine = await browser.open(f"/c/{town.card}")
        assert "您预订的牙刷 2 件到了 请在 9月13日 10:00 以前，带户卡到河畔村积美超市领取" in mine
        await collected(http, path, town.card)
        mine = await browser.open(f"/c/{town.card}")
        assert "兑换 牙刷 2 件（预订） 6月15日 −20" in mine
        assert "预订的东西" not in mine


async def test_the_till_tells_what_is_on_notice(town: LiveTown) -> None:
    async with town.device() as http:
        assert (await http.get("/v1/till")).json()["notices"] == []
        await town.put_on_notice("hp-2", 5)
        await town.put_on_notice("hp-3", 5)
        [notice] = (await http.get("/v1/till")).json()["notices"]
    assert notice == "本村有 2 项积分正在公示，最晚到 6月15日；有异议请找监委。"
