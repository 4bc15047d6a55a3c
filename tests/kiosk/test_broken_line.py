"""The network fails during a redemption: it is sent again, or goes by lease, and counts once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.kiosk.conftest import IMPATIENT, QUICK, Network, OpenTill, Till, change

AWAY = "网络断了，正在重试，请勿重复操作"
SOAP_BARCODE = "6901234567892"
PATIENT = replace(QUICK, answer_timeout=60.0)
"""Long enough that no lease is used."""


async def fill_cart(till: Till, card: str) -> None:
    await till.show_card(card)
    await till.scan(SOAP_BARCODE)
    await till.until(lambda: till.app.counter.session.cart)


async def test_server_unavailable_when_a_card_is_scanned(town: Any, network: Network, open_till: OpenTill) -> None:
    async with open_till(network.url, timing=IMPATIENT) as till:
        await network.cut()
        await till.scan(f"HTTPS://JIMEI.EXAMPLE/C/{town.card}")
        await till.sees("断网时在这里能兑换 100 分")
        await till.sees("断网 可兑到 6月22日")
        await till.scan(f"HTTPS://JIMEI.EXAMPLE/C/{town.revoked_card}")
        await till.sees_refusal("连不上服务器")
        await network.restore()
        await till.sees("在线")
        await till.scan(town.card)
        await till.sees("现有 100 分")


async def test_server_unavailable_at_the_start(network: Network, open_till: OpenTill) -> None:
    await network.cut()
    async with open_till(network.url, signed_in=False) as till:
        await till.sees_refusal("连不上服务器")
        await till.press(*"2468", "f2")
        await till.sees_refusal("连不上服务器")
        await network.restore()
        await till.sees("河畔村积美超市")
        await till.sign_in()


@pytest.mark.parametrize("lost", [1, 3])
async def test_a_lost_answer_is_requested_again_and_counts_once(
    town: Any, network: Network, open_till: OpenTill, balance: Any, lost: int
) -> None:
    async with open_till(network.url, timing=PATIENT) as till:
        await fill_cart(till, town.card)
        network.lose_answers = lost
        await till.press("f2")
        await till.until(lambda: till.screen == "ReceiptScreen")
        assert network.redemptions_seen == lost + 1
        assert await balance(town.card) == 95


async def test_nothing_else_can_be_done_while_a_redemption_is_pending(
    town: Any, network: Network, open_till: OpenTill, balance: Any
) -> None:
    async with open_till(network.url, timing=PATIENT) as till:
        session = till.app.counter.session
        await fill_cart(till, town.card)
        network.lose_answers = 1_000_000
        await till.press("f2")
        await till.until(lambda: AWAY in till.status_text)
        sent = session.pending
        await till.press("f2", "1", "delete", "f10")
        await till.press("escape")
        await till.until(lambda: "正在等服务器答复" in till.status_text or AWAY in till.status_text)
        await till.press("ctrl+q")
        await till.scan(town.poor_card)
        assert session.pending is sent
        assert till.screen == "ServeScreen"
        network.lose_answers = 0
        await till.until(lambda: till.screen == "ReceiptScreen")
        assert await balance(town.card) == 95


async def test_an_unsent_redemption_without_a_lease_releases_the_cart(
    town: Any, network: Network, open_till: OpenTill, balance: Any
) -> None:
    await change(town, "update kiosk set lease_most = 0")
    async with open_till(network.url, timing=IMPATIENT) as till:
        session = till.app.counter.session
        await fill_cart(till, town.card)
        await network.cut()
        await till.wait_until_offline()
        await till.press("f2")
        await till.sees_refusal("这户断网时在这里只能兑换 0 分")
        assert (session.pending, session.total) == (None, 5)
        assert till.store.redemptions.pending is None
        await network.restore()
        await till.until(lambda: session.balance == 100)
        await till.press("f2")
        await till.until(lambda: till.screen == "ReceiptScreen")
        assert await balance(town.card) == 95


async def test_an_uncertain_redemption_can_be_given_up(
    town: Any, network: Network, open_till: OpenTill, balance: Any
) -> None:
    await change(town, "update kiosk set lease_most = 0")
    async with open_till(network.url, timing=IMPATIENT) as till:
        session = till.app.counter.session
        await fill_cart(till, town.card)
        network.lose_answers = 1_000_000
        await till.press("f2")
        await till.sees("放弃这一笔")
        assert await balance(town.card) == 95
        await till.press("escape")
        await till.sees("这一笔已放弃")
        assert (session.pending, session.total) == (None, 5)
        network.lose_answers = 0
        await till.wait_until_uploaded()
        assert await balance(town.card) == 100
        # Nothing was handed over; kiosk and books agree about that at the end of the shift.
        await till.press("escape", "f10", "f2")
        await till.sees("全部上传，与账一致")


async def test_an_uncertain_redemption_goes_by_lease_and_counts_once(
    town: Any, network: Network, open_till: OpenTill, balance: Any
) -> None:
    async with open_till(network.url, timing=IMPATIENT) as till:
        await fill_cart(till, town.card)
        network.lose_answers = 1_000_000
        await till.press("f2")
        await till.until(lambda: till.screen == "ReceiptScreen")
        await till.sees("断网兑换")
        assert network.redemptions_seen > 1
        network.lose_answers = 0
        await till.wait_until_uploaded()
        assert await balance(town.card) == 95


async def test_two_f2_in_a_row_are_one_redemption(
    town: Any, network: Network, open_till: OpenTill, balance: Any
) -> None:
    async with open_till(network.url) as till:
        await fill_cart(till, town.card)
        await till.press("f2", "f2", "f2")
        await till.until(lambda: till.screen == "ReceiptScreen")
        await till.press("f2")
        assert till.screen == "ReceiptScreen"
        assert network.redemptions_seen == 1
        assert await balance(town.card) == 95


async def test_a_shift_closed_meanwhile_keeps_the_cart_for_the_next_sign_in(
    town: Any, network: Network, open_till: OpenTill, balance: Any
) -> None:
    async with open_till(network.url) as till:
        await fill_cart(till, town.card)
        await close_shifts(town)
        await till.press("f2")
        await till.until(lambda: till.screen == "SignInScreen")
        await till.sees_refusal("班次已结束")
        await till.sign_in()
        assert till.app.counter.session.total == 5
        await till.press("f2")
        await till.until(lambda: till.screen == "ReceiptScreen")
        assert await balance(town.card) == 95


async def test_a_lost_answer_arrives_even_after_the_shift_closed(
    town: Any, network: Network, open_till: OpenTill, balance: Any
) -> None:
    async with open_till(network.url, timing=PATIENT) as till:
        await fill_cart(till, town.card)
        network.lose_answers = 1_000_000
        await till.press("f2")
        await till.until(lambda: AWAY in till.status_text)
        await close_shifts(town)
        network.lose_answers = 0
        await till.until(lambda: till.screen == "ReceiptScreen")
        assert await balance(town.card) == 95


async def close_shifts(town: Any) -> None:
    await change(town, "update shift set closed_at = now()")
