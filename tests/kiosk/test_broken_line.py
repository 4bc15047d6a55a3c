"""The network fails in the middle: the same redemption is sent again, or goes by lease, and counts once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.kiosk.conftest import IMPATIENT, QUICK, Line, OpenTill, Till, change

AWAY = "网络断了，正在重试，请勿重复操作"
SOAP_BARCODE = "6901234567892"
PATIENT = replace(QUICK, answer_timeout=60.0)
"""Long enough that no lease comes between."""


async def fill_cart(till: Till, card: str) -> None:
    await till.show_card(card)
    await till.scan(SOAP_BARCODE)
    await till.until(lambda: till.app.counter.session.cart)


async def test_server_away_when_a_card_is_scanned(town: Any, line: Line, open_till: OpenTill) -> None:
    async with open_till(line.url, timing=IMPATIENT) as till:
        await line.cut()
        await till.scan(f"HTTPS://JIMEI.EXAMPLE/C/{town.card}")
        await till.sees("断网时在这里能兑换 100 分")
        await till.sees("断网 可兑到 6月22日")
        await till.scan(f"HTTPS://JIMEI.EXAMPLE/C/{town.revoked_card}")
        await till.refused("连不上服务器")
        await line.restore()
        await till.sees("在线")
        await till.scan(town.card)
        await till.sees("现有 100 分")


async def test_server_away_at_the_start(line: Line, open_till: OpenTill) -> None:
    await line.cut()
    async with open_till(line.url, signed_in=False) as till:
        await till.refused("连不上服务器")
        await till.press(*"2468", "f2")
        await till.refused("连不上服务器")
        await line.restore()
        await till.sees("河畔村积美超市")
        await till.sign_in()


@pytest.mark.parametrize("lost", [1, 3])
async def test_a_lost_answer_is_asked_for_again_and_counts_once(
    town: Any, line: Line, open_till: OpenTill, balance: Any, lost: int
) -> None:
    async with open_till(line.url, timing=PATIENT) as till:
        await fill_cart(till, town.card)
        line.lose_answers = lost
        await till.press("f2")
        await till.until(lambda: till.screen == "ReceiptScreen")
        assert line.redemptions_seen == lost + 1
        assert await balance(town.card) == 95


async def test_while_the_answer_is_out_nothing_else_can_be_done(
    town: Any, line: Line, open_till: OpenTill, balance: Any
) -> None:
    async with open_till(line.url, timing=PATIENT) as till:
        session = till.app.counter.session
        await fill_cart(till, town.card)
        line.lose_answers = 1_000_000
        await till.press("f2")
        await till.until(lambda: AWAY in till.said)
        sent = session.pending
        await till.press("f2", "1", "delete", "f10")
        await till.press("escape")
        await till.until(lambda: "正在等服务器答复" in till.said or AWAY in till.said)
        await till.press("ctrl+q")
        await till.scan(town.poor_card)
        assert session.pending is sent
        assert till.screen == "ServeScreen"
        line.lose_answers = 0
        await till.until(lambda: till.screen == "ReceiptScreen")
        assert await balance(town.card) == 95


async def test_what_never_left_and_no_lease_covers_comes_back(
    town: Any, line: Line, open_till: OpenTill, balance: Any
) -> None:
    await change(town, "update kiosk set lease_most = 0")
    async with open_till(line.url, timing=IMPATIENT) as till:
        session = till.app.counter.session
        await fill_cart(till, town.card)
        await line.cut()
        await till.offline()
        await till.press("f2")
        await till.refused("这户断网时在这里只能兑换 0 分")
        assert (session.pending, session.total) == (None, 5)
        assert till.store.redemptions.pending is None
        await line.restore()
        await till.until(lambda: session.balance == 100)
        await till.press("f2")
        await till.until(lambda: till.screen == "ReceiptScreen")
        assert await balance(town.card) == 95


async def test_what_may_have_arrived_is_given_up_with_one_key(
    town: Any, line: Line, open_till: OpenTill, balance: Any
) -> None:
    await change(town, "update kiosk set lease_most = 0")
    async with open_till(line.url, timing=IMPATIENT) as till:
        session = till.app.counter.session
        await fill_cart(till, town.card)
        line.lose_answers = 1_000_000
        await till.press("f2")
        await till.sees("放弃这一笔")
        assert await balance(town.card) == 95
        await till.press("escape")
        await till.sees("这一笔已放弃")
        assert (session.pending, session.total) == (None, 5)
        line.lose_answers = 0
        await till.told()
        assert await balance(town.card) == 100
        # Nothing was handed over, and so say kiosk and books at the end of the shift.
        await till.press("escape", "f10")
        await till.sees("全部上传，与账一致")


async def test_what_may_have_arrived_goes_by_lease_and_counts_once(
    town: Any, line: Line, open_till: OpenTill, balance: Any
) -> None:
    async with open_till(line.url, timing=IMPATIENT) as till:
        await fill_cart(till, town.card)
        line.lose_answers = 1_000_000
        await till.press("f2")
        await till.until(lambda: till.screen == "ReceiptScreen")
        await till.sees("断网兑换")
        assert line.redemptions_seen > 1
        line.lose_answers = 0
        await till.told()
        assert await balance(town.card) == 95


async def test_two_f2_in_haste_are_one_redemption(
    town: Any, line: Line, open_till: OpenTill, balance: Any
) -> None:
    async with open_till(line.url) as till:
        await fill_cart(till, town.card)
        await till.press("f2", "f2", "f2")
        await till.until(lambda: till.screen == "ReceiptScreen")
        await till.press("f2")
        assert till.screen == "ReceiptScreen"
        assert line.redemptions_seen == 1
        assert await balance(town.card) == 95


async def test_a_shift_closed_meanwhile_keeps_the_cart_for_the_next_sign_in(
    town: Any, line: Line, open_till: OpenTill, balance: Any
) -> None:
    async with open_till(line.url) as till:
        await fill_cart(till, town.card)
        await close_shifts(town)
        await till.press("f2")
        await till.until(lambda: till.screen == "SignInScreen")
        await till.refused("班次已结束")
        await till.sign_in()
        assert till.app.counter.session.total == 5
        await till.press("f2")
        await till.until(lambda: till.screen == "ReceiptScreen")
        assert await balance(town.card) == 95


async def test_a_lost_answer_is_given_even_after_the_shift_closed(
    town: Any, line: Line, open_till: OpenTill, balance: Any
) -> None:
    async with open_till(line.url, timing=PATIENT) as till:
        await fill_cart(till, town.card)
        line.lose_answers = 1_000_000
        await till.press("f2")
        await till.until(lambda: AWAY in till.said)
        await close_shifts(town)
        line.lose_answers = 0
        await till.until(lambda: till.screen == "ReceiptScreen")
        assert await balance(town.card) == 95


async def close_shifts(town: Any) -> None:
    await change(town, "update shift set closed_at = now()")
