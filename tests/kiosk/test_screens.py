"""The screens with a live server: serving, refusals, and a scanner's Enter, which never confirms."""

from __future__ import annotations

import asyncio
import unicodedata
from datetime import timedelta
from typing import Any

import pytest
from textual import events
from uuid_utils.compat import uuid7

from api.platform.backup.catalogue import Backup, Catalogue, backup_folder, write_catalogue
from api.wire import Redemption, RedemptionLine
from api.wire.card_token import new_token
from kiosk.client import Client
from kiosk.timing import Timing
from kiosk.widgets.key_bar import KeyCap
from kiosk.widgets.shelf import Shelf
from tests.api.asking import confirmed
from tests.conftest import Machine, enrol
from tests.kiosk.conftest import OpenTill

SOAP, RICE, LAUNDRY, BRUSH = "肥皂", "大米", "洗衣液", "牙刷"


async def test_scan_digit_f2_receipt(town: Any, open_till: OpenTill, balance: Any, numbers: Any) -> None:
    async with open_till() as till:
        await till.sees("请扫户卡")
        await till.show_card(town.card)
        await till.sees("王**")
        assert "王建国" not in till.shows
        await till.press(numbers[SOAP])
        await till.press("f2")
        await till.until(lambda: till.screen == "ReceiptScreen")
        await till.sees("肥皂 x1")
        await till.sees("陈管理员")
        await till.sees("现有积分 95 分")
        assert await balance(town.card) == 95
        await till.press("escape")
        await till.until(lambda: till.screen == "ServeScreen")
        await till.sees("请扫户卡")


async def test_the_card_shows_what_expires_next(town: Any, open_till: OpenTill) -> None:
    policy = {"effective_on": "2026-08-01", "kind": "rolling", "months": 12, "reason": "支委会决定"}
    async with town.staff("office") as http:
        (await confirmed(town, await http.put("/v1/expiry-policies", json=policy), "ma")).raise_for_status()
    # More than kiosks lease: points leased to them don't expire meanwhile.
    await town.award("hp-1", 200)
    async with open_till() as till:
        await till.show_card(town.card)
        await till.sees("现有 300 分")
        await till.sees("100 分到2027年7月1日过期")


async def test_the_receipt_closes_by_itself(town: Any, open_till: OpenTill, numbers: Any) -> None:
    async with open_till(timing=Timing(receipt_display=0.05)) as till:
        await till.show_card(town.card)
        await till.press(numbers[SOAP], "f2")
        await till.until(lambda: till.screen == "ReceiptScreen")
        await till.until(lambda: till.screen == "ServeScreen")


async def test_goods_by_scanner_arrows_and_signs(town: Any, open_till: OpenTill, balance: Any) -> None:
    async with open_till() as till:
        await till.show_card(town.card)
        cart = till.app.counter.session.cart
        await till.scan("6901234567892")
        await till.until(lambda: cart)
        assert cart[0].item.name == SOAP
        await till.press("+", "+", "-")
        await till.until(lambda: cart[0].quantity == 2)
        first_on_shelf = till.app.counter.session.shelf[0]
        await till.press(*["up"] * 9, " ")
        await till.until(lambda: till.app.counter.session.get_quantity(first_on_shelf) >= 1)
        await till.press("backspace", "escape")
        await till.until(lambda: till.app.counter.session.card is None)
        assert await balance(town.card) == 100


async def test_a_repeated_scan_of_goods_adds_one_and_says_so(town: Any, open_till: OpenTill) -> None:
    async with open_till() as till:
        await till.show_card(town.card)
        await till.scan("6901234567892")
        await till.scan("6901234567892")
        await till.until(lambda: "只算一次" in till.status_text)
        assert till.app.counter.session.total == 5


# --- Enter never confirms ---------------------------------------------------------------------------------


@pytest.mark.parametrize("ends", [("enter",), ("tab",), ("ctrl+j",), ("enter", "ctrl+j")], ids=str)
async def test_no_end_key_of_a_scanner_confirms(
    town: Any, open_till: OpenTill, balance: Any, numbers: Any, ends: tuple[str, ...]
) -> None:
    async with open_till() as till:
        await till.show_card(town.card)
        await till.press(numbers[SOAP])
        await till.until(lambda: till.app.counter.session.cart)
        last = await till.scan("6900000000014")
        for end in ends:
            await till.press_at(end, last + 0.25)
            await till.press_at(end, last + 1.0)
        await till.until(lambda: till.app.counter.session.total == 55)
        assert till.app.counter.session.pending is None
        assert till.screen == "ServeScreen"
        assert await balance(town.card) == 100


async def test_no_screen_has_a_focusable_widget(town: Any, open_till: OpenTill, numbers: Any) -> None:
    async with open_till(signed_in=False) as till:
        seen = []

        def nothing_focusable() -> None:
            seen.append(till.screen)
            assert [widget for widget in till.app.screen.query("*") if widget.focusable] == []

        nothing_focusable()
        await till.press("f1")
        await till.until(lambda: till.screen == "HelpScreen")
        nothing_focusable()
        await till.press("escape")
        await till.sign_in()
        nothing_focusable()
        await till.show_card(town.card)
        await till.press(numbers[SOAP], "tab", "tab", "enter", "enter")
        assert till.app.counter.session.pending is None
        assert till.screen == "ServeScreen"
        await till.press("f2")
        await till.until(lambda: till.screen == "ReceiptScreen")
        nothing_focusable()
        assert seen == ["SignInScreen", "HelpScreen", "ServeScreen", "ReceiptScreen"]


async def test_a_late_enter_does_not_close_what_a_scan_opened(town: Any, open_till: OpenTill) -> None:
    async with open_till() as till:
        text = f"https://jimei.example/c/{town.card.lower()}"
        for character in text:
            till.app.post_message(key := events.Key(character, character))
        await till.until(lambda: till.app.counter.session.card)
        await till.press("f1")
        await till.until(lambda: till.screen == "HelpScreen")
        await till.press_at("enter", key.time + 0.25)
        assert till.screen == "HelpScreen"


# --- refusals ---------------------------------------------------------------------------------------------


async def test_a_wrong_pin_and_a_scan_before_signing_in(town: Any, open_till: OpenTill) -> None:
    async with open_till(signed_in=False) as till:
        await till.scan(f"HTTPS://JIMEI.EXAMPLE/C/{town.card}")
        await till.sees_refusal("请先登录")
        await till.press(*"1357", "f2")
        await till.sees_refusal("PIN 不对")
        await till.press(*"24", "f2")
        await till.sees_refusal("4 到 8 位")
        await till.press("escape", *"24689", "backspace", "enter")
        await till.until(lambda: till.screen == "ServeScreen")
        await till.sees("陈管理员")


async def test_an_unknown_device_is_refused_at_once(open_till: OpenTill) -> None:
    async with open_till(token="nonsense", signed_in=False) as till:
        await till.sees_refusal("没有登记")


async def test_invalid_cards(town: Any, open_till: OpenTill) -> None:
    wrong = town.card[:-1] + ("0" if town.card[-1] != "0" else "1")
    async with open_till() as till:
        await till.scan(f"HTTPS://JIMEI.EXAMPLE/C/{wrong}")
        await till.sees_refusal("卡号有一位不对")
        await till.scan("0" * 19 + "0" + "/")
        await till.sees_refusal("不是户卡")
        await till.scan(f"HTTPS://JIMEI.EXAMPLE/C/{town.card[:9]}")
        await till.sees_refusal("没有读全")
        await till.scan(f"HTTPS://JIMEI.EXAMPLE/C/{town.revoked_card}")
        await till.until(lambda: till.is_refusing and "没有读全" not in till.status_text)
        assert till.app.counter.session.card is None


async def test_an_unknown_card(open_till: OpenTill) -> None:
    async with open_till() as till:
        await till.scan(new_token())
        await till.until(lambda: till.is_refusing)
        assert till.app.counter.session.card is None


async def test_not_enough_points_and_out_of_stock(town: Any, open_till: OpenTill, numbers: Any) -> None:
    async with open_till() as till:
        await till.show_card(town.poor_card)
        await till.press(numbers[SOAP])
        await till.sees_refusal("还差 2 分")
        await till.press(numbers[BRUSH])
        await till.sees_refusal("牙刷缺货")
        await till.press("f2")
        await till.sees_refusal("还没有选商品")
        await till.scan("6900000000045")
        await till.sees_refusal("没有这件商品")


async def test_points_spent_elsewhere_meanwhile(town: Any, open_till: OpenTill, numbers: Any) -> None:
    async with town.staff("office") as http:
        elsewhere = await enrol(http, "hp", "后台")
    async with open_till() as till:
        await till.show_card(town.card)
        await till.press(numbers[RICE], numbers[RICE])
        await till.until(lambda: till.app.counter.session.total == 100)
        # Two kiosks share the household's points: this one has at most half of them.
        await spend(town, elsewhere, town.card, "rice", 50, 1)
        await till.press("f2")
        await till.sees_refusal("积分不够，还差 50 分")
        await till.until(lambda: till.app.counter.session.balance == 50)


async def test_the_last_piece_taken_elsewhere_meanwhile(
    town: Any, open_till: OpenTill, numbers: Any, balance: Any
) -> None:
    await town.award("hp-3", 1000)
    async with open_till() as till:
        await till.show_card(town.card)
        await till.press(numbers[LAUNDRY])
        await till.until(lambda: till.app.counter.session.cart)
        await spend_when_posted(town, balance, town.empty_card, "laundry", 20, 10)
        await till.press("f2")
        await till.sees_refusal("洗衣液只剩 0 件")
        assert await balance(town.card) == 100


async def test_another_card_is_refused_while_the_cart_has_goods(
    town: Any, open_till: OpenTill, numbers: Any
) -> None:
    async with open_till() as till:
        await till.show_card(town.card)
        await till.press(numbers[SOAP])
        await till.scan(f"HTTPS://JIMEI.EXAMPLE/C/{town.poor_card}")
        await till.sees_refusal("还没确认")
        await till.press("f10")
        await till.sees_refusal("交班")
        await till.press("escape")
        await till.show_card(town.poor_card)
        await till.close_shift()


# --- scans and touches on any screen ----------------------------------------------------------------------


async def test_scans_work_on_the_receipt_and_on_help(town: Any, open_till: OpenTill, numbers: Any) -> None:
    async with open_till() as till:
        await till.press("f1")
        await till.until(lambda: till.screen == "HelpScreen")
        await till.show_card(town.card)
        assert till.screen == "ServeScreen"
        await till.press(numbers[SOAP], "f2")
        await till.until(lambda: till.screen == "ReceiptScreen")
        await till.show_card(town.poor_card)
        assert till.screen == "ServeScreen"


async def test_a_pasted_code_is_a_scan(town: Any, open_till: OpenTill) -> None:
    async with open_till() as till:
        till.app.post_message(events.Paste(f"HTTPS://JIMEI.EXAMPLE/C/{town.card}\n"))
        await till.until(lambda: till.app.counter.session.card)


async def test_touching_the_shelf_and_the_keys(town: Any, open_till: OpenTill, balance: Any) -> None:
    async with open_till(size=(120, 36)) as till:
        await till.show_card(town.card)
        at = till.app.counter.session.shelf.index(
            next(item for item in till.app.counter.session.shelf if item.name == SOAP)
        )
        await till.pilot.click(Shelf, offset=(10, 3 + 2 * at))
        await till.until(lambda: till.app.counter.session.total == 5)
        await till.pilot.click(KeyCap)
        await till.until(lambda: till.screen == "ReceiptScreen")
        assert await balance(town.card) == 95


async def test_quitting(open_till: OpenTill) -> None:
    async with open_till() as till:
        await till.press("ctrl+q")
        await till.until(lambda: not till.app.is_running)


@pytest.mark.parametrize("size", [(80, 24), (120, 36)], ids=str)
async def test_no_character_of_ambiguous_width_and_no_line_too_long(
    town: Any, open_till: OpenTill, numbers: Any, size: tuple[int, int]
) -> None:
    async with open_till(signed_in=False, size=size) as till:

        def clean() -> None:
            ambiguous = {c for c in till.shows if unicodedata.east_asian_width(c) == "A"}
            assert ambiguous == set()

        clean()
        await till.sign_in()
        clean()
        await till.press("f1")
        await till.until(lambda: till.screen == "HelpScreen")
        clean()
        await till.show_card(town.card)
        await till.press(numbers[SOAP], numbers[BRUSH])
        await till.sees_refusal("缺货")
        clean()
        await till.sees("交班")
        await till.press("f2")
        await till.until(lambda: till.screen == "ReceiptScreen")
        clean()


async def spend(town: Any, machine: Machine, card: str, product: str, price: int, quantity: int) -> None:
    """At the other kiosk of the supermarket."""
    body = Redemption(card=card, lines=[RedemptionLine(product=product, price=price, quantity=quantity)])
    async with Client(town.url, machine.token) as other_till:
        await other_till.open_shift(town.pin)
        await other_till.redeem(uuid7(), body)


async def spend_when_posted(town: Any, balance: Any, card: str, product: str, price: int, quantity: int) -> None:
    async with town.staff("office") as http:
        machine = await enrol(http, "hp", "后台")
    async with asyncio.timeout(10):
        while await balance(card) < price * quantity:
            await asyncio.sleep(0.02)
    await spend(town, machine, card, product, price, quantity)


async def test_the_last_proven_backup_is_told_and_a_late_one_stands_out(town: Any, open_till: OpenTill) -> None:
    made_at = town.clock.now() - timedelta(days=5)
    backup = Backup("b.jimei", made_at, 1, "", "", 0, "", "", "", proven_at=made_at)
    backup_folder(town.town.data).mkdir(parents=True, exist_ok=True)
    write_catalogue(town.town.data, Catalogue(backups=(backup,)))
    try:
        async with open_till() as till:
            await till.sees("上次证明过的备份已是 5 天前。")
    finally:
        write_catalogue(town.town.data, Catalogue())
