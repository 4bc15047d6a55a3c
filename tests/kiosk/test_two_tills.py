"""Two live tills of a supermarket: a household spends all that it has at either, or is told where the rest is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from kiosk.errors import Refused
from kiosk.print_queue import build_slip
from kiosk.printing.slip import lay_out_slip
from kiosk.store.redemptions import hash_card
from tests.api.shop.holdings.conftest import ask, read_recalls, return_all
from tests.api.shop.offline import till as journal
from tests.conftest import LiveTown, enrol
from tests.kiosk.conftest import QUICK, Network, OpenTill, Till

SOAP, RICE, LAUNDRY = "6901234567892", "6900000000014", "6900000000021"
# A busy machine is no reason to give up: no test here is about how long that takes, unless it says so.
PROMPT = replace(QUICK, recall_pause=0.02, recall_retry=0.05, recall_timeout=60.0)


def find_household(till: Till, card: str) -> UUID:
    lease = till.store.leases.find_by_card(hash_card(card))
    assert lease is not None
    return lease.household


async def fill_cart(till: Till, card: str, *goods: str) -> None:
    await till.show_card(card)
    for number, barcode in enumerate(goods, start=1):
        await till.scan(barcode)
        await till.until(lambda number=number: sum(line.quantity for line in till.app.session.cart) == number)


# --- two programs ---------------------------------------------------------------------------------------


@dataclass
class Pair:
    front: Till
    back: Till


@pytest.fixture
def open_pair(town: LiveTown, network: Network, open_till: OpenTill, tmp_path: Path) -> Any:
    """Each holds 61 of the 122 points of `town.card`; the back one is at the end of the line."""

    @asynccontextmanager
    async def start() -> AsyncIterator[Pair]:
        await town.award("hp-1", 22)
        async with town.staff("office") as http:
            machine = await enrol(http, "hp", "东台")
        async with (
            open_till(folder=tmp_path / "front", timing=PROMPT) as front,
            open_till(network.url, folder=tmp_path / "back", timing=PROMPT, machine=machine) as back,
        ):
            # Whoever came first gives back the other one's half.
            for till in (front, back, front, back):
                await till.app.counter.sync.catch_up()
            household = find_household(front, town.card)
            assert [till.store.leases.get_available(household) for till in (front, back)] == [61, 61]
            yield Pair(front, back)

    return start


async def test_all_points_are_spent_at_either_till(town: LiveTown, open_pair: Any) -> None:
    async with open_pair() as pair:
        front, back = pair.front, pair.back
        await fill_cart(front, town.card, RICE, LAUNDRY, SOAP)
        assert "现有 122 分" in front.shows
        assert "分留在" not in front.shows
        await front.press("f2")
        await front.sees("现有积分 47 分")
        await front.press("escape")
        # Then at the other one, at once.
        await fill_cart(back, town.card, LAUNDRY)
        await back.press("+", "f2")
        await back.sees("现有积分 7 分")
        for till in (front, back):
            await till.wait_until_uploaded()
        async with town.device() as http:
            view = (await http.get(f"/v1/cards/{town.card}")).json()
        assert view["balance"] + view["elsewhere"] == 7


async def test_what_a_till_without_network_holds_is_told(town: LiveTown, open_pair: Any, network: Network) -> None:
    async with open_pair() as pair:
        front, back = pair.front, pair.back
        await network.cut()
        await back.wait_until_offline()
        town.clock.travel(town.clock.now() + timedelta(seconds=30))
        await fill_cart(front, town.card, RICE)
        await front.sees("其中 61 分留在东台，到6月22日")
        assert "现有 122 分" in front.shows
        await front.scan(LAUNDRY)
        await front.sees_refusal("还差 9 分；另有 61 分留在东台，没有联网，到6月22日为止只能在那里用")
        await front.press("f2")
        await front.sees("现有积分 72 分")
        assert "其中 61 分留在东台" in front.shows
        [stored] = front.store.receipts.list_by_shift(front.store.shifts.required.id)
        paper = [row.text.strip() for row in lay_out_slip(build_slip(stored), 32, reprint=False)]
        assert "其中 61 分留在东台，到6月22日" in paper
        # Its own half the other one sells, and settles later.
        await fill_cart(back, town.card, RICE)
        await back.press("f2")
        await back.sees("断网时这里还能兑换 11 分")
        await network.restore()
        await back.wait_until_uploaded()
        async with town.device() as http:
            view = (await http.get(f"/v1/cards/{town.card}")).json()
        assert view["balance"] + view["elsewhere"] == 22


# --- the other one in the hands of the test -------------------------------------------------------------


@pytest.fixture
async def other(town: LiveTown) -> journal.Till:
    """A till that answers when the test says so: it holds 61 of the 122 points of `town.card`."""
    await town.award("hp-1", 22)
    async with town.staff("office") as http:
        other = journal.Till(town, await enrol(http, "hp", "东台"))
    await other.sign_in()
    await other.settle()
    assert 61 in [leased.points for leased in (await other.renew()).households]
    await ask(other)
    return other


async def test_the_attendant_waits_for_points_and_presses_nothing(
    town: LiveTown, open_till: OpenTill, other: journal.Till
) -> None:
    async with open_till(timing=PROMPT) as till:
        await fill_cart(till, town.card, RICE, LAUNDRY)
        await till.press("f2")
        await till.sees("另一台终端正在交回 61 分，请稍候…")
        await till.press("f2", "f2")
        await return_all(other)
        await till.sees("现有积分 52 分")
        [stored] = till.store.receipts.list_by_shift(till.store.shifts.required.id)
        assert (stored.receipt.points, stored.receipt.balance) == (70, 52)


async def test_points_that_do_not_come_are_given_up(
    town: LiveTown, open_till: OpenTill, other: journal.Till
) -> None:
    async with open_till(timing=replace(PROMPT, recall_timeout=0.2)) as till:
        await fill_cart(till, town.card, RICE, LAUNDRY)
        await till.press("f2")
        await till.sees_refusal("东台还没有交回 61 分：请稍候再确认，或减少商品")
        assert till.app.session.pending is None
        assert len(till.app.session.cart) == 2
        await return_all(other)
        await till.press("f2")
        await till.sees("现有积分 52 分")


async def test_a_promise_waits_for_points_too(town: LiveTown, open_till: OpenTill, other: journal.Till) -> None:
    waiting: list[int] = []
    async with open_till(timing=PROMPT) as till:
        await till.show_card(town.card)
        brush = next(item for item in till.app.session.shelf if item.name == "牙刷")
        making = asyncio.create_task(till.app.counter.promises.promise(brush, 8, waiting.append))
        await till.until(lambda: waiting)
        await return_all(other)
        slip = await making
        assert (slip.line.points, slip.balance) == (80, 42)
        assert till.store.promises.list_requests() == []


async def test_a_promise_whose_points_do_not_come_is_dropped(
    town: LiveTown, open_till: OpenTill, other: journal.Till
) -> None:
    async with open_till(timing=replace(PROMPT, recall_timeout=0.2)) as till:
        await till.show_card(town.card)
        brush = next(item for item in till.app.session.shelf if item.name == "牙刷")
        with pytest.raises(Refused, match="东台还没有交回 61 分"):
            await till.app.counter.promises.promise(brush, 8)
        assert till.store.promises.list_requests() == []
        assert await read_recalls(other) != {}
