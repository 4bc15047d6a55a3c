"""The menu: everything it offers by digit, arrow and finger; a scan goes through it."""

from __future__ import annotations

from typing import Any

import pytest

from api.wire import Command
from kiosk.appearance import CONTRAST, LARGE, THEME
from kiosk.screens.menu import DIGITS, Menu
from tests.kiosk.conftest import OpenTill, Till

SOAP = "6901234567892"


async def open_menu(till: Till, key: str = "f9") -> None:
    await till.press(key)
    await till.until(lambda: till.screen == "MenuScreen")


def number(till: Till, label: str) -> str:
    """The digit before what the menu calls so."""
    [line] = [line for line in till.shows.splitlines() if label in line]
    return str(line.split()[0])


async def choose(till: Till, label: str) -> None:
    await open_menu(till)
    [index] = [n for n, choice in enumerate(till.app.screen._items) if label in choice.label]
    for key in [str(index + 1)] if index < DIGITS else [*["down"] * index, " "]:
        await till.press(key)
    await till.until(lambda: till.screen != "MenuScreen")


@pytest.mark.parametrize("key", ["f9", "ctrl+p"])
async def test_it_opens_over_signing_in_and_serving(open_till: OpenTill, key: str) -> None:
    async with open_till(signed_in=False) as till:
        await open_menu(till, key)
        await till.sees("退出程序")
        assert "交班" not in till.shows
        await till.press("escape")
        await till.sign_in()
        await open_menu(till, key)
        await till.sees("交班")


async def test_digits_do_what_stands_there(town: Any, open_till: OpenTill) -> None:
    async with open_till() as till:
        await till.show_card(town.card)
        await till.scan(SOAP)
        await choose(till, "删掉购物车最后一项")
        assert till.app.counter.session.cart == []
        await choose(till, "取消这一户")
        assert till.app.counter.session.card is None
        await choose(till, "帮助")
        await till.until(lambda: till.screen == "HelpScreen")
        await till.press("escape")
        await till.until(lambda: till.screen == "ServeScreen")
        await choose(till, "再看上一张收据")
        await till.refused("没有收据可看")
        await choose(till, "交班")
        await till.until(lambda: till.screen == "ShiftReportScreen")
        await till.press("escape")
        await till.until(lambda: till.screen == "SignInScreen")
        await till.until(lambda: not till.app.session.connection.unsent)
        await choose(till, "退出程序")
        await till.until(lambda: not till.app.is_running)


async def test_refusals_are_those_of_the_keys(town: Any, open_till: OpenTill) -> None:
    async with open_till() as till:
        await till.show_card(town.card)
        await till.scan(SOAP)
        await choose(till, "交班")
        await till.refused("购物车里还有商品")


async def test_the_last_receipt(town: Any, open_till: OpenTill) -> None:
    async with open_till() as till:
        await till.show_card(town.card)
        await till.scan(SOAP)
        await till.press("f2")
        await till.until(lambda: till.screen == "ReceiptScreen")
        await till.press("escape")
        await till.until(lambda: till.screen == "ServeScreen")
        await choose(till, "再看上一张收据")
        await till.until(lambda: till.screen == "ReceiptScreen")


async def test_arrows_go_round_and_space_picks(open_till: OpenTill) -> None:
    async with open_till() as till:
        await open_menu(till)
        menu = till.app.screen.query_one(Menu)
        await till.press("up")
        await till.until(lambda: menu.chosen > 0)
        await till.press("down", " ")
        await till.until(lambda: till.screen == "HelpScreen")


async def test_a_finger_picks(open_till: OpenTill) -> None:
    async with open_till() as till:
        await open_menu(till)
        await till.pilot.click(Menu, offset=(8, 0))
        await till.until(lambda: till.screen == "HelpScreen")


async def test_a_scan_goes_through_it(town: Any, open_till: OpenTill) -> None:
    async with open_till() as till:
        await open_menu(till)
        await till.show_card(town.card)
        assert till.screen == "ServeScreen"
        await open_menu(till)
        await till.scan(SOAP)
        await till.until(lambda: till.app.counter.session.total == 5)
        assert till.screen == "ServeScreen"


@pytest.mark.parametrize("command", [Command.CONFIRM, Command.CANCEL])
async def test_nobody_confirms_or_cancels_what_it_covers(town: Any, open_till: OpenTill, command: Command) -> None:
    async with open_till() as till:
        await till.show_card(town.card)
        await till.scan(SOAP)
        await open_menu(till)
        await till.scan(command.value)
        await till.until(lambda: till.screen == "ServeScreen")
        assert till.app.counter.session.total == 5
        assert till.app.counter.session.pending is None


async def test_the_end_of_a_scan_picks_nothing_and_f2_neither(town: Any, open_till: OpenTill) -> None:
    async with open_till() as till:
        await till.show_card(town.card)
        await till.scan(SOAP)
        await open_menu(till)
        await till.press("enter", "tab", "f2")
        assert till.screen == "MenuScreen"
        assert till.app.counter.session.pending is None


async def test_ctrl_q_leaves_through_it(open_till: OpenTill) -> None:
    async with open_till() as till:
        await open_menu(till)
        await till.press("ctrl+q")
        await till.until(lambda: not till.app.is_running)


async def test_the_look_changes_at_once(town: Any, open_till: OpenTill) -> None:
    async with open_till() as till:
        await choose(till, "高对比颜色")
        assert till.app.theme == CONTRAST.name
        await choose(till, "平常的颜色")
        assert till.app.theme == THEME.name
        await choose(till, "大字模式：")
        assert till.app.has_class(LARGE)
        await till.until(lambda: "货号" not in till.shows.splitlines()[3])
        await choose(till, "退出大字模式")
        assert not till.app.has_class(LARGE)
        await choose(till, "关掉声音")
        assert not till.app.appearance.sound
        await choose(till, "打开声音")
        assert till.app.appearance.sound


@pytest.mark.parametrize("size", [(40, 12), (50, 16), (80, 24)], ids=str)
async def test_every_choice_can_be_reached_on_a_small_screen(open_till: OpenTill, size: tuple[int, int]) -> None:
    async with open_till(size=size) as till:
        await open_menu(till)
        labels = [choice.label for choice in till.app.screen._items]
        seen = set()
        for _ in labels:
            seen |= {label for label in labels if label in till.shows}
            await till.press("down")
        await till.until(lambda: till.app.screen.query_one(Menu).chosen == 0)
        assert seen == set(labels)
        # What is done every day has a digit.
        assert "交班" in labels[:DIGITS]
