"""The redemptions of a shift: all of them, found by card, goods and time, printed again and voided; its end."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from api.wire.gs1 import GoodsScan
from kiosk.appearance import SHANGHAI
from kiosk.widgets.cart import CartView
from tests.kiosk.conftest import FakePrinter, OpenTill, Till, card_url
from tests.kiosk.test_sign_in import SOAP

RICE = "6900000000014"


async def sell(till: Till, token: str, barcode: str) -> None:
    """Without the screens."""
    counter = till.app.counter
    await counter.cards.look_up(token)
    counter.session.add_barcode(GoodsScan(barcode))
    counter.confirm()
    stored = await counter.settle(lambda: None)
    till.store.receipts.mark_seen(stored.receipt.id)


async def open_list(till: Till) -> None:
    await till.press("f8")
    await till.until(lambda: till.screen == "VoidScreen")


async def test_any_redemption_of_a_shift_can_be_found_and_voided(town: Any, open_till: OpenTill) -> None:
    await town.award("hp-1", 500)
    await town.award("hp-3", 100)
    async with open_till() as till:
        await sell(till, town.empty_card, RICE)
        for _ in range(9):
            await sell(till, town.card, SOAP)
            town.clock.travel(town.clock.now() + timedelta(minutes=1))
        await open_list(till)
        await till.sees("兑换 10 笔，第 1/2 页")
        assert "大米" not in till.shows
        await till.press("pagedown")
        await till.sees("大米 x1")
        await till.press("escape")
        await open_list(till)
        await till.scan(card_url(town.empty_card))
        await till.sees("这张户卡的兑换 1 笔")
        await till.press("escape")
        await till.scan(RICE)
        await till.sees("大米的兑换 1 笔")
        await till.press("1", "4", "f2")
        await till.until(lambda: till.screen == "ServeScreen")
        await till.sees("已作废，请收回物品")
        # It is still to be seen, as void, and isn't voided twice.
        await open_list(till)
        await till.scan(RICE)
        await till.sees("已作废")
        await till.press("1")
        await till.sees_refusal("已经作废")


async def test_a_card_is_looked_for_that_was_just_scanned(town: Any, open_till: OpenTill) -> None:
    """At the counter first, then in the list: within two seconds, which elsewhere is a trigger held too long."""
    card = card_url(town.card)
    await town.award("hp-3", 100)
    async with open_till() as till:
        await sell(till, town.empty_card, RICE)
        for _ in range(2):
            await sell(till, town.card, SOAP)
        at = await till.scan(card)
        await till.until(lambda: till.app.counter.session.card)
        await open_list(till)
        await till.sees("这一班兑换 3 笔")
        await till.scan(card, at=at + 0.4)
        await till.sees("这张户卡的兑换 2 笔")
        # Held too long it changes nothing; undone it is looked for anew.
        await till.press("down")
        await till.scan(card, at=at + 0.8)
        assert till.app.screen._cursor == 1
        await till.press("escape")
        await till.sees("这一班兑换 3 笔")
        await till.scan(card, at=at + 1.2)
        await till.sees("这张户卡的兑换 2 笔")


async def test_redemptions_are_found_by_their_time(town: Any, open_till: OpenTill) -> None:
    async with open_till() as till:
        await sell(till, town.card, SOAP)
        [sale] = till.store.redemptions.list_shift()
        await open_list(till)
        await till.press("f3", *"0000")
        await till.sees_refusal("没有00:00 和以前的兑换")
        at = sale.stored.receipt.recorded_at.astimezone(SHANGHAI)
        await till.press("f3", *f"{at:%H%M}")
        await till.sees("和以前的兑换 1 笔")


async def test_what_a_void_did_stays_to_be_read(town: Any, open_till: OpenTill) -> None:
    async with open_till() as till:
        await sell(till, town.card, SOAP)
        await till.show_card(town.card)
        await open_list(till)
        await till.press("1", "1", "f2")
        await till.sees("已作废，请收回物品")
        # The look-up after it has been answered.
        await till.until(lambda: not [each for each in till.app.workers if each.group == "card"])
        assert "已作废，请收回物品" in till.status_text
        await till.press("down")
        assert "已作废，请收回物品" not in till.status_text


async def test_a_void_has_a_slip_and_reprints_say_so(town: Any, open_till: OpenTill, printer: FakePrinter) -> None:
    async with open_till(printer=printer) as till:
        await sell(till, town.card, SOAP)
        await open_list(till)
        await till.press("1", "1", "f2")
        await till.until(lambda: printer.slips)
        await open_list(till)
        await till.press("f5")
        await till.until(lambda: len(printer.slips) == 2)
        for slip in printer.slips:
            assert "兑换作废单" in slip
            assert slip.count("已作废") == 2
            assert "余额" not in slip


@pytest.mark.parametrize(("digit", "printed"), [("1", 3), ("2", 1), ("3", 0)])
async def test_a_heap_of_receipts_is_asked_about(
    town: Any, open_till: OpenTill, printer: FakePrinter, digit: str, printed: int
) -> None:
    async with open_till() as till:
        for _ in range(3):
            await sell(till, town.card, SOAP)
    async with open_till(printer=printer) as till:
        await till.until(lambda: till.screen == "MenuScreen")
        await till.sees("积下了 3 张")
        assert printer.slips == []
        await till.press(digit)
        await till.until(lambda: till.store.receipts.get_next_print_job() is None)
        assert len(printer.slips) == printed


async def test_the_shift_ends_after_a_question_and_its_report_names_who_and_when(
    town: Any, open_till: OpenTill, printer: FakePrinter
) -> None:
    async with open_till(printer=printer) as till:
        await till.press("f10")
        await till.sees("要交班吗")
        await till.press("f10")
        await till.press("down", "f2")
        assert till.screen == "ServeScreen"
        await till.press("f10", "f2")
        await till.until(lambda: till.screen == "ShiftReportScreen")
        await till.sees("陈管理员")
        await till.press("f5")
        await till.until(lambda: printer.slips)
        [report] = printer.slips
        for what in ("陈管理员", "开班", "交班"):
            assert what in report


async def test_a_finger_on_the_cart_takes_a_piece_away(town: Any, open_till: OpenTill) -> None:
    async with open_till() as till:
        await till.show_card(town.card)
        await till.scan_later(SOAP)
        await till.scan_later(SOAP)
        await till.sees("肥皂 x2")
        await till.pilot.click(CartView, offset=(6, 2))
        await till.sees("肥皂 x1")


@pytest.mark.parametrize("size", [(80, 24), (72, 20), (128, 37)], ids=str)
async def test_a_cart_of_two_lines_is_whole(town: Any, open_till: OpenTill, size: tuple[int, int]) -> None:
    async with open_till(size=size) as till:
        await till.show_card(town.card)
        await till.scan(SOAP)
        await till.scan(RICE)
        for what in ("肥皂 x1", "大米 x1", "合计", "兑换后还剩"):
            await till.sees(what)
        assert "前面还有" not in till.shows


async def test_a_machine_that_was_ended_says_so_as_long_as_it_is(town: Any, open_till: OpenTill) -> None:
    async with open_till() as till:
        till.store.lock_out("这台终端已停用")
        till.app.counter.sync.update_session()
        await till.sees("须重新登记")
        await till.press("down", "escape")
        await till.sees("这台终端已停用")
