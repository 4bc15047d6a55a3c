"""Every screen as it stands at 80×24: compared with the texts in `snapshots/`, cell by cell.

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
from api.registry.people.use_cases import passwords
from api.wire.card_token import digest
from kiosk.screens.base import KioskScreen
from tests.conftest import LiveTown
from tests.kiosk.conftest import IMPATIENT, Line, OpenTill, Till
from tests.kiosk.test_promises import come, keep, wish
from tests.kiosk.test_stock_counts import choose, scan, second_attendant

SNAPSHOTS = Path(__file__).with_name("snapshots")
WRITING = os.environ.get("JIMEI_SNAPSHOTS") == "write"
SOAP, RICE = "6901234567892", "6900000000014"
# What is random: the last digits of an id, the server's port.
_RANDOM = re.compile(r"(?<=单号 )[0-9A-F]{8}|(?<=127\.0\.0\.1:)[0-9]{5}")

Walk = Callable[[LiveTown, Till], Awaitable[None]]
WALKS: dict[str, Walk] = {}
SCREENS = {"sign_in": "SignInScreen", "enrol": "EnrolScreen", "serve_offline": "ServeScreen"}
"""The screen that each snapshot shows."""


def walk(screen: str) -> Callable[[Walk], Walk]:
    """A way to this screen; the function's name is the snapshot's."""

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


async def picked(town: LiveTown, till: Till, barcode: str = SOAP) -> None:
    await till.show_card(town.card)
    await till.scan(barcode)
    await till.until(lambda: till.app.session.cart)


async def redeemed(town: LiveTown, till: Till) -> None:
    await picked(town, till)
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
    await picked(town, till)


@walk("ServeScreen")
async def serve_refusal(town: LiveTown, till: Till) -> None:
    await till.scan("6901234567890")
    await till.refused("条码没有读对")


@walk("ServeScreen")
async def serve_kept_goods(town: LiveTown, till: Till) -> None:
    await keep(town, till)
    await come(town, till)


@walk("ServeScreen")
async def neighbour(town: LiveTown, till: Till) -> None:
    await picked(town, till)
    await till.press("f7")
    await till.sees("请扫代领人自己家的户卡")


@walk("HelpScreen")
async def help(town: LiveTown, till: Till) -> None:
    await till.press("f1")
    await till.until(lambda: till.screen == "HelpScreen")


@walk("MenuScreen")
async def palette(town: LiveTown, till: Till) -> None:
    await till.press("f9")
    await till.until(lambda: till.screen == "MenuScreen")


@walk("ReceiptScreen")
async def receipt(town: LiveTown, till: Till) -> None:
    await redeemed(town, till)


@walk("VoidScreen")
async def void(town: LiveTown, till: Till) -> None:
    await redeemed(town, till)
    await back(till)
    await till.press("f8")
    await till.until(lambda: till.screen == "VoidScreen")


@walk("VoidScreen")
async def void_reason(town: LiveTown, till: Till) -> None:
    await void(town, till)
    await till.press("1")
    await till.sees("按数字键选原因")


@walk("CardPinScreen")
async def card_pin(town: LiveTown, till: Till) -> None:
    async with town.town.unit_of_work() as work:
        ours = (Card.township == work.township, Card.digest == digest(town.card))
        await work.session.execute(update(Card).where(*ours).values(pin_hash=passwords.hash("8642"), pin_above=10))
    await picked(town, till, RICE)
    await till.press("f2")
    await till.until(lambda: till.screen == "CardPinScreen")
    await till.press("8", "6")


@walk("ShiftReportScreen")
async def report(town: LiveTown, till: Till) -> None:
    await redeemed(town, till)
    await back(till)
    await till.press("f10")
    await till.until(lambda: till.screen == "ShiftReportScreen")
    await till.sees("全部上传")


@walk("PromiseQuantityScreen")
async def keep_goods(town: LiveTown, till: Till) -> None:
    await wish(town, till)


@walk("PromiseSlipScreen")
async def promise_slip(town: LiveTown, till: Till) -> None:
    await wish(town, till)
    await till.press("f2")
    await till.until(lambda: till.screen == "PromiseSlipScreen")


@walk("PromiseListScreen")
async def kept_goods(town: LiveTown, till: Till) -> None:
    await serve_kept_goods(town, till)
    await till.press("f4")
    await till.until(lambda: till.screen == "PromiseListScreen")


@walk("CountScreen")
async def counting(town: LiveTown, till: Till) -> None:
    await choose(till, "登记到货")
    await scan(till, SOAP, 2)
    await till.sees("肥皂 2 件")


@walk("ArrivalScreen")
async def written_down(town: LiveTown, till: Till) -> None:
    await counting(town, till)
    await till.press("f2", "f2")
    await till.until(lambda: till.screen == "ArrivalScreen")


@walk("OpenReceiptsScreen")
async def open_receipts(town: LiveTown, till: Till) -> None:
    await written_down(town, till)
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
async def watch(town: LiveTown, till: Till) -> None:
    async with town.staff("office") as http:
        (await http.patch("/v1/products/soap", json={"minimum": 20})).raise_for_status()
        await choose(till, "快没货")


@pytest.mark.parametrize("name", WALKS)
async def test_a_screen(town: Any, open_till: OpenTill, name: str) -> None:
    async with open_till() as till:
        await till.told()
        await WALKS[name](town, till)
        await settled(name, till)


async def settled(name: str, till: Till) -> None:
    """Once what the line brings has come and is drawn."""
    assert till.screen == SCREENS[name.removesuffix("_small")]
    await till.told()
    await till.settled()
    await till.pilot.pause()
    compare(name, till)


async def test_signing_in(town: Any, open_till: OpenTill) -> None:
    async with open_till(signed_in=False) as till:
        await till.sees("在线")
        await settled("sign_in", till)


async def test_enrolling(town: Any, open_till: OpenTill) -> None:
    async with open_till(signed_in=False, enrol=False) as till:
        await till.until(lambda: till.screen == "EnrolScreen")
        await settled("enrol", till)


async def test_without_the_network(town: Any, line: Line, open_till: OpenTill) -> None:
    async with open_till(line.url, timing=IMPATIENT) as till:
        await till.told()
        await line.cut()
        await till.offline()
        await till.show_card(town.card)
        await settled("serve_offline", till)


@pytest.mark.parametrize("name", ["serve", "serve_cart", "receipt", "counting"])
async def test_a_small_screen(town: Any, open_till: OpenTill, name: str) -> None:
    async with open_till(size=(50, 16)) as till:
        await till.told()
        await WALKS[name](town, till)
        await settled(f"{name}_small", till)


def test_each_screen_has_its_snapshot() -> None:
    def all_below(screen: type) -> set[type]:
        return {screen}.union(*map(all_below, screen.__subclasses__()))

    whole = {screen.__name__ for screen in all_below(KioskScreen) if not screen.__subclasses__()}
    assert whole == set(SCREENS.values())
    assert {f"{name}.txt" for name in SCREENS} <= {file.name for file in SNAPSHOTS.iterdir()}
