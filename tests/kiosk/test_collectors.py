"""A neighbour takes the goods home for a household: known by their own card, and written down."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from api.wire import Command
from tests.conftest import LiveTown
from tests.kiosk.conftest import IMPATIENT, Line, OpenTill, Paper, Till, card_url

SOAP = "6901234567892"


async def named(town: LiveTown, till: Till) -> None:
    """The household's card, the key, the neighbour's card."""
    await till.show_card(town.card)
    await till.press("f7")
    await till.sees("请扫代领人自己家的户卡")
    await till.scan(card_url(town.poor_card))
    await till.until(lambda: till.app.session.collector)


async def served(till: Till) -> None:
    await till.scan(SOAP)
    await till.until(lambda: till.app.session.cart)
    await till.press("f2")
    await till.until(lambda: till.screen == "ReceiptScreen")


async def recorded(town: LiveTown) -> list[str]:
    """Whose neighbour's household each redemption names."""
    async with town.town.unit_of_work() as work:
        rows = await work.session.execute(
            text("select h.code from redemption r join household h on h.id = r.collector order by r.recorded_at")
        )
        return list(rows.scalars())


@pytest.mark.parametrize("size", [(80, 24), (50, 16)], ids=str)
async def test_recorded_and_on_the_receipt(
    town: Any, open_till: OpenTill, balance: Any, paper: Paper, size: tuple[int, int]
) -> None:
    async with open_till(size=size, printer=paper) as till:
        await named(town, till)
        await till.sees("由李**代领")
        await served(till)
        await till.sees("由李**代领")
        assert (await balance(town.card), await balance(town.poor_card)) == (95, 3)
        assert await recorded(town) == ["hp-2"]
        await till.until(lambda: paper.slips)
        assert "由李**代领" in paper.slips[0]
        await till.press("escape")
        # Not the next household's neighbour.
        await till.show_card(town.card)
        assert till.app.session.collector is None


async def test_their_own_card_is_no_neighbours(town: Any, open_till: OpenTill) -> None:
    async with open_till() as till:
        await till.press("f7")
        await till.refused("还没有扫户卡")
        await till.show_card(town.card)
        await till.press("f7")
        await till.scan(card_url(town.card))
        await till.refused("本户自己的卡")
        await till.scan(card_url(town.revoked_card))
        await till.refused("已挂失")
        assert till.app.session.collector is None


@pytest.mark.parametrize("undo", ["f7", "escape"])
async def test_before_a_card_is_shown_it_can_be_left(town: Any, open_till: OpenTill, undo: str) -> None:
    async with open_till() as till:
        await till.show_card(town.card)
        await till.press("f7", undo)
        await till.scan(card_url(town.poor_card))
        await till.until(lambda: (card := till.app.session.card) and card.token == town.poor_card)
        assert till.app.session.collector is None


async def test_a_neighbour_can_be_taken_off_again(town: Any, open_till: OpenTill) -> None:
    async with open_till() as till:
        await named(town, till)
        await till.press("f7")
        assert till.app.session.collector is None
        await served(till)
        assert await recorded(town) == []


async def test_a_neighbours_card_confirms_nothing(town: Any, open_till: OpenTill) -> None:
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


async def test_without_the_network_a_neighbour_whom_this_till_knows(
    town: Any, line: Line, open_till: OpenTill
) -> None:
    async with open_till(line.url, timing=IMPATIENT) as till:
        await till.told()
        await till.until(lambda: till.store.leases.expires_at)
        await line.cut()
        await till.offline()
        await named(town, till)
        await served(till)
        await till.sees("由李**代领")
        await line.restore()
        till.app.counter.sync.wake()
        await till.told()
        assert await recorded(town) == ["hp-2"]
        # One that isn't of the village can't be looked up now.
        await line.cut()
        await till.offline()
        await till.press("escape")
        await till.show_card(town.card)
        await till.press("f7")
        await till.scan(card_url("0" * 20))
        await till.until(lambda: till.refusing)
        assert till.app.session.collector is None
