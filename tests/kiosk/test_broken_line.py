"""The network fails in the middle: the attendant is told, the same redemption is sent again, it counts once."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

AWAY = "网络断了，正在重试，请勿重复操作"
SOAP_BARCODE = "6901234567892"


async def fill_cart(till: Any, card: str) -> None:
    await till.show_card(card)
    await till.scan(SOAP_BARCODE)
    await till.until(lambda: till.app.counter.session.cart)


async def test_server_away_when_a_card_is_scanned(town: Any, line: Any, open_till: Any) -> None:
    async with open_till(line.url) as till:
        await line.cut()
        await till.scan(f"HTTPS://JIMEI.EXAMPLE/C/{town.card}")
        await till.refused("连不上服务器")
        await line.restore()
        await till.scan(town.card)
        await till.until(lambda: till.app.counter.session.card)
        assert not till.refusing


async def test_server_away_at_the_start(line: Any, open_till: Any) -> None:
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
    town: Any, line: Any, open_till: Any, balance: Any, lost: int
) -> None:
    async with open_till(line.url) as till:
        await fill_cart(till, town.card)
        line.lose_answers = lost
        await till.press("f2")
        await till.until(lambda: till.screen == "ReceiptScreen")
        assert line.redemptions_seen == lost + 1
        assert await balance(town.card) == 95


async def test_while_the_answer_is_out_nothing_else_can_be_done(
    town: Any, line: Any, open_till: Any, balance: Any
) -> None:
    async with open_till(line.url) as till:
        session = till.app.counter.session
        await fill_cart(till, town.card)
        line.lose_answers = 1_000_000
        await till.press("f2")
        await till.until(lambda: AWAY in till.said)
        sent = session.pending
        await till.press("f2", "1", "delete", "f10")
        await till.press("escape")
        await till.until(lambda: "可能已经入账" in till.said or AWAY in till.said)
        await till.press("ctrl+q")
        await till.scan(town.poor_card)
        assert session.pending is sent
        assert till.screen == "Serve"
        line.lose_answers = 0
        await till.until(lambda: till.screen == "ReceiptScreen")
        assert await balance(town.card) == 95


async def test_what_never_left_can_be_given_up(town: Any, line: Any, open_till: Any, balance: Any) -> None:
    async with open_till(line.url) as till:
        session = till.app.counter.session
        await fill_cart(till, town.card)
        await line.cut()
        # A connection kept alive may take the first try with it; once it is known dead, no try leaves the till.
        await till.scan(town.card)
        await till.refused("连不上服务器")
        await till.press("f2")
        await till.until(lambda: AWAY in till.said and "扫取消卡可放弃" in till.said)
        await till.press("escape")
        await till.until(lambda: session.pending is None)
        assert session.total == 5
        await line.restore()
        await till.press("f2")
        await till.until(lambda: till.screen == "ReceiptScreen")
        assert await balance(town.card) == 95


async def test_two_f2_in_haste_are_one_redemption(town: Any, line: Any, open_till: Any, balance: Any) -> None:
    async with open_till(line.url) as till:
        await fill_cart(till, town.card)
        await till.press("f2", "f2", "f2")
        await till.until(lambda: till.screen == "ReceiptScreen")
        await till.press("f2")
        assert till.screen == "ReceiptScreen"
        assert line.redemptions_seen == 1
        assert await balance(town.card) == 95


async def test_a_shift_closed_meanwhile_keeps_the_cart_for_the_next_sign_in(
    town: Any, line: Any, open_till: Any, balance: Any
) -> None:
    async with open_till(line.url) as till:
        await fill_cart(till, town.card)
        await close_shifts(town)
        await till.press("f2")
        await till.until(lambda: till.screen == "SignIn")
        await till.refused("班次已结束")
        await till.sign_in()
        assert till.app.counter.session.total == 5
        await till.press("f2")
        await till.until(lambda: till.screen == "ReceiptScreen")
        assert await balance(town.card) == 95


async def test_a_lost_answer_is_given_even_after_the_shift_closed(
    town: Any, line: Any, open_till: Any, balance: Any
) -> None:
    async with open_till(line.url) as till:
        await fill_cart(till, town.card)
        line.lose_answers = 1_000_000
        await till.press("f2")
        await till.until(lambda: AWAY in till.said)
        await close_shifts(town)
        line.lose_answers = 0
        await till.until(lambda: till.screen == "ReceiptScreen")
        assert await balance(town.card) == 95


async def close_shifts(town: Any) -> None:
    engine = create_async_engine(town.clone.owner)
    async with engine.begin() as connection:
        await connection.execute(text("update shift set closed_at = now()"))
    await engine.dispose()
