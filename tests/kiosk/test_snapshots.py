"""Every screen at 80×24, compared cell by cell with the texts in `snapshots/`.

`JIMEI_SNAPSHOTS=write` draws them anew; what has changed is then for eyes to judge, in the commit.
"""

from __future__ import annotations

import os
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len
from sqlalchemy import update

from api.registry.cards.tables import Card
from api.registry.tries.use_cases import hasher
from api.wire.card_token import digest
from kiosk.screens.base import KioskScreen
from tests.conftest import LiveTown
from tests.kiosk.conftest import IMPATIENT, Network, OpenTill, Till
from tests.kiosk.test_promises import goods_arrive, make_promise, open_quantity
from tests.kiosk.test_sign_in import add_attendant
from tests.kiosk.test_stock_counts import choose, scan, second_attendant

SNAPSHOTS = Path(__file__).with_name("snapshots")
WRITING = os.environ.get("JIMEI_SNAPSHOTS") == "write"
SOAP, RICE = "6901234567892", "6900000000014"
# The last digits of an id, the server's port.
_RANDOM = re.compile(r"(?<=单号 )[0-9A-F]{8}|(?<=127\.0\.0\.1:)[0-9]{5}")

Walk = Callable[[LiveTown, Till], Awaitable[None]]
WALKS: dict[str, Walk] = {}
SCREENS = {"sign_in": "SignInScreen", "enrol": "EnrolScreen", "serve_offline": "ServeScreen"}
"""The screen that each snapshot shows."""


def walk(screen: str) -> Callable[[Walk], Walk]:
    """Registers a function that opens this screen; its name is the snapshot's."""

    def taken(function: Walk) -> Walk:
        WALKS[function.__name__] = function
        SCREENS[function.__name__] = screen
        return function

    return taken


def compare(name: str, till: Till) -> None:
    shown = _RANDOM.sub(lambda found: "#" * len(found[0]), till.shows)
    lines = shown.splitlines()
    assert {cell_len(line) for line in lines} == {till.app.size.width}
    assert len(lines) == till.app.size.height
    text = "\n".join(line.rstrip() for line in lines) + "\n"
    file = SNAPSHOTS / f"{name}.txt"
    if WRITING and os.environ.get("CI") != "true":
        SNAPSHOTS.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8")


async def with_cart(town: LiveTown, till: Till, barcode: str = SOAP) -> None:
    await till.show_card(town.card)
    await till.scan(barcode)
    await till.until(lambda: till.app.session.cart)


async def with_receipt(town: LiveTown, till: Till) -> None:
    await with_cart(town, till)
    await till.press("f2")
    await till.until(lambda: till.screen == "ReceiptScreen")


async def back(till: Till) -> None:
    await till.press("escape")
    await till.until(lambda: till.screen == "ServeScreen")


@walk("ServeScreen")
async def serve(town: LiveTown, till: Till) -> None:
    await till.sees("请扫户卡")


@walk("ServeScreen")
async def serve_cart(town: LiveTown, till: Till) -> None:
    await with_cart(town, till)


@walk("ServeScreen")
async def serve_refusal(town: LiveTown, till: Till) -> None:
    await till.scan("6901234567890")
    await till.sees_refusal("条码没有读对")


@walk("ServeScreen")
async def serve_promises(town: LiveTown, till: Till) -> None:
    await make_promise(town, till)
    await goods_arrive(town, till)


@walk("ServeScreen")
async def serve_collector(town: LiveTown, till: Till) -> None:
    await with_cart(town, till)
    await till.press("f7")
    await till.sees("请扫代领人自己家的户卡")


@walk("HelpScreen")
async def help(town: LiveTown, till: Till) -> None:
    await till.press("f1")
    await till.until(lambda: till.screen == "HelpScreen")


@walk("MenuScreen")
async def menu(town: LiveTown, till: Till) -> None:
    await till.press("f9")
    await till.until(lambda: till.screen == "MenuScreen")


@walk("ReceiptScreen")
async def receipt(town: LiveTown, till: Till) -> None:
    await with_receipt(town, till)


@walk("VoidScreen")
async def void(town: LiveTown, till: Till) -> None:
    await with_receipt(town, till)
    await back(till)
    await till.press("f8")
    await till.until(lambda: till.screen == "VoidScreen")


@walk("VoidScreen")
async def void_reason(town: LiveTown, till: Till) -> None:
    await void(town, till)
    await till.press("1")
    await till.sees("按数字键选原因")


async def protect_card(town: LiveTown) -> None:
    async with town.town.unit_of_work() as work:
        ours = (Card.township == work.township, Card.digest == digest(town.card))
        await work.session.execute(update(Card).where(*ours).values(pin_hash=hasher.hash("8642"), pin_above=10))


@walk("CardPinScreen")
async def card_pin(town: LiveTown, till: Till) -> None:
    await protect_card(town)
    await with_cart(town, till, RICE)
    await till.press("f2")
    await till.until(lambda: till.screen == "CardPinScreen")
    await till.press("8", "6")


@walk("HouseholdSearchScreen")
async def without_card_search(town: LiveTown, till: Till) -> None:
    await till.press("/")
    await till.until(lambda: till.screen == "HouseholdSearchScreen")
    await till.press(*"wjg")


@walk("FoundScreen")
async def without_card_found(town: LiveTown, till: Till) -> None:
    await without_card_search(town, till)
    await till.press("f2")
    await till.until(lambda: till.screen == "FoundScreen")


@walk("WaysScreen")
async def without_card_ways(town: LiveTown, till: Till) -> None:
    await add_attendant(town)
    await add_attendant(town, "吴管理员", "9753")
    await till.app.counter.sync.catch_up()
    await without_card_found(town, till)
    await till.press("1")
    await till.until(lambda: till.screen == "WaysScreen")


@walk("WitnessesScreen")
async def without_card_witnesses(town: LiveTown, till: Till) -> None:
    await without_card_ways(town, till)
    await till.press("2")
    await till.until(lambda: till.screen == "WitnessesScreen")


@walk("WitnessPinScreen")
async def without_card_witness(town: LiveTown, till: Till) -> None:
    await without_card_witnesses(town, till)
    await till.press("2")
    await till.until(lambda: till.screen == "WitnessPinScreen")
    await till.press("2", "4")


@walk("HouseholdPinScreen")
async def without_card_pin(town: LiveTown, till: Till) -> None:
    await protect_card(town)
    await without_card_ways(town, till)
    await till.press("1")
    await till.until(lambda: till.screen == "HouseholdPinScreen")
    await till.press("8", "6")


@walk("FreezeScreen")
async def without_card_freeze(town: LiveTown, till: Till) -> None:
    await without_card_ways(town, till)
    await till.press("3")
    await till.until(lambda: till.screen == "FreezeScreen")


@walk("ServeScreen")
async def serve_without_card(town: LiveTown, till: Till) -> None:
    await without_card_pin(town, till)
    await till.press("4", "2", "f2")
    await till.until(lambda: till.screen == "ServeScreen")
    await till.scan(SOAP)
    await till.until(lambda: till.app.session.cart)


@walk("ReceiptScreen")
async def receipt_without_card(town: LiveTown, till: Till) -> None:
    await serve_without_card(town, till)
    await till.press("f2")
    await till.until(lambda: till.screen == "ReceiptScreen")


@walk("ShiftReportScreen")
async def shift_report(town: LiveTown, till: Till) -> None:
    await with_receipt(town, till)
    await back(till)
    await till.press("f10", "f2")
    await till.until(lambda: till.screen == "ShiftReportScreen")
    await till.sees("全部上传")


@walk("PromiseQuantityScreen")
async def promise_quantity(town: LiveTown, till: Till) -> None:
    await open_quantity(town, till)


@walk("PromiseSlipScreen")
async def promise_slip(town: LiveTown, till: Till) -> None:
    await open_quantity(town, till)
    await till.press("f2")
    await till.until(lambda: till.screen == "PromiseSlipScreen")


@walk("PromiseListScreen")
async def promise_list(town: LiveTown, till: Till) -> None:
    await serve_promises(town, till)
    await till.press("f4")
    await till.until(lambda: till.screen == "PromiseListScreen")


@walk("CountScreen")
async def count(town: LiveTown, till: Till) -> None:
    await choose(till, "登记到货")
    await scan(till, SOAP, 2)
    await till.sees("肥皂 2 件")


@walk("ArrivalScreen")
async def arrival(town: LiveTown, till: Till) -> None:
    await count(town, till)
    await till.press("f2", "f2")
    await till.until(lambda: till.screen == "ArrivalScreen")


@walk("OpenReceiptsScreen")
async def open_receipts(town: LiveTown, till: Till) -> None:
    await arrival(town, till)
    await back(till)
    await choose(till, "点收到货")


@walk("SecondPinScreen")
async def second_pin(town: LiveTown, till: Till) -> None:
    await open_receipts(town, till)
    await till.press("1")
    await till.until(lambda: till.screen == "CountScreen")
    await scan(till, SOAP, 1)
    await till.press("f2")
    await till.until(lambda: till.screen == "SecondPinScreen")


@walk("DifferencesScreen")
async def differences(town: LiveTown, till: Till) -> None:
    pin = await second_attendant(town)
    await second_pin(town, till)
    await till.press(*pin, "f2")
    await till.until(lambda: till.screen == "DifferencesScreen")


@walk("StockAlertsScreen")
async def stock_alerts(town: LiveTown, till: Till) -> None:
    async with town.staff("office") as http:
        (await http.patch("/v1/products/soap", json={"minimum": 20})).raise_for_status()
        await choose(till, "快没货")


@pytest.mark.parametrize("name", WALKS)
async def test_a_screen(town: Any, open_till: OpenTill, name: str) -> None:
    async with open_till() as till:
        await till.wait_until_uploaded()
        await WALKS[name](town, till)
        await wait_until_drawn(name, till)


async def wait_until_drawn(name: str, till: Till) -> None:
    """Compare once all answers have arrived and are drawn."""
    assert till.screen == SCREENS[name.removesuffix("_small")]
    await till.wait_until_uploaded()
    await till.wait_for_keys()
    await till.pilot.pause()
    compare(name, till)


async def test_signing_in(town: Any, open_till: OpenTill) -> None:
    async with open_till(signed_in=False) as till:
        await till.sees("在线")
        await wait_until_drawn("sign_in", till)


async def test_enrolling(town: Any, open_till: OpenTill) -> None:
    async with open_till(signed_in=False, enrol=False) as till:
        await till.until(lambda: till.screen == "EnrolScreen")
        await wait_until_drawn("enrol", till)


async def test_without_the_network(town: Any, network: Network, open_till: OpenTill) -> None:
    async with open_till(network.url, timing=IMPATIENT) as till:
        await till.wait_until_uploaded()
        await network.cut()
        await till.wait_until_offline()
        await till.show_card(town.card)
        await wait_until_drawn("serve_offline", till)


@pytest.mark.parametrize(
    "name", ["serve", "serve_cart", "receipt", "count", "without_card_ways", "serve_without_card"]
)
async def test_a_small_screen(town: Any, open_till: OpenTill, name: str) -> None:
    async with open_till(size=(50, 16)) as till:
        await till.wait_until_uploaded()
        await WALKS[name](town, till)
        await wait_until_drawn(f"{name}_small", till)


def test_each_screen_has_its_snapshot() -> None:
    def all_below(screen: type) -> set[type]:
        return {screen}.union(*map(all_below, screen.__subclasses__()))

    whole = {screen.__name__ for screen in all_below(KioskScreen) if not screen.__subclasses__()}
    assert whole == set(SCREENS.values())
    assert {f"{name}.txt" for name in SCREENS} <= {file.name for file in SNAPSHOTS.iterdir()}
