"""The menu: its items by digit, arrow keys and touch; a scan closes it."""

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
    """The digit of the item with this label."""
    [line] = [line for line in till.shows.splitlines() if label in line]
    return str(line.split()[0])


async def choose(till: Till, label: str) -> None:
    await open_menu(till)
    [index] = [n for n, item in enumerate(till.app.screen._items) if label in item.label]
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


async def test_digits_pick_items(town: Any, open_till: OpenTill) -> None:
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
        await till.sees_refusal("没有收据可看")
        await choose(till, "交班")
        await till.sees("要交班吗")
        await till.press("f2")
        await till.until(lambda: till.screen == "ShiftReportScreen")
        await till.press("escape")
        await till.until(lambda: till.screen == "SignInScreen")
        await till.until(lambda: not till.app.session.connection.unsent)
        await choose(till, "退出程序")
        await till.until(lambda: not till.app.is_running)


async def test_items_are_refused_as_their_keys_are(town: Any, open_till: OpenTill) -> None:
    async with open_till() as till:
        await till.show_card(town.card)
        await till.scan(SOAP)
        await choose(till, "交班")
        await till.sees_refusal("购物车里还有商品")


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


async def test_arrows_wrap_around_and_space_picks(open_till: OpenTill) -> None:
    async with open_till() as till:
        await open_menu(till)
        menu = till.app.screen.query_one(Menu)
        await till.press("up")
        await till.until(lambda: menu.chosen > 0)
        await till.press("down", " ")
        await till.until(lambda: till.screen == "HelpScreen")


async def test_a_touch_picks(open_till: OpenTill) -> None:
    async with open_till() as till:
        await open_menu(till)
        await till.pilot.click(Menu, offset=(8, 0))
        await till.until(lambda: till.screen == "HelpScreen")


async def test_a_scan_closes_the_menu_and_counts(town: Any, open_till: OpenTill) -> None:
    async with open_till() as till:
        await open_menu(till)
        await till.show_card(town.card)
        assert till.screen == "ServeScreen"
        await open_menu(till)
        await till.scan(SOAP)
        await till.until(lambda: till.app.counter.session.total == 5)
        assert till.screen == "ServeScreen"


@pytest.mark.parametrize("command", [Command.CONFIRM, Command.CANCEL])
async def test_commands_do_not_reach_the_screen_below(town: Any, open_till: OpenTill, command: Command) -> None:
    async with open_till() as till:
        await till.show_card(town.card)
        await till.scan(SOAP)
        await open_menu(till)
        await till.scan(command.value)
        await till.until(lambda: till.screen == "ServeScreen")
        assert till.app.counter.session.total == 5
        assert till.app.counter.session.pending is None


async def test_neither_a_scanners_end_key_nor_f2_picks(town: Any, open_till: OpenTill) -> None:
    async with open_till() as till:
        await till.show_card(town.card)
        await till.scan(SOAP)
        await open_menu(till)
        await till.press("enter", "tab", "f2")
        assert till.screen == "MenuScreen"
        assert till.app.counter.session.pending is None


async def test_ctrl_q_quits_from_the_menu(open_till: OpenTill) -> None:
    async with open_till() as till:
        await open_menu(till)
        await till.press("ctrl+q")
        await till.until(lambda: not till.app.is_running)


async def test_the_appearance_changes_at_once(town: Any, open_till: OpenTill) -> None:
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
async def test_every_item_can_be_reached_on_a_small_screen(open_till: OpenTill, size: tuple[int, int]) -> None:
    async with open_till(size=size) as till:
        await open_menu(till)
        labels = [item.label for item in till.app.screen._items]
        seen = set()
        for _ in labels:
            seen |= {label for label in labels if label in till.shows}
            await till.press("down")
        await till.until(lambda: till.app.screen.query_one(Menu).chosen == 0)
        assert seen == set(labels)
        # Everyday items have a digit.
        assert "交班" in labels[:DIGITS]
