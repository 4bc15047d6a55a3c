"""Redemptions with the scanner alone: command cards on every screen."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from textual import events

from api.wire import Command
from kiosk.scanner import Scanner
from kiosk.widgets.shelf import Shelf
from tests.kiosk.conftest import IMPATIENT, QUICK, Network, OpenTill, Till, card_url, change

CONFIRM, CANCEL, RECEIPT = Command.CONFIRM.value, Command.CANCEL.value, Command.RECEIPT.value
SOAP = "6901234567892"
SAME_HOLD = 0.8
"""Seconds after which a trigger held down scans again."""
ANEW = 2.5
"""Seconds after which the same code counts again."""


async def fill_cart(till: Till, card: str) -> None:
    await till.show_card(card)
    await till.scan(SOAP)
    await till.until(lambda: till.app.counter.session.cart)


async def test_two_households_with_the_scanner_alone(town: Any, open_till: OpenTill, balance: Any) -> None:
    await town.award("hp-3", 20)
    async with open_till(signed_in=False) as till:
        await till.scan("2468")
        await till.until(lambda: till.screen == "ServeScreen")
        await fill_cart(till, town.card)
        await till.sees("或扫确认卡")
        first = await till.scan(CONFIRM)
        await till.until(lambda: till.screen == "ReceiptScreen")
        await till.sees("现有积分 95 分")
        # The next household, confirmed within two seconds of the previous one.
        await till.scan(card_url(town.empty_card), at=first + 0.4)
        await till.until(lambda: till.screen == "ServeScreen" and till.app.counter.session.card)
        await till.scan(SOAP, at=first + 0.9)
        await till.until(lambda: till.app.counter.session.cart)
        await till.scan(CONFIRM.lower(), at=first + 1.6)
        await till.until(lambda: till.screen == "ReceiptScreen")
        assert await balance(town.card) == 95
        assert await balance(town.empty_card) == 15
        await till.scan(CONFIRM, at=first + 1.6 + ANEW)
        await till.until(lambda: till.screen == "ServeScreen")
        await till.sees("请扫户卡")


@pytest.mark.parametrize("hold", [SAME_HOLD, ANEW], ids=["within two seconds", "later"])
async def test_confirming_a_pending_redemption_changes_nothing(
    town: Any, network: Network, open_till: OpenTill, balance: Any, hold: float
) -> None:
    async with open_till(network.url, timing=replace(QUICK, answer_timeout=60.0)) as till:
        session = till.app.counter.session
        await fill_cart(till, town.card)
        network.lose_answers = 1_000_000
        first = await till.scan(CONFIRM)
        await till.until(lambda: session.pending and session.pending.uncertain)
        sent = session.pending
        second = await till.scan(CONFIRM, at=first + hold)
        await till.scan(CANCEL, at=second + 0.5)
        await till.scan(RECEIPT, at=second + 1.0)
        assert session.pending is sent
        assert till.screen == "ServeScreen"
        network.lose_answers = 0
        await till.until(lambda: till.screen == "ReceiptScreen")
        assert await balance(town.card) == 95


async def test_a_trigger_held_too_long_confirms_once_and_leaves_the_receipt(
    town: Any, open_till: OpenTill, balance: Any
) -> None:
    async with open_till() as till:
        await fill_cart(till, town.card)
        first = await till.scan(CONFIRM)
        await till.until(lambda: till.screen == "ReceiptScreen")
        await till.scan(CONFIRM, at=first + SAME_HOLD)
        await till.scan(CONFIRM, at=first + 2 * SAME_HOLD)
        assert till.screen == "ReceiptScreen"
        assert await balance(town.card) == 95


async def test_a_repeated_confirm_counts_once_the_attendant_changed_the_cart(
    town: Any, open_till: OpenTill, balance: Any
) -> None:
    """Refused, corrected with a key, confirmed: all within two seconds."""
    async with open_till() as till:
        session = till.app.counter.session
        await till.show_card(town.card)
        first = await till.scan(CONFIRM)
        await till.sees_refusal("还没有选商品")
        await till.scan(CONFIRM, at=first + 0.5)
        assert session.pending is None
        await till.press(str(next(item.number for item in session.shelf if item.barcode == SOAP)))
        await till.until(lambda: session.cart)
        await till.scan(CONFIRM, at=first + 1.5)
        await till.until(lambda: till.screen == "ReceiptScreen")
        assert await balance(town.card) == 95


async def test_a_repeated_confirm_counts_after_a_touch_on_the_shelf(town: Any, open_till: OpenTill) -> None:
    async with open_till(size=(120, 36)) as till:
        session = till.app.counter.session
        await till.show_card(town.card)
        first = await till.scan(CONFIRM)
        await till.sees_refusal("还没有选商品")
        at = next(place for place, item in enumerate(session.shelf) if item.barcode == SOAP)
        await till.pilot.click(Shelf, offset=(10, 3 + 2 * at))
        await till.until(lambda: session.total == 5)
        await till.scan(CONFIRM, at=first + 1.9)
        await till.until(lambda: till.screen == "ReceiptScreen")


async def test_a_command_that_closes_a_receipt_does_not_confirm_the_cart_below(
    town: Any, open_till: OpenTill, balance: Any
) -> None:
    await town.award("hp-3", 20)
    async with open_till() as till:
        session = till.app.counter.session
        await fill_cart(till, town.card)
        await till.scan(CONFIRM)
        await till.until(lambda: till.screen == "ReceiptScreen")
        await fill_cart(till, town.empty_card)
        shown = await till.scan(RECEIPT)
        await till.until(lambda: till.screen == "ReceiptScreen")
        await till.scan(CONFIRM, at=shown + 1.0)
        await till.until(lambda: till.screen == "ServeScreen")
        await till.scan(CONFIRM, at=shown + 1.0 + SAME_HOLD)
        assert (session.pending, session.total, till.screen) == (None, 5, "ServeScreen")
        # A scanner's stray end key is no action of the attendant.
        await till.press_at("enter", shown + 2.2)
        await till.scan(CONFIRM, at=shown + 2.6)
        assert session.pending is None
        await till.scan(CONFIRM, at=shown + 1.0 + ANEW)
        await till.until(lambda: till.screen == "ReceiptScreen")
        assert await balance(town.empty_card) == 15


async def test_confirm_without_a_card_or_goods_says_what_is_missing(town: Any, open_till: OpenTill) -> None:
    async with open_till() as till:
        await till.scan(CONFIRM)
        await till.sees_refusal("还没有扫户卡")
        await till.show_card(town.card)
        await till.scan(CONFIRM)
        await till.sees_refusal("还没有选商品")
        assert till.app.counter.session.pending is None


async def test_cancel_dismisses_the_household(town: Any, open_till: OpenTill, balance: Any) -> None:
    async with open_till() as till:
        await fill_cart(till, town.card)
        await till.scan(CANCEL)
        await till.sees("请扫户卡")
        assert till.app.counter.session.cart == []
        await till.scan(CONFIRM)
        await till.sees_refusal("还没有扫户卡")
        assert await balance(town.card) == 100


async def test_cancel_gives_up_an_uncertain_redemption(
    town: Any, network: Network, open_till: OpenTill, balance: Any
) -> None:
    await change(town, "update kiosk set lease_most = 0")
    async with open_till(network.url, timing=IMPATIENT) as till:
        session = till.app.counter.session
        await fill_cart(till, town.card)
        network.lose_answers = 1_000_000
        await till.scan(CONFIRM)
        await till.sees("扫取消卡放弃这一笔")
        await till.scan(CANCEL)
        await till.until(lambda: session.pending is None)
        assert session.total == 5
        network.lose_answers = 0
        await till.wait_until_uploaded()
        assert await balance(town.card) == 100
        await till.scan(CONFIRM)
        await till.until(lambda: till.screen == "ReceiptScreen")
        assert await balance(town.card) == 95


async def test_a_recalled_receipt_does_not_look_like_a_new_one(town: Any, open_till: OpenTill) -> None:
    async with open_till() as till:
        await till.scan(RECEIPT)
        await till.sees_refusal("没有收据可看")
        await fill_cart(till, town.card)
        await till.scan(CONFIRM)
        await till.sees("兑换成功")
        await till.scan(CANCEL)
        await till.until(lambda: till.screen == "ServeScreen")
        await till.scan(RECEIPT)
        await till.sees("再看收据")
        await till.sees("没有新的兑换")
        await till.sees("肥皂 x1")
        await till.sees("当时还有 95 分")
        assert "兑换成功" not in till.shows
        await till.scan(CONFIRM)
        await till.until(lambda: till.screen == "ServeScreen")
        await till.close_shift()
        await till.sign_in()
        await till.scan(RECEIPT)
        await till.sees_refusal("没有收据可看")


async def test_a_command_on_the_help_screen_does_not_reach_the_cart(town: Any, open_till: OpenTill) -> None:
    async with open_till() as till:
        await fill_cart(till, town.card)
        for command in (CONFIRM, CANCEL):
            await till.press("f1")
            await till.sees("指令卡")
            await till.scan(command)
            await till.until(lambda: till.screen == "ServeScreen")
            assert till.app.counter.session.pending is None
            assert till.app.counter.session.total == 5


async def test_commands_are_refused_before_signing_in(open_till: OpenTill) -> None:
    async with open_till(signed_in=False) as till:
        await till.sees("河畔村积美超市")
        for command in (CONFIRM, CANCEL, RECEIPT):
            await till.scan(command)
            await till.sees_refusal("请先登录")
            assert till.screen == "SignInScreen"
            await till.press("1", "escape")
            await till.until(lambda: not till.is_refusing)


@pytest.mark.parametrize(
    "text", ["JIMEI:CONFIR", "JIMEI:CONFIRM1", "JIMEI:", "CONFIRM", "JIMEI:VOI", "ONFIRM", "确认兑换", "F2"]
)
async def test_a_misread_command_confirms_nothing(town: Any, open_till: OpenTill, text: str) -> None:
    async with open_till() as till:
        await fill_cart(till, town.card)
        till.app.post_message(events.Paste(text))
        await till.sees_refusal("再扫一次" if text.startswith("JIMEI:") else "请换一个码扫")
        assert till.app.counter.session.pending is None
        assert till.app.counter.session.total == 5


async def test_a_misread_barcode_is_never_looked_up(town: Any, open_till: OpenTill) -> None:
    async with open_till() as till:
        await till.show_card(town.card)
        for wrong in ("6901234567893", "036000291453", "96385075"):
            await till.scan(wrong)
            await till.sees_refusal("条码没有读对，请再扫一次")
            assert "本店货架" not in till.status_text
            await till.press("down")
        await till.scan("1234567")
        await till.sees_refusal("本店货架上没有这件商品（条码 1234567）")


async def test_a_slow_scanner_with_prefix_and_suffix(town: Any, open_till: OpenTill, balance: Any) -> None:
    async with open_till(scanner=Scanner("~", "#")) as till:
        at = 0.0
        for text in (card_url(town.card), SOAP, CONFIRM):
            key = None
            for character in f"~{text}#":
                till.app.post_message(key := events.Key(character, character))
                at = max(at, key.time) + 0.09
                key.time = at
            at = await finish(till, at)
        await till.until(lambda: till.screen == "ReceiptScreen")
        assert await balance(town.card) == 95


async def finish(till: Till, at: float) -> float:
    """Press the scanner's end key, and wait until the scan has had its effect."""
    await till.press_at("enter", at + 0.09)
    session = till.app.counter.session
    await till.until(
        lambda: (session.card and not till.status.has_class("waiting")) or till.screen != "ServeScreen"
    )
    return at + 0.5


async def test_five_scans_of_one_product_at_one_a_second_are_five(town: Any, open_till: OpenTill) -> None:
    async with open_till() as till:
        await till.show_card(town.card)
        for _ in range(5):
            await till.scan_later(SOAP)
        assert till.app.session.total == 25
        # The scanner's own second reading of one label.
        await till.scan(SOAP)
        await till.sees_refusal("只算一次")
        assert till.app.session.total == 25
