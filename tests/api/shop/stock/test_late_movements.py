"""A shelf is what was counted there, less what left it since: whatever kiosks report later of before the count."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings
from uuid_utils.compat import uuid7

from tests.api.asking import problem, rows, set_bounds, sign_in
from tests.api.bookkeeping.exports.conftest import as_owner
from tests.api.shop.offline.test_exceptions import decide, listed, waiting
from tests.api.shop.offline.till import (
    Till,
    add_till,
    check_books,
    end_enrolment,
    read_account,
    read_shelf,
)
from tests.api.shop.stock.conftest import arrival, count, put
from tests.api.shop.stock.test_till_stocktakes import blind
from tests.conftest import LiveTown
from tests.profile import many


@pytest.fixture
async def till(town: LiveTown) -> AsyncIterator[Till]:
    """Its leases, and what was ten soaps."""
    till = Till(town, town.kiosk)
    await till.sign_in()
    await till.renew()
    yield till
    await sign_in(town, "office")
    await check_books(town)


@pytest.fixture
async def household(till: Till) -> UUID:
    return (await till.view_card(till.town.card)).household


def later(town: LiveTown, minutes: int = 10) -> None:
    town.clock.travel(town.clock.now() + timedelta(minutes=minutes))


async def read_loss(town: LiveTown) -> int:
    """Soaps that stocktakes found missing, less those they found over."""
    return await read_account(town, "goods:soap:difference")


async def test_what_was_sold_before_a_count_is_no_loss(till: Till, household: UUID) -> None:
    town = till.town
    for _ in range(3):
        till.write_sale(town.card, household, ("soap", 1), leased=5)
    later(town)
    stocktake = (await put(town, "stocktakes", count(("soap", 7)))).json()
    assert [line["difference"] for line in stocktake["lines"]] == [-3]
    later(town)
    till.write_sale(town.card, household, ("soap", 2), leased=10)
    later(town)
    outcomes = (await till.settle()).outcomes[1:]
    assert [o.remark for o in outcomes] == ["盘点以前的，盘点的差数已更正。"] * 3 + [""]
    assert (await read_shelf(town, "soap"), await read_loss(town)) == (5, 0)
    # The stocktake itself says what of it was corrected, and why.
    async with town.staff("qian") as http:
        view = (await http.get(f"/v1/transactions/{stocktake['id']}")).raise_for_status().json()
    assert [link["reason"] for link in view["reversals"]] == ["盘点前已发放或退回，盘点后才报来"] * 3
    # Told once more, nothing moves.
    await till.settle()
    assert (await read_shelf(town, "soap"), await read_loss(town)) == (5, 0)


async def test_a_count_without_a_difference_hides_none(till: Till, household: UUID) -> None:
    """Three soaps were over, and as many sold and not told yet."""
    town = till.town
    till.write_sale(town.card, household, ("soap", 3), leased=15)
    later(town)
    await put(town, "stocktakes", count(("soap", 10)))
    later(town)
    await put(town, "stocktakes", count(("soap", 10)))
    await till.settle()
    assert (await read_shelf(town, "soap"), await read_loss(town)) == (10, -3)


async def test_voids_before_and_after_a_count(till: Till, household: UUID) -> None:
    town = till.town
    both, between, online = uuid7(), uuid7(), uuid7()
    (await till.redeem(online, town.card, ("soap", 1), leased=100)).raise_for_status()
    till.write_sale(town.card, household, ("soap", 1), leased=5, answered=True, id=online)
    await till.settle()
    till.write_sale(town.card, household, ("soap", 2), leased=10, id=both)
    till.write_sale(town.card, household, ("soap", 1), leased=5, id=between)
    later(town)
    till.write_void(both)
    till.write_void(online)
    later(town)
    # Ten, less the one that is still out.
    await put(town, "stocktakes", count(("soap", 9)))
    later(town)
    till.write_void(between)
    later(town)
    assert await till.settle_statuses() == ["known", "known", *["settled"] * 5]
    assert (await read_shelf(town, "soap"), await read_loss(town)) == (10, 0)


async def test_two_kiosks_and_a_delivery_between(till: Till, household: UUID) -> None:
    town = till.town
    other = await add_till(town, "后台")
    await other.sign_in()
    till.write_return(household, 50)
    await till.settle()
    await other.renew()
    for one in (till, other):
        one.write_sale(town.card, household, ("soap", 2), leased=10)
    later(town)
    await put(town, "stocktakes", count(("soap", 6)))
    later(town)
    await put(town, "restocks", arrival(("soap", 20)))
    other.write_sale(town.card, household, ("soap", 1), leased=5)
    later(town)
    await till.settle(), await other.settle()
    assert (await read_shelf(town, "soap"), await read_loss(town)) == (25, 0)


async def test_an_exception_that_is_accepted_after_the_count(till: Till, household: UUID) -> None:
    town = till.town
    till.write_sale(town.card, household, ("soap", 2), leased=0)
    later(town)
    await till.settle()
    await put(town, "stocktakes", count(("soap", 8)))
    later(town)
    await town.award("hp-1", 10)
    (await decide(town, await waiting(town), True)).raise_for_status()
    assert (await read_shelf(town, "soap"), await read_loss(town)) == (8, 0)
    await end_enrolment(town, till)
    till.write_sale(town.card, household, ("soap", 1), leased=5)
    later(town)
    await put(town, "stocktakes", count(("soap", 7)))
    later(town)
    await till.settle()
    (await decide(town, await waiting(town), True)).raise_for_status()
    assert (await read_shelf(town, "soap"), await read_loss(town)) == (7, 0)


async def test_a_shelf_that_was_counted_empty_stays_so(till: Till, household: UUID) -> None:
    town = till.town
    till.write_sale(town.card, household, ("soap", 3), ("laundry", 1), leased=35)
    later(town)
    await put(town, "stocktakes", count(("soap", 0)))
    await till.settle()
    assert (await read_shelf(town, "soap"), await read_loss(town)) == (0, 7)
    assert await read_shelf(town, "laundry") == 9


@pytest.mark.parametrize("wrong", [timedelta(days=2), timedelta(days=-2)])
async def test_at_the_till_its_journals_order_tells_whatever_its_clock(
    till: Till, household: UUID, wrong: timedelta
) -> None:
    town = till.town
    later(town, 4 * 24 * 60)
    till.clock_lag = wrong
    till.write_sale(town.card, household, ("soap", 2), leased=10)
    later(town)
    path, body = f"/v1/till/stocktakes/{uuid7()}", blind(("soap", 8))
    position = {"epoch": till.machine.epoch, "number": len(till.entries)}
    till.write_sale(town.card, household, ("soap", 1), leased=5)
    await till.settle(till.entries[:1])
    async with till.device() as http:
        # It was counted, and then sent twice, some of what was sold since having been told before.
        first = (await http.put(path, json=body | {"position": position})).raise_for_status()
        assert (await http.put(path, json=body)).content == first.content
    till.write_sale(town.card, household, ("soap", 1), leased=5)
    assert await till.settle_statuses() == ["known", *["settled"] * 3]
    assert (await read_shelf(town, "soap"), await read_loss(town)) == (6, 0)
    assert await rows(town, "select number from stocktake") == [(position["number"],)]


async def test_what_was_sold_since_the_count_and_told_first_is_no_loss(till: Till, household: UUID) -> None:
    """Counted while there was no network, and sent when it was back, after the sales of since then."""
    town = till.town
    voided = uuid7()
    till.write_sale(town.card, household, ("soap", 1), leased=5, id=voided)
    position = {"epoch": till.machine.epoch, "number": len(till.entries)}
    till.write_sale(town.card, household, ("soap", 3), leased=15)
    till.write_void(voided)
    later(town)
    await till.settle()
    async with till.device() as http:
        sheet = blind(("soap", 9)) | {"position": position}
        answer = (await http.put(f"/v1/till/stocktakes/{uuid7()}", json=sheet)).raise_for_status().json()
    assert [(line["booked"], line["difference"]) for line in answer["lines"]] == [(9, 0)]
    assert (await read_shelf(town, "soap"), await read_loss(town)) == (7, 0)


async def test_a_clock_that_is_ahead_says_nothing_of_a_count_elsewhere(till: Till, household: UUID) -> None:
    town = till.town
    till.clock_lag = timedelta(days=-2)
    till.write_sale(town.card, household, ("soap", 2), leased=10)
    later(town)
    await put(town, "stocktakes", count(("soap", 8)))
    later(town)
    assert (await till.settle_last())[0] == "settled"
    assert (await read_shelf(town, "soap"), await read_loss(town)) == (8, 0)


# --- any order ------------------------------------------------------------------------------------------

KIOSK, PIECES = st.integers(0, 1), st.integers(1, 3)
STEP = st.one_of(
    st.tuples(st.just("sell"), KIOSK, PIECES),
    # What waits for a person, who accepts it at the very end.
    st.tuples(st.just("sell unleased"), KIOSK, PIECES),
    st.tuples(st.just("void"), KIOSK, PIECES),
    st.tuples(st.just("redeem"), KIOSK, PIECES),
    st.tuples(st.just("deliver"), KIOSK, PIECES),
    st.tuples(st.just("count at the desk"), KIOSK, PIECES),
    st.tuples(st.just("count at the till"), KIOSK, PIECES),
    st.tuples(st.just("upload"), KIOSK, PIECES),
)


class Shop:
    """Two kiosks at one shelf, from which nothing is ever lost: what is there is known."""

    def __init__(self, town: LiveTown, tills: list[Till], household: UUID, there: int) -> None:
        self.town, self.tills, self.household, self.there = town, tills, household, there
        self.sold: list[list[tuple[UUID, int]]] = [[], []]
        self.told = [0, 0]

    async def play(self, steps: list[tuple[str, int, int]]) -> None:
        for step in steps:
            later(self.town, 1)
            await self.do(*step)
        later(self.town, 1)
        for kiosk in (0, 1):
            await self.upload(kiosk)
        for entry in (await listed(self.town))["waiting"]:
            (await decide(self.town, entry, True)).raise_for_status()
        for sold in self.sold:
            sold.clear()
        assert (await read_shelf(self.town, "soap"), await read_loss(self.town)) == (self.there, 0)

    async def do(self, what: str, kiosk: int, pieces: int) -> None:
        till, sold, card = self.tills[kiosk], self.sold[kiosk], self.town.card
        if what.startswith("sell"):
            sold.append((uuid7(), pieces))
            leased = 0 if what == "sell unleased" else 5 * pieces
            till.write_sale(card, self.household, ("soap", pieces), leased=leased, id=sold[-1][0])
            self.there -= pieces
        elif what == "void" and sold:
            id, pieces = sold.pop()
            till.write_void(id)
            self.there += pieces
        elif what == "redeem":
            sold.append((uuid7(), pieces))
            (await till.redeem(sold[-1][0], card, ("soap", pieces), leased=5 * pieces)).raise_for_status()
            till.write_sale(card, self.household, ("soap", pieces), answered=True, id=sold[-1][0])
            self.there -= pieces
        elif what == "deliver":
            await put(self.town, "restocks", arrival(("soap", pieces)))
            self.there += pieces
        elif what == "count at the desk":
            await put(self.town, "stocktakes", count(("soap", self.there)))
        elif what == "count at the till":
            position = {"epoch": till.machine.epoch, "number": len(till.entries)}
            async with till.device() as http:
                body = blind(("soap", self.there)) | {"position": position}
                (await http.put(f"/v1/till/stocktakes/{uuid7()}", json=body)).raise_for_status()
        elif what == "upload":
            await self.upload(kiosk)

    async def upload(self, kiosk: int) -> None:
        """What the server doesn't have yet."""
        entries = self.tills[kiosk].entries[self.told[kiosk] :]
        if entries:
            await self.tills[kiosk].settle(entries)
        self.told[kiosk] += len(entries)


async def test_whatever_comes_first_the_shelf_is_what_is_there(till: Till, household: UUID) -> None:
    town = till.town
    await set_bounds(town)
    await as_owner(town, "update kiosk set lease_most = 4000")
    await town.award("hp-1", 9_000)
    other = await add_till(town, "后台")
    await as_owner(town, "update kiosk set lease_most = 4000")
    await other.sign_in()
    await till.renew(), await other.renew()
    await put(town, "restocks", arrival(("soap", 990)))
    shop = Shop(town, [till, other], household, 1_000)
    loop = asyncio.get_running_loop()

    def play_any() -> None:
        """Hypothesis wants a plain function: it plays in the test's own loop from a thread of its own."""

        @settings(max_examples=many(10, 60), suppress_health_check=list(HealthCheck))
        @given(st.lists(STEP, min_size=2, max_size=9))
        def run(steps: list[tuple[str, int, int]]) -> None:
            asyncio.run_coroutine_threadsafe(shop.play(steps), loop).result()

        run()

    await asyncio.to_thread(play_any)


@pytest.mark.parametrize(("step", "told"), [("confirm", True), ("confirm", False), ("refuse", False)])
async def test_a_count_that_waits_for_a_second_person(till: Till, household: UUID, step: str, told: bool) -> None:
    """Its differences are too much for one; what is told before or after it is decided counts once."""
    town = till.town
    await set_bounds(town, stocktake_points=0)
    for _ in range(3):
        till.write_sale(town.card, household, ("soap", 1), leased=5)
    later(town)
    async with town.staff("li") as http:
        sheet = (await http.put(f"/v1/stocktakes/{uuid7()}", json=count(("soap", 7)))).json()
    assert (sheet["status"], await read_shelf(town, "soap")) == ("waiting", 10)
    later(town)
    if told:
        await till.settle()
    async with town.staff("qian") as http:
        answer = await http.post(f"/v1/proposals/{sheet['id']}/{step}", json={"reason": "再点一次"})
        answer.raise_for_status()
    later(town)
    await till.settle()
    assert (await read_shelf(town, "soap"), await read_loss(town)) == (7, 0)


async def test_of_two_counts_that_wait_one_is_booked(till: Till) -> None:
    town = till.town
    await set_bounds(town, stocktake_points=0)
    async with town.staff("li") as li, town.staff("qian") as qian:
        ids = []
        for _ in range(2):
            later(town)
            ids.append((await li.put(f"/v1/stocktakes/{uuid7()}", json=count(("soap", 7)))).json()["id"])
        answers = [await qian.post(f"/v1/proposals/{id}/confirm") for id in reversed(ids)]
    assert answers[0].status_code == 200
    problem(answers[1], 409, "wrong-state")
    assert (await read_shelf(town, "soap"), await read_loss(town)) == (7, 3)
