"""Goods receipts by two people, stocktakes, expiry dates. 肥皂 and 大米 have 10 pieces each."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from api.wire import Command
from kiosk.store.stock_counts import CountKind
from tests.conftest import LiveTown
from tests.kiosk.conftest import IMPATIENT, Network, OpenTill, Till, card_url
from tests.kiosk.test_offline_day import serve, stock

SOAP, RICE = "6901234567892", "6900000000014"
CONFIRM = Command.CONFIRM.value


async def second_attendant(town: LiveTown) -> str:
    """The PIN of another attendant."""
    async with town.staff("office") as http:
        person = {"supermarket": "hp", "name": "周管理员", "pin": "97531"}
        (await http.post("/v1/attendants", json=person)).raise_for_status()
    return "97531"


async def choose(till: Till, work: str) -> None:
    """Choose an item of the stock menu, and wait for its screen."""
    await till.press("f5")
    await till.until(lambda: till.screen == "MenuScreen")
    [index] = [n for n, item in enumerate(till.app.screen._items) if item.label.startswith(work)]
    await till.press(str(index + 1))
    await till.until(lambda: till.screen not in ("MenuScreen", "ServeScreen", ""))


async def scan(till: Till, barcode: str, pieces: int) -> None:
    """The same code again and again, as fast as a hand is."""
    for _ in range(pieces):
        await till.scan_later(barcode)


def counted(till: Till, kind: CountKind) -> dict[str, int | None]:
    tally = till.store.stock_counts.find(kind)
    assert tally is not None
    return {line.product: line.counted for line in tally.counted}


@pytest.mark.parametrize("size", [(80, 24), (50, 16)], ids=str)
async def test_a_stocktake_corrects_the_books(town: Any, open_till: OpenTill, size: tuple[int, int]) -> None:
    async with open_till(size=size) as till:
        await choose(till, "盘点")
        # The expected quantity isn't shown.
        assert "10" not in till.shows
        await scan(till, SOAP, 9)
        await till.sees("肥皂 9 件")
        await till.scan(RICE)
        await till.press("backspace", "down", "up")
        await till.press("1")
        await till.press("0")
        await till.sees("10 件还没有记")
        await till.press("enter")
        await till.sees("大米 10 件")
        assert counted(till, CountKind.STOCKTAKE) == {"soap": 9, "rice": 10}
        await till.press("f2")
        await till.sees("共 2 种 19 件")
        await till.scan(CONFIRM)
        await till.until(lambda: till.screen == "DifferencesScreen")
        await till.sees("差 -1")
        await till.sees("没有差别")
        assert (await stock(town))["soap"] == 9
        assert till.store.stock_counts.find(CountKind.STOCKTAKE) is None


async def test_a_goods_receipt_takes_two_people(town: Any, open_till: OpenTill) -> None:
    async with open_till() as till:
        pin = await second_attendant(town)
        await choose(till, "登记到货")
        await scan(till, SOAP, 3)
        await till.press("f3")
        for digit in "270131":
            await till.press(digit)
        await till.sees("到期 2027-01-31")
        await till.press("f2", "f2")
        await till.until(lambda: till.screen == "ArrivalScreen")
        await till.sees("还没有上架")
        assert (await stock(town))["soap"] == 10
        await till.press("escape")
        await choose(till, "点收到货")
        await till.until(lambda: till.screen == "OpenReceiptsScreen")
        await till.press("1")
        await till.until(lambda: till.screen == "CountScreen")
        assert "3 件" not in till.shows
        await till.press("f2")
        await till.sees_refusal("肥皂还没有点")
        await scan(till, SOAP, 2)
        await till.press("f2")
        await till.until(lambda: till.screen == "SecondPinScreen")
        # Whoever recorded it can't count it.
        await till.press(*town.pin, "f2")
        await till.until(lambda: till.screen == "CountScreen")
        await till.sees_refusal("请换一个人点数")
        assert counted(till, CountKind.GOODS_RECEIPT) == {"soap": 2}
        await till.scan(CONFIRM)
        await till.until(lambda: till.screen == "SecondPinScreen")
        await till.press(*pin, "f2")
        await till.until(lambda: till.screen == "DifferencesScreen")
        await till.sees("差 -1")
        assert (await stock(town))["soap"] == 12
        await till.press("escape")
        await choose(till, "快没货")
        await till.until(lambda: till.screen == "StockAlertsScreen")
        await till.sees("都够")
    async with town.staff("office") as http:
        watch = (await http.get("/v1/stock/watch", params={"days": 366})).raise_for_status().json()
    assert [(lot["product"], lot["left"], lot["sell_by"]) for lot in watch["dated"]] == [("soap", 2, "2027-01-31")]


async def test_goods_can_be_recorded_as_a_donation(town: Any, open_till: OpenTill) -> None:
    async with open_till() as till:
        await choose(till, "登记到货")
        await till.press("f7")
        await till.sees("登记捐赠")
        await scan(till, SOAP, 1)
        await till.press("f2", "f2")
        await till.sees("已登记到货")
    async with town.device() as http:
        [receipt] = (await http.get("/v1/till/receipts")).json()
    assert (receipt["source"], receipt["anonymous"]) == ("donation", True)


async def test_a_power_cut_loses_no_piece(town: Any, open_till: OpenTill) -> None:
    async with open_till() as till:
        await choose(till, "盘点")
        await scan(till, SOAP, 7)
        await till.sees("肥皂 7 件")
    async with open_till() as till:
        await choose(till, "盘点")
        await till.sees("肥皂")
        assert counted(till, CountKind.STOCKTAKE) == {"soap": 7}
        await scan(till, SOAP, 1)
        assert counted(till, CountKind.STOCKTAKE) == {"soap": 8}


async def test_a_lost_answer_is_requested_with_the_same_count(
    town: Any, network: Network, open_till: OpenTill
) -> None:
    async with open_till(network.url, timing=IMPATIENT) as till:
        await choose(till, "盘点")
        await scan(till, SOAP, 4)
        network.lose_everything = True
        await till.press("f2", "f2")
        await till.sees_refusal("点的数都存在本机")
        await till.scan_later(SOAP)
        await till.sees_refusal("先不要改")
        network.lose_everything = False
        await till.press("f2")
        await till.until(lambda: till.screen == "DifferencesScreen")
        assert (await stock(town))["soap"] == 4


async def test_a_count_is_kept_offline(town: Any, network: Network, open_till: OpenTill) -> None:
    async with open_till(network.url, timing=IMPATIENT) as till:
        await till.wait_until_uploaded()
        await network.cut()
        await till.wait_until_offline()
        await choose(till, "登记到货")
        await scan(till, RICE, 2)
        await till.press("f2", "f2")
        await till.sees_refusal("网络断了")
        assert counted(till, CountKind.ARRIVAL) == {"rice": 2}
        await till.press("escape")
        await till.until(lambda: till.screen == "ServeScreen")
        await till.press("f5")
        await till.until(lambda: till.screen == "MenuScreen")
        await till.press("2")
        await till.sees_refusal("连不上服务器")


async def test_what_is_sold_around_a_count_offline_is_no_loss(
    town: Any, network: Network, open_till: OpenTill
) -> None:
    async with open_till(network.url, timing=IMPATIENT) as till:
        await till.wait_until_uploaded()
        await network.cut()
        await till.wait_until_offline()
        await serve(till, town.card, SOAP)
        await choose(till, "盘点")
        await scan(till, SOAP, 9)
        await till.sees("肥皂 9 件")
        await till.press("f2")
        await till.sees("共 1 种 9 件")
        await till.press("f2")
        await till.sees_refusal("没有送到")
        await till.press("escape")
        await till.until(lambda: till.screen == "ServeScreen")
        await serve(till, town.card, SOAP)
        await network.restore()
        await till.wait_until_uploaded()
        await choose(till, "盘点")
        await till.press("f2")
        await till.until(lambda: till.screen == "DifferencesScreen")
        await till.sees("没有差别")
    assert (await stock(town))["soap"] == 8


async def test_other_codes_are_refused_while_counting(town: Any, open_till: OpenTill) -> None:
    async with open_till() as till:
        await choose(till, "盘点")
        await till.scan("4006381333931")
        await till.sees_refusal("这里没有这件商品")
        await till.scan(card_url(town.card))
        await till.sees_refusal("正在点数")
        assert till.screen == "CountScreen"
        assert till.app.session.card is None
        await till.press("f2")
        await till.sees_refusal("还没有点数")
        assert counted(till, CountKind.STOCKTAKE) == {}


async def test_a_count_can_be_corrected_and_discarded(town: Any, open_till: OpenTill) -> None:
    async with open_till() as till:
        await choose(till, "盘点")
        await scan(till, SOAP, 3)
        await till.press("-")
        await till.sees("肥皂 2 件")
        await till.press("delete")
        assert counted(till, CountKind.STOCKTAKE) == {}
        await till.press("4")
        await till.press("2")
        await till.press("backspace", "enter")
        await till.sees("肥皂 4 件")
        await till.press("f8")
        await till.sees_refusal("都不要了")
        await till.press("escape")
        assert counted(till, CountKind.STOCKTAKE) == {"soap": 4}
        await till.press("f8")
        await till.press("f2")
        await till.until(lambda: till.screen == "ServeScreen")
        assert till.store.stock_counts.find(CountKind.STOCKTAKE) is None


async def test_no_count_begins_with_goods_in_the_cart(town: Any, open_till: OpenTill) -> None:
    async with open_till() as till:
        await till.show_card(town.card)
        await till.scan(SOAP)
        await till.until(lambda: till.app.session.cart)
        await till.press("f5")
        await till.sees_refusal("购物车里还有商品")


async def test_a_packs_code_fills_in_its_lot_and_its_date(town: Any, open_till: OpenTill) -> None:
    """A carton counts its pieces, and another lot of the same product gets a line of its own."""
    async with town.staff("office") as http:
        packs = {"barcodes": [{"code": "16901234567899", "pieces": 24}]}
        (await http.patch("/v1/products/soap", json=packs)).raise_for_status()
    async with open_till() as till:
        await choose(till, "登记到货")
        await till.scan("(01)16901234567899(17)270331(10)A7")
        await till.sees("肥皂 24 件")
        await till.scan("]C101069012345678921727033110A7")
        await till.sees("肥皂 25 件")
        await till.scan("https://id.example.cn/01/06901234567892/10/B1?17=270430")
        await till.sees("肥皂 1 件")
        await till.press("f2", "f2")
        await till.until(lambda: till.store.stock_counts.find(CountKind.ARRIVAL) is None)
    async with town.staff("office") as http:
        [receipt] = (await http.get("/v1/goods-receipts")).raise_for_status().json()
        lines = [(line["product"], line["quantity"], line["sell_by"], line["lot"]) for line in receipt["lines"]]
        assert lines == [("soap", 25, "2027-03-31", "A7"), ("soap", 1, "2027-04-30", "B1")]
        count = {"lines": [{"line": 1, "counted": 25}, {"line": 2, "counted": 1}]}
        (await http.post(f"/v1/goods-receipts/{receipt['id']}/confirm", json=count)).raise_for_status()
    assert (await stock(town))["soap"] == 36


async def test_a_number_typed_before_a_scan_is_of_what_is_scanned(town: Any, open_till: OpenTill) -> None:
    async with open_till() as till:
        await choose(till, "盘点")
        await till.press("5")
        await till.scan(RICE)
        await till.press("1", "2")
        await till.scan(SOAP)
        await till.sees("肥皂 12 件")
        assert counted(till, CountKind.STOCKTAKE) == {"rice": 5, "soap": 12}
        # What is typed and given to nothing is not sent.
        await till.press("7", "f2")
        await till.sees_refusal("7 件还没有记")
        await till.press("escape", "f2")
        await till.sees("共 2 种 17 件")


@pytest.mark.parametrize("work", ["盘点", "登记到货"])
async def test_nothing_counts_that_nobody_chose(open_till: OpenTill, work: str) -> None:
    async with open_till() as till:
        await choose(till, work)
        for key in ("3", "enter", "f2", "escape", "+", "-", "delete", "backspace", "0", "f2", "down", "escape"):
            await till.press(key)
            assert not till.app.screen._count.counted


@pytest.mark.parametrize("seed", range(3))
async def test_any_keys_count_what_they_say(open_till: OpenTill, seed: int) -> None:
    """Against the rule in short: digits wait; a scan takes them, or is one; Enter gives them to a chosen line."""
    random = Random(seed)
    async with open_till() as till:
        await choose(till, "盘点")
        products = [line.product for line in till.app.screen._count.lines]
        barcodes = {"soap": SOAP, "rice": RICE}
        expected: dict[str, int] = {}
        typed, chosen, arrow, pressed = "", "", False, []
        for _ in range(40):
            key = random.choice(
                ["2", "0", "soap", "rice", "enter", "backspace", "escape", "down", "+", "-", "delete"]
            )
            pressed.append(key)
            if key in barcodes:
                await till.scan_later(barcodes[key])
                expected[key] = expected.get(key, 0) + int(typed or 1)
                typed, chosen, arrow = "", key, False
                continue
            if key == "escape" and not typed:
                continue
            if key.isdigit() and len(typed) == 4:
                continue
            await till.press(key)
            if key.isdigit():
                typed += key
            elif key == "backspace":
                typed = typed[:-1]
            elif key in ("escape", "delete") and typed:
                typed = ""
            elif key == "enter" and typed and chosen:
                expected[chosen] = int(typed)
                typed = ""
            elif key == "down" and (not typed or (chosen and arrow)):
                if typed:
                    expected[chosen] = int(typed)
                typed, arrow = "", True
                here = products.index(chosen) if chosen else 0
                chosen = products[min(here + 1, len(products) - 1)]
            elif not typed and chosen and key in ("+", "-"):
                expected[chosen] = max(expected.get(chosen, 0) + (1 if key == "+" else -1), 0)
            elif not typed and chosen and key == "delete":
                expected.pop(chosen, None)
            shown = {line.product: line.counted for line in till.app.screen._count.counted}
            assert shown == expected, pressed
