"""Goods come: first come first served, whoever brings them, and nobody else gets them meanwhile."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from api import accounts
from api.promises.arrivals import serve
from tests.api.asking import a_redemption, order, problem
from tests.api.pages.browser import browsing
from tests.api.promises.conftest import (
    arrived,
    collected,
    endow,
    in_balance,
    open_holds,
    promised,
    restocked,
    until_arrived,
)
from tests.api.stock.conftest import arrival, count, donation, purchase, put, stock
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
        await until_arrived(town, town.card, True)
        assert (await http.get("/v1/till")).json()["notices"] == ["1 笔预订的货到了，等户里来领。"]
    assert (await stock(town))["brush"] == 0
    assert await in_balance(town)


async def test_first_come_first_served(town: LiveTown) -> None:
    await endow(town, "hp-3", 100)
    async with town.device(await town.shift()) as http:
        await promised(http, town.card, 1)
        await promised(http, town.empty_card, 3)
        await promised(http, town.card, 1)
        await restocked(town, 3)
        # Two are left over for three: the next in line isn't passed by, and what doesn't cover them stays free.
        await until_arrived(town, town.card, True, False)
        assert await arrived(town, town.empty_card) == [False]
        assert (await stock(town))["brush"] == 2
        await restocked(town, 1)
        await until_arrived(town, town.empty_card, True)
        assert await arrived(town, town.card) == [True, False]
        await restocked(town, 1)
        await until_arrived(town, town.card, True, True)
    assert (await stock(town))["brush"] == 0


async def test_a_clock_set_back_changes_nobodys_turn(quiet: LiveTown) -> None:
    await endow(quiet, "hp-3", 100)
    now = quiet.clock.now()
    async with quiet.device(await quiet.shift()) as http:
        await promised(http, quiet.card)
        quiet.clock.travel(now.replace(hour=now.hour - 1))
        await promised(http, quiet.empty_card)
    quiet.clock.travel(now)
    await restocked(quiet, 1)
    assert await serve(quiet.town) == 1
    assert await arrived(quiet, quiet.card) == [True]
    assert await arrived(quiet, quiet.empty_card) == [False]


async def test_a_redemption_overtakes_nobody(quiet: LiveTown) -> None:
    """The goods came this moment: no upkeep has looked at the shelf yet."""
    await endow(quiet, "hp-3", 100)
    async with quiet.device(await quiet.shift()) as http:
        path = await promised(http, quiet.card, 2)
        await restocked(quiet, 3)
        refused = await http.put(a_redemption(), json=order(quiet.empty_card, ("soap", 1, 5), ("brush", 2, 10)))
        assert problem(refused, 409, "out-of-stock") == {"product": "brush", "left": 1}
        (await http.put(a_redemption(), json=order(quiet.empty_card, ("brush", 1, 10)))).raise_for_status()
        assert await arrived(quiet, quiet.card) == [True]
        await collected(http, path, quiet.card)
    assert await in_balance(quiet)


async def test_collecting_needs_no_upkeep_either(quiet: LiveTown) -> None:
    async with quiet.device(await quiet.shift()) as http:
        path = await promised(http, quiet.card)
        refused = await http.put(f"{path}/collection", json={"card": quiet.card})
        assert problem(refused, 409, "not-arrived") == {"product": "brush"}
        await restocked(quiet, 1)
        await collected(http, path, quiet.card)


async def test_two_who_look_at_once_set_aside_once(quiet: LiveTown) -> None:
    async with quiet.device(await quiet.shift()) as http:
        await promised(http, quiet.card, 2)
        await promised(http, quiet.card, 2)
    await restocked(quiet, 5)
    assert sum(await asyncio.gather(*(serve(quiet.town) for _ in range(6)))) == 2
    assert await serve(quiet.town) == 0
    assert (await stock(quiet))["brush"] == 1
    # Points and pieces of two promises, nothing twice.
    assert await open_holds(quiet) == 4
    assert await in_balance(quiet)


async def test_a_shelf_that_was_closed_serves_nobody(quiet: LiveTown) -> None:
    async with quiet.device(await quiet.shift()) as http:
        await promised(http, quiet.card)
    await restocked(quiet, 1)
    async with quiet.town.work() as work:
        await work.books.close(accounts.shelf("hp", "brush").id, work.now, person="x", reason="撤柜")
    assert await serve(quiet.town) == 0
    assert await arrived(quiet, quiet.card) == [False]


async def test_pieces_that_a_stocktake_misses_wait_again_the_last_promise_first(quiet: LiveTown) -> None:
    await endow(quiet, "hp-3", 100)
    async with quiet.device(await quiet.shift()) as http:
        first = await promised(http, quiet.card, 2)
        second = await promised(http, quiet.empty_card, 2)
        await restocked(quiet, 5)
        await serve(quiet.town)
        assert await arrived(quiet, quiet.empty_card) == [True]
        # Damp came into the store: of five pieces three are left, and two are promised first.
        sheet = (await put(quiet, "stocktakes", count(("brush", 3), reason="受潮"))).json()
        assert sheet["lines"][0]["difference"] == -2
        assert await arrived(quiet, quiet.card) == [True]
        assert await arrived(quiet, quiet.empty_card) == [False]
        assert await serve(quiet.town) == 0
        problem(await http.put(f"{second}/collection", json={"card": quiet.empty_card}), 409, "not-arrived")
        await collected(http, first, quiet.card)
        # And they have kept their place.
        await restocked(quiet, 1)
        await collected(http, second, quiet.empty_card)
    assert (await stock(quiet))["brush"] == 0
    assert await in_balance(quiet)


async def test_the_households_page_says_so(town: LiveTown) -> None:
    async with town.device(await town.shift()) as http, browsing(town) as browser:
        path = await promised(http, town.card, 2)
        mine = await browser.open(f"/c/{town.card}")
        assert "牙刷 2 件 还没到货" in mine
        assert "80 分 现在可以用" in mine
        await restocked(town, 2)
        await until_arrived(town, town.card, True)
        mine = await browser.open(f"/c/{town.card}")
        assert "您预订的牙刷 2 件到了 请在 9月13日 10:00 以前，带户卡到河畔村积美超市领取" in mine
        await collected(http, path, town.card)
        mine = await browser.open(f"/c/{town.card}")
        assert "兑换 牙刷 2 件（预订） 6月15日 −20" in mine
        assert "预订的东西" not in mine


async def test_the_till_tells_what_is_on_notice(quiet: LiveTown) -> None:
    async with quiet.device() as http:
        assert (await http.get("/v1/till")).json()["notices"] == []
        await quiet.award("hp-2", 5)
        await quiet.award("hp-3", 5)
        [notice] = (await http.get("/v1/till")).json()["notices"]
    assert notice == "本村有 2 项积分正在公示，最晚到 6月15日；有异议请找监委。"
