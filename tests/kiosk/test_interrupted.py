"""The program stops between the server's answer and the screen: it starts by saying what was booked."""

from __future__ import annotations

from typing import Any

from api.wire.gs1 import GoodsScan
from tests.kiosk.conftest import IMPATIENT, Network, OpenTill

SOAP = "6901234567892"


async def test_what_was_booked_is_said_at_the_start(town: Any, open_till: OpenTill) -> None:
    async with open_till() as till:
        counter = till.app.counter
        await counter.cards.look_up(town.card)
        counter.session.add_barcode(GoodsScan(SOAP))
        counter.confirm()
        await counter.settle(lambda: None)
    async with open_till(signed_in=False) as till:
        await till.sees("5 分兑换已经记账")
        await till.sign_in()
        await till.until(lambda: till.screen == "ReceiptScreen")
        await till.sees("中断前这一笔已经记账")
        await till.sees("肥皂 x1")
        await till.press("escape")
        await till.until(lambda: till.screen == "ServeScreen")
    async with open_till() as till:
        assert till.screen == "ServeScreen"


async def test_it_is_said_without_the_network_too(town: Any, open_till: OpenTill, network: Network) -> None:
    async with open_till(network.url, timing=IMPATIENT) as till:
        counter = till.app.counter
        await counter.cards.look_up(town.card)
        counter.session.add_barcode(GoodsScan(SOAP))
        counter.confirm()
        await counter.settle(lambda: None)
    await network.cut()
    async with open_till(network.url, timing=IMPATIENT, signed_in=False) as till:
        await till.until(lambda: till.app.counter.session.connection.online is False)
        await till.sees("5 分兑换已经记账")
