"""A neighbour collects for a household, identified by their own card, and is recorded."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from api.wire import Command
from tests.conftest import LiveTown
from tests.kiosk.conftest import IMPATIENT, FakePrinter, Network, OpenTill, Till, card_url

SOAP = "6901234567892"


async def choose_collector(town: LiveTown, till: Till) -> None:
    """Scan the household's card, press the key, scan the collector's card."""
    await till.show_card(town.card)
    await till.press("f7")
    await till.sees("请扫代领人自己家的户卡")
    await till.scan(card_url(town.poor_card))
    await till.until(lambda: till.app.session.collector)


async def redeem(till: Till) -> None:
    await till.scan(SOAP)
    await till.until(lambda: till.app.session.cart)
    await till.press("f2")
    await till.until(lambda: till.screen == "ReceiptScreen")


async def recorded_collectors(town: LiveTown) -> list[str]:
    """The collector's household of each redemption."""
    async with town.town.unit_of_work() as work:
        rows = await work.session.execute(
            text("select h.code from redemption r join household h on h.id = r.collector order by r.recorded_at")
        )
        return list(rows.scalars())


@pytest.mark.parametrize("size", [(80, 24), (50, 16)], ids=str)
async def test_the_collector_is_recorded_and_on_the_receipt(
    town: Any, open_till: OpenTill, balance: Any, printer: FakePrinter, size: tuple[int, int]
) -> None:
    async with open_till(size=size, printer=printer) as till:
        await choose_collector(town, till)
        await till.sees("由李**代领")
        await redeem(till)
        await till.sees("由李**代领")
        assert (await balance(town.card), await balance(town.poor_card)) == (95, 3)
        assert await recorded_collectors(town) == ["hp-2"]
        await till.until(lambda: printer.slips)
        assert "由李**代领" in printer.slips[0]
        await till.press("escape")
        # The collector isn't the next household's.
        await till.show_card(town.card)
        assert till.app.session.collector is None


async def test_the_households_own_card_is_no_collectors(town: Any, open_till: OpenTill) -> None:
    async with open_till() as till:
        await till.press("f7")
        await till.sees_refusal("还没有扫户卡")
        await till.show_card(town.card)
        await till.press("f7")
        await till.scan(card_url(town.card))
        await till.sees_refusal("本户自己的卡")
        await till.scan(card_url(town.revoked_card))
        await till.sees_refusal("已挂失")
        assert till.app.session.collector is None


@pytest.mark.parametrize("undo", ["f7", "escape"])
async def test_choosing_a_collector_can_be_cancelled(town: Any, open_till: OpenTill, undo: str) -> None:
    async with open_till() as till:
        await till.show_card(town.card)
        await till.press("f7", undo)
        await till.scan(card_url(town.poor_card))
        await till.until(lambda: (card := till.app.session.card) and card.token == town.poor_card)
        assert till.app.session.collector is None


async def test_a_collector_can_be_removed(town: Any, open_till: OpenTill) -> None:
    async with open_till() as till:
        await choose_collector(town, till)
        await till.press("f7")
        assert till.app.session.collector is None
        await redeem(till)
        assert await recorded_collectors(town) == []


async def test_a_collectors_card_does_not_confirm(town: Any, open_till: OpenTill) -> None:
    async with open_till() as till:
        await till.show_card(town.card)
        await till.scan(SOAP)
        await till.until(lambda: till.app.session.cart)
        await till.press("f7")
        await till.scan(card_url(town.poor_card))
        await till.until(lambda: till.app.session.collector)
        assert till.screen == "ServeScreen"
        assert till.app.session.total == 5
        await till.scan(Command.CONFIRM.value)
        await till.until(lambda: till.screen == "ReceiptScreen")


async def test_a_collector_offline_must_have_a_lease(town: Any, network: Network, open_till: OpenTill) -> None:
    async with open_till(network.url, timing=IMPATIENT) as till:
        await till.wait_until_uploaded()
        await till.until(lambda: till.store.leases.expires_at)
        await network.cut()
        await till.wait_until_offline()
        await choose_collector(town, till)
        await redeem(till)
        await till.sees("由李**代领")
        await network.restore()
        till.app.counter.sync.wake()
        await till.wait_until_uploaded()
        assert await recorded_collectors(town) == ["hp-2"]
        # A card of another village can't be looked up offline.
        await network.cut()
        await till.wait_until_offline()
        await till.press("escape")
        await till.show_card(town.card)
        await till.press("f7")
        await till.scan(card_url("0" * 20))
        await till.until(lambda: till.is_refusing)
        assert till.app.session.collector is None
