"""A card with a PIN, which the household enters and only the server can check."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import update

from api.registry.cards.tables import Card
from api.registry.tries.use_cases import hasher
from api.wire.card_token import digest
from tests.kiosk.conftest import QUICK, OpenTill, Till

SOAP, RICE = "肥皂", "大米"
# Checking a PIN takes the server a while on purpose: no lease may be used meanwhile.
PATIENT = replace(QUICK, answer_timeout=15.0)


@pytest.fixture
async def with_pin(town: Any) -> None:
    """The household protected its card above ten points."""
    async with town.town.unit_of_work() as work:
        ours = (Card.township == work.township, Card.digest == digest(town.card))
        await work.session.execute(update(Card).where(*ours).values(pin_hash=hasher.hash("8642"), pin_above=10))


async def rice_in_the_cart(town: Any, till: Till, numbers: Any) -> None:
    await till.show_card(town.card)
    await till.press(numbers[RICE])
    await till.until(lambda: till.app.session.cart)
    await till.press("f2")


@pytest.mark.usefixtures("with_pin")
async def test_a_large_redemption_asks_for_the_pin(
    town: Any, open_till: OpenTill, numbers: Any, balance: Any
) -> None:
    async with open_till(timing=PATIENT) as till:
        await rice_in_the_cart(town, till, numbers)
        await till.until(lambda: till.screen == "CardPinScreen")
        await till.sees("请户主本人输入积分卡密码")
        await till.press(*"1111", "f2")
        await till.sees_refusal("密码不对")
        await till.until(lambda: till.screen == "CardPinScreen")
        assert await balance(town.card) == 100
        await till.press(*"8642", "f2")
        await till.until(lambda: till.screen == "ReceiptScreen")
        assert await balance(town.card) == 50


@pytest.mark.usefixtures("with_pin")
async def test_a_small_redemption_does_not_ask_for_the_pin(town: Any, open_till: OpenTill, numbers: Any) -> None:
    async with open_till(timing=PATIENT) as till:
        await till.show_card(town.card)
        await till.press(numbers[SOAP])
        await till.until(lambda: till.app.session.cart)
        await till.press("f2")
        await till.until(lambda: till.screen == "ReceiptScreen")


@pytest.mark.usefixtures("with_pin")
async def test_escape_leaves_the_cart_as_it_was(
    town: Any, open_till: OpenTill, numbers: Any, balance: Any
) -> None:
    async with open_till(timing=PATIENT) as till:
        await rice_in_the_cart(town, till, numbers)
        await till.until(lambda: till.screen == "CardPinScreen")
        await till.press(*"86", "f2")
        await till.sees_refusal("密码是 4 到 8 位数字")
        await till.press("escape")
        await till.until(lambda: till.screen == "ServeScreen")
        assert till.app.session.total == 50
        assert await balance(town.card) == 100


async def test_a_pin_set_since_the_card_was_shown_is_asked_for(
    town: Any, open_till: OpenTill, numbers: Any
) -> None:
    async with open_till(timing=PATIENT) as till:
        await till.show_card(town.card)
        await till.press(numbers[RICE])
        await till.until(lambda: till.app.session.cart)
        async with town.town.unit_of_work() as work:
            ours = (Card.township == work.township, Card.digest == digest(town.card))
            await work.session.execute(
                update(Card).where(*ours).values(pin_hash=hasher.hash("8642"), pin_above=10)
            )
        await till.press("f2")
        await till.until(lambda: till.screen == "CardPinScreen")
        await till.press(*"8642", "f2")
        await till.until(lambda: till.screen == "ReceiptScreen")
