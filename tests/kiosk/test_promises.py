"""Promises of goods out of stock: 牙刷 (10 points) is gone, `card` has 100."""

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
from tests.kiosk.conftest import IMPATIENT, QUICK, FakePrinter, Network, OpenTill, Till, change, enrol_store

BRUSH, SOAP = "6900000000038", "6901234567892"
CONFIRM = Command.CONFIRM.value


async def open_quantity(town: LiveTown, till: Till, barcode: str = BRUSH) -> None:
    """Up to the quantity."""
    await till.show_card(town.card)
    await till.scan(barcode)
    await till.sees_refusal("缺货")
    await till.press("f3")
    await till.until(lambda: till.screen == "PromiseQuantityScreen")


async def make_promise(town: LiveTown, till: Till) -> None:
    await open_quantity(town, till)
    await till.press("f2")
    await till.until(lambda: till.screen == "PromiseSlipScreen")
    await till.press("escape")
    await till.until(lambda: till.screen == "ServeScreen")


async def goods_arrive(town: LiveTown, till: Till) -> None:
    """Until the card shows that the goods have arrived."""
    await restock(town, 1)
    await assert_arrived(town, town.card, True)
    await till.show_card(town.card)
    await till.until(lambda: (card := till.app.session.card) and any(p.arrived for p in card.view.promises))


async def list_promises(town: LiveTown) -> list[dict[str, Any]]:
    async with town.device() as http:
        promises: list[dict[str, Any]] = (await http.get(f"/v1/cards/{town.card}")).json()["promises"]
    return promises


@pytest.mark.parametrize("size", [(80, 24), (50, 16)], ids=str)
async def test_a_promise_has_todays_price_and_is_collected_after_arrival(
    town: Any, open_till: OpenTill, balance: Any, size: tuple[int, int]
) -> None:
    async with open_till(size=size) as till:
        await open_quantity(town, till)
        await till.sees("牙刷 x1")
        await till.scan(CONFIRM)
        await till.until(lambda: till.screen == "PromiseSlipScreen")
        await till.sees("已给")
        await till.sees("90 分")
        assert await balance(town.card) == 90
        # At the price of that day, whatever the price is later.
        await change(town, "update product set price = 30 where code = 'brush'")
        await till.press("escape")
        await goods_arrive(town, till)
        await till.sees("按 F4")
        await till.press("f4")
        await till.until(lambda: till.screen == "PromiseListScreen")
        await till.sees("可以领")
        await till.scan(CONFIRM)
        await till.until(lambda: till.screen == "ReceiptScreen")
        await till.sees("牙刷 x1")
        assert await balance(town.card) == 90
        assert await list_promises(town) == []
        await till.wait_until_uploaded()


async def test_the_quantity_changes_with_plus_and_minus_within_the_balance(town: Any, open_till: OpenTill) -> None:
    async with open_till(timing=replace(QUICK, answer_timeout=15.0)) as till:
        await open_quantity(town, till)
        await till.press("-")
        await till.sees("牙刷 x1")
        for _ in range(9):
            await till.press("+")
        await till.sees("牙刷 x10")
        await till.press("+")
        await till.sees_refusal("还差 10 分")
        await till.press("f2")
        await till.until(lambda: till.screen == "PromiseSlipScreen")
        [promise] = await list_promises(town)
        assert promise["line"]["points"] == 100


async def test_goods_in_stock_are_not_promised(town: Any, open_till: OpenTill) -> None:
    async with open_till() as till:
        await till.press("f3")
        await till.sees_refusal("还没有扫户卡")
        await till.show_card(town.card)
        await till.press("f3")
        await till.sees_refusal("有货")
        await till.press("f4")
        await till.sees_refusal("没有给这户留的货")


@pytest.mark.parametrize("screen", [PromiseQuantityScreen, PromiseListScreen])
async def test_a_scan_of_goods_or_a_card_confirms_nothing(town: Any, open_till: OpenTill, screen: type) -> None:
    async with open_till() as till:
        if screen is PromiseQuantityScreen:
            await open_quantity(town, till)
        else:
            await make_promise(town, till)
            await goods_arrive(town, till)
            await till.press("f4")
            await till.until(lambda: till.screen == "PromiseListScreen")
        before = await list_promises(town)
        await till.scan(SOAP)
        await till.until(lambda: till.screen == "ServeScreen" and till.app.session.cart)
        assert await list_promises(town) == before


async def test_nothing_is_promised_offline(town: Any, network: Network, open_till: OpenTill) -> None:
    async with open_till(network.url, timing=IMPATIENT) as till:
        await till.wait_until_uploaded()
        await network.cut()
        await till.wait_until_offline()
        await till.show_card(town.card)
        await till.scan(BRUSH)
        await till.sees_refusal("缺货")
        await till.press("f3")
        await till.sees_refusal("要等网络恢复")
        assert till.store.promises.list_requests() == []


async def test_a_lost_answer_is_requested_again_and_counts_once(
    town: Any, network: Network, open_till: OpenTill, balance: Any
) -> None:
    async with open_till(network.url, timing=IMPATIENT) as till:
        await open_quantity(town, till)
        network.lose_everything = True
        await till.press("f2")
        await till.sees_refusal("联网以后自动办好")
        assert len(till.store.promises.list_requests()) == 1
        network.lose_everything = False
        till.app.counter.sync.wake()
        await till.until(lambda: not till.store.promises.list_requests())
        assert len(await list_promises(town)) == 1
        assert await balance(town.card) == 90


class PowerCut(Exception):
    """Raised where the power is cut."""


@pytest.mark.parametrize("point", ["after ask for promise", "after send promise", "before promise answered"])
async def test_a_power_cut_leaves_one_promise(town: Any, tmp_path: Path, point: str) -> None:
    def cut(reached: str) -> None:
        if reached == point:
            raise PowerCut

    async with Client(town.url) as client:
        with Store(tmp_path / "kiosk", town.clock.now, cut) as store:
            enrol_store(store, town.url, town.kiosk)
            counter = Counter(store, client, QUICK)
            await counter.shifts.sign_in(town.pin)
            await counter.cards.look_up(town.card)
            [brush] = [item for item in counter.session.shelf if item.barcode == BRUSH]
            with pytest.raises(PowerCut):
                await counter.promises.promise(brush, 2)
        with Store(tmp_path / "kiosk", town.clock.now) as store:
            await Counter(store, client, QUICK).sync.catch_up()
            assert store.promises.list_requests() == []
            job = store.receipts.get_next_print_job()
            assert job is not None
            assert isinstance(job.document, PromiseSlip)
    [promise] = await list_promises(town)
    assert promise["line"]["quantity"] == 2


async def test_a_collection_with_a_lost_answer_counts_once(
    town: Any, network: Network, open_till: OpenTill, balance: Any
) -> None:
    async with open_till(network.url, timing=replace(QUICK, answer_timeout=60.0)) as till:
        await make_promise(town, till)
        await goods_arrive(town, till)
        await till.press("f4")
        await till.until(lambda: till.screen == "PromiseListScreen")
        network.lose_everything = True
        await till.press("f2")
        await till.until(lambda: (pending := till.app.session.pending) and pending.uncertain)
        network.lose_everything = False
        await till.until(lambda: till.screen == "ReceiptScreen")
        assert await balance(town.card) == 90
        await till.wait_until_uploaded()
        report = till.store.shifts.build_report(till.store.shifts.required.id)
        assert (report.redemptions, report.points) == (1, 10)


async def test_a_collection_that_is_given_up_is_voided(
    town: Any, network: Network, open_till: OpenTill, balance: Any
) -> None:
    """The server booked it, but the answer was lost and nothing was handed over."""
    async with open_till(network.url, timing=IMPATIENT) as till:
        await make_promise(town, till)
        await goods_arrive(town, till)
        await till.press("f4")
        await till.until(lambda: till.screen == "PromiseListScreen")
        network.lose_everything = True
        await till.press("f2")
        await till.until(lambda: (pending := till.app.session.pending) and pending.stuck)
        await till.press("escape")
        await till.until(lambda: till.app.session.pending is None)
        network.lose_everything = False
        till.app.counter.sync.wake()
        await till.wait_until_uploaded()
        assert await balance(town.card) == 100


async def test_a_cancelled_promise_returns_its_points(town: Any, open_till: OpenTill, balance: Any) -> None:
    async with open_till() as till:
        await make_promise(town, till)
        await till.show_card(town.card)
        await till.until(lambda: till.app.session.card.view.promises)
        await till.sees("还没到")
        await till.press("f4")
        await till.until(lambda: till.screen == "PromiseListScreen")
        await till.press("f2")
        await till.sees_refusal("还没有到货")
        await till.press("delete")
        await till.sees("按 F2 确认，按 Esc 不退")
        await till.press("escape")
        await till.sees("保留到")
        await till.press("delete", "f2")
        await till.until(lambda: till.screen == "ServeScreen")
        assert await balance(town.card) == 100
        assert await list_promises(town) == []


async def test_goods_that_arrived_meanwhile_are_redeemed_as_usual(
    town: Any, open_till: OpenTill, numbers: Any
) -> None:
    async with open_till() as till:
        await open_quantity(town, till)
        await restock(town, 5)
        await till.press("f2")
        await till.sees_refusal("有货")
        assert till.store.promises.list_requests() == []
        await till.press(numbers["牙刷"])
        await till.until(lambda: till.app.session.total == 10)


async def test_the_slip_is_printed_and_reprinted(town: Any, open_till: OpenTill, printer: FakePrinter) -> None:
    async with open_till(printer=printer) as till:
        await open_quantity(town, till)
        await till.press("f2")
        await till.until(lambda: till.screen == "PromiseSlipScreen")
        await till.until(lambda: len(printer.slips) == 1)
        assert "留货单" in printer.slips[0]
        assert REPRINT not in printer.slips[0]
        await till.sees("留货单已发送打印")
        await till.press("f5")
        await till.until(lambda: len(printer.slips) == 2)
        assert REPRINT in printer.slips[1]
        await till.until(lambda: till.app.session.card.view.promises)
