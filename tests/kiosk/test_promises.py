"""Goods that are out of stock, kept for a household at the till: 牙刷 (10 points) is gone, `card` has 100."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from api.wire import Command
from api.wire.promises import PromiseSlip
from kiosk.client import Client
from kiosk.counter import Counter
from kiosk.printing.slip import REPRINT
from kiosk.screens.promises.promise_list import PromiseListScreen
from kiosk.screens.promises.quantity import PromiseQuantityScreen
from kiosk.store.facade import Store
from tests.api.shop.promises.conftest import assert_arrived, restock
from tests.conftest import LiveTown
from tests.kiosk.conftest import IMPATIENT, QUICK, Line, OpenTill, Paper, Till, change, enrolled

BRUSH, SOAP = "6900000000038", "6901234567892"
CONFIRM = Command.CONFIRM.value


async def wish(town: LiveTown, till: Till, barcode: str = BRUSH) -> None:
    """As far as the question how many."""
    await till.show_card(town.card)
    await till.scan(barcode)
    await till.refused("缺货")
    await till.press("f3")
    await till.until(lambda: till.screen == "PromiseQuantityScreen")


async def keep(town: LiveTown, till: Till) -> None:
    await wish(town, till)
    await till.press("f2")
    await till.until(lambda: till.screen == "PromiseSlipScreen")
    await till.press("escape")
    await till.until(lambda: till.screen == "ServeScreen")


async def come(town: LiveTown, till: Till) -> None:
    """Until the card tells that the kept goods are here."""
    await restock(town, 1)
    await assert_arrived(town, town.card, True)
    await till.show_card(town.card)
    await till.until(lambda: (card := till.app.session.card) and any(p.arrived for p in card.view.promises))


async def kept(town: LiveTown) -> list[dict[str, Any]]:
    async with town.device() as http:
        promises: list[dict[str, Any]] = (await http.get(f"/v1/cards/{town.card}")).json()["promises"]
    return promises


@pytest.mark.parametrize("size", [(80, 24), (50, 16)], ids=str)
async def test_kept_at_todays_price_and_handed_over_when_it_has_come(
    town: Any, open_till: OpenTill, balance: Any, size: tuple[int, int]
) -> None:
    async with open_till(size=size) as till:
        await wish(town, till)
        await till.sees("牙刷 x1")
        await till.scan(CONFIRM)
        await till.until(lambda: till.screen == "PromiseSlipScreen")
        await till.sees("已给")
        await till.sees("90 分")
        assert await balance(town.card) == 90
        # At the price of that day, whatever it costs later.
        await change(town, "update product set price = 30 where code = 'brush'")
        await till.press("escape")
        await come(town, till)
        await till.sees("按 F4")
        await till.press("f4")
        await till.until(lambda: till.screen == "PromiseListScreen")
        await till.sees("可以领")
        await till.scan(CONFIRM)
        await till.until(lambda: till.screen == "ReceiptScreen")
        await till.sees("牙刷 x1")
        assert await balance(town.card) == 90
        assert await kept(town) == []
        await till.told()


async def test_pieces_are_counted_with_plus_and_minus_and_never_beyond_the_points(
    town: Any, open_till: OpenTill
) -> None:
    async with open_till(timing=replace(QUICK, answer_timeout=15.0)) as till:
        await wish(town, till)
        await till.press("-")
        await till.sees("牙刷 x1")
        for _ in range(9):
            await till.press("+")
        await till.sees("牙刷 x10")
        await till.press("+")
        await till.refused("还差 10 分")
        await till.press("f2")
        await till.until(lambda: till.screen == "PromiseSlipScreen")
        [promise] = await kept(town)
        assert promise["line"]["points"] == 100


async def test_what_is_in_stock_is_not_kept(town: Any, open_till: OpenTill) -> None:
    async with open_till() as till:
        await till.press("f3")
        await till.refused("还没有扫户卡")
        await till.show_card(town.card)
        await till.press("f3")
        await till.refused("有货")
        await till.press("f4")
        await till.refused("没有给这户留的货")


@pytest.mark.parametrize("screen", [PromiseQuantityScreen, PromiseListScreen])
async def test_a_scan_of_goods_or_a_card_confirms_nothing(town: Any, open_till: OpenTill, screen: type) -> None:
    async with open_till() as till:
        if screen is PromiseQuantityScreen:
            await wish(town, till)
        else:
            await keep(town, till)
            await come(town, till)
            await till.press("f4")
            await till.until(lambda: till.screen == "PromiseListScreen")
        before = await kept(town)
        await till.scan(SOAP)
        await till.until(lambda: till.screen == "ServeScreen" and till.app.session.cart)
        assert await kept(town) == before


async def test_without_the_network_nothing_is_kept(town: Any, line: Line, open_till: OpenTill) -> None:
    async with open_till(line.url, timing=IMPATIENT) as till:
        await till.told()
        await line.cut()
        await till.offline()
        await till.show_card(town.card)
        await till.scan(BRUSH)
        await till.refused("缺货")
        await till.press("f3")
        await till.refused("要等网络恢复")
        assert till.store.promises.list_requests() == []


async def test_an_answer_that_got_lost_is_asked_for_again_and_counts_once(
    town: Any, line: Line, open_till: OpenTill, balance: Any
) -> None:
    async with open_till(line.url, timing=IMPATIENT) as till:
        await wish(town, till)
        line.lose_everything = True
        await till.press("f2")
        await till.refused("联网以后自动办好")
        assert len(till.store.promises.list_requests()) == 1
        line.lose_everything = False
        till.app.counter.sync.wake()
        await till.until(lambda: not till.store.promises.list_requests())
        assert len(await kept(town)) == 1
        assert await balance(town.card) == 90


class PowerCut(Exception):
    """Nothing after this point happens."""


@pytest.mark.parametrize("point", ["after ask for promise", "after send promise", "before promise answered"])
async def test_the_power_goes_and_it_is_still_asked_for_once(town: Any, tmp_path: Path, point: str) -> None:
    def cut(reached: str) -> None:
        if reached == point:
            raise PowerCut

    async with Client(town.url) as client:
        with Store(tmp_path / "kiosk", town.clock.now, cut) as store:
            enrolled(store, town.url, town.kiosk)
            counter = Counter(store, client, QUICK)
            await counter.shifts.sign_in(town.pin)
            await counter.look_up(town.card)
            [brush] = [item for item in counter.session.shelf if item.barcode == BRUSH]
            with pytest.raises(PowerCut):
                await counter.promises.promise(brush, 2)
        with Store(tmp_path / "kiosk", town.clock.now) as store:
            await Counter(store, client, QUICK).sync.catch_up()
            assert store.promises.list_requests() == []
            job = store.receipts.get_next_print_job()
            assert job is not None
            assert isinstance(job.document, PromiseSlip)
    [promise] = await kept(town)
    assert promise["line"]["quantity"] == 2


async def test_a_collection_whose_answer_got_lost_is_handed_over_once(
    town: Any, line: Line, open_till: OpenTill, balance: Any
) -> None:
    async with open_till(line.url, timing=replace(QUICK, answer_timeout=60.0)) as till:
        await keep(town, till)
        await come(town, till)
        await till.press("f4")
        await till.until(lambda: till.screen == "PromiseListScreen")
        line.lose_everything = True
        await till.press("f2")
        await till.until(lambda: (pending := till.app.session.pending) and pending.uncertain)
        line.lose_everything = False
        await till.until(lambda: till.screen == "ReceiptScreen")
        assert await balance(town.card) == 90
        await till.told()
        report = till.store.shifts.build_report(till.store.shifts.required.id)
        assert (report.redemptions, report.points) == (1, 10)


async def test_one_that_is_given_up_is_taken_back(
    town: Any, line: Line, open_till: OpenTill, balance: Any
) -> None:
    """The server booked it, nobody saw the receipt, nothing was handed over."""
    async with open_till(line.url, timing=IMPATIENT) as till:
        await keep(town, till)
        await come(town, till)
        await till.press("f4")
        await till.until(lambda: till.screen == "PromiseListScreen")
        line.lose_everything = True
        await till.press("f2")
        await till.until(lambda: (pending := till.app.session.pending) and pending.stuck)
        await till.press("escape")
        await till.until(lambda: till.app.session.pending is None)
        line.lose_everything = False
        till.app.counter.sync.wake()
        await till.told()
        assert await balance(town.card) == 100


async def test_a_household_lets_go_and_has_its_points_back(town: Any, open_till: OpenTill, balance: Any) -> None:
    async with open_till() as till:
        await keep(town, till)
        await till.show_card(town.card)
        await till.until(lambda: till.app.session.card.view.promises)
        await till.sees("还没到")
        await till.press("f4")
        await till.until(lambda: till.screen == "PromiseListScreen")
        await till.press("f2")
        await till.refused("还没有到货")
        await till.press("delete")
        await till.sees("按 F2 确认，按 Esc 不退")
        await till.press("escape")
        await till.sees("保留到")
        await till.press("delete", "f2")
        await till.until(lambda: till.screen == "ServeScreen")
        assert await balance(town.card) == 100
        assert await kept(town) == []


async def test_goods_that_came_meanwhile_are_simply_redeemed(town: Any, open_till: OpenTill, numbers: Any) -> None:
    async with open_till() as till:
        await wish(town, till)
        await restock(town, 5)
        await till.press("f2")
        await till.refused("有货")
        assert till.store.promises.list_requests() == []
        await till.press(numbers["牙刷"])
        await till.until(lambda: till.app.session.total == 10)


async def test_the_slip_is_printed_and_reprinted(town: Any, open_till: OpenTill, paper: Paper) -> None:
    async with open_till(printer=paper) as till:
        await wish(town, till)
        await till.press("f2")
        await till.until(lambda: till.screen == "PromiseSlipScreen")
        await till.until(lambda: len(paper.slips) == 1)
        assert "留货单" in paper.slips[0]
        assert REPRINT not in paper.slips[0]
        await till.sees("留货单已发送打印")
        await till.press("f5")
        await till.until(lambda: len(paper.slips) == 2)
        assert REPRINT in paper.slips[1]
        await till.until(lambda: till.app.session.card.view.promises)
