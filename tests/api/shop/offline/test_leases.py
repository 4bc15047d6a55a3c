"""Leases are shared evenly and limited, and no point is leased twice."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

from api.shop.offline.leases import NO_CARD
from api.wire.card_token import digest, parse
from tests.api.asking import problem, rows, sign_in
from tests.api.bookkeeping.exports.conftest import as_owner
from tests.api.shop.offline.till import Till, add_till, end_enrolment, read_account, read_escrow
from tests.conftest import LiveTown


def by_card(town: LiveTown, held: dict[str, int]) -> dict[str, int]:
    names = {digest(parse(getattr(town, f"{name}card"))).hex(): name for name in ("", "poor_", "empty_")}
    names[NO_CARD] = "none"
    return {names[card]: points for card, points in held.items()}


async def test_a_single_kiosk_leases_all_of_a_small_balance(till: Till) -> None:
    town = till.town
    leases = await till.renew()
    assert (leases.kiosk, leases.epoch, leases.head, leases.current) == (till.id, 1, 0, True)
    assert (leases.expires_at - leases.now).days == 7
    told = {leased.name: (leased.points, leased.give_back, leased.pin_above) for leased in leases.households}
    assert told == {"王**": (100, 0, None), "李**": (3, 0, None), "张*": (0, 0, None), "刘*": (0, 0, None)}
    assert await read_account(town, "household:hp-1") == 0
    assert await read_escrow(town, till, "hp-1") == 100


async def test_renewing_again_changes_nothing(till: Till) -> None:
    first = await till.renew()
    for _ in range(3):
        assert (await till.renew()).households == first.households
    assert await rows(till.town, "select count(*) from ledger.transaction where kind = 'lease'") == [(2,)]


async def test_renewing_at_once_leases_once(till: Till) -> None:
    answers = await asyncio.gather(*(till.renew() for _ in range(5)))
    assert {leased.points for answer in answers for leased in answer.households} == {0, 3, 100}
    assert await read_escrow(till.town, till, "hp-1") == 100


async def test_no_kiosk_leases_more_than_its_limit(till: Till) -> None:
    town = till.town
    await town.award("hp-1", 500)
    assert by_card(town, await till.read_leases())[""] == 200
    await as_owner(town, "update kiosk set lease_most = 30")
    [leased] = [leased for leased in (await till.renew()).households if leased.name == "王**"]
    # Only the kiosk itself may return a lease.
    assert (leased.points, leased.give_back) == (200, 170)
    assert await read_account(town, "household:hp-1") == 400


async def test_two_kiosks_of_a_village_share_evenly(till: Till) -> None:
    town = till.town
    other = await add_till(town, "后台")
    assert by_card(town, await till.read_leases()) == {"": 50, "poor_": 1}
    assert by_card(town, await other.read_leases()) == {"": 50, "poor_": 1}
    assert by_card(town, await till.read_leases()) == {"": 50, "poor_": 1}
    assert await read_account(town, "household:hp-2") == 1


async def test_a_second_kiosk_leases_what_the_first_one_returns(till: Till, household: UUID) -> None:
    town = till.town
    await till.renew()
    other = await add_till(town, "后台")
    assert await other.read_leases() == {}
    [asked] = [leased for leased in (await till.renew()).households if leased.household == household]
    assert (asked.points, asked.give_back) == (100, 50)
    till.write_return(household, asked.give_back)
    assert await till.settle_statuses() == ["known", "settled"]
    assert by_card(town, await other.read_leases()) == {"": 50}
    assert by_card(town, await till.read_leases()) == {"": 50, "poor_": 3}


async def test_only_leased_points_can_be_returned(till: Till, household: UUID) -> None:
    town = till.town
    await till.renew()
    till.write_return(household, 130)
    assert await till.settle_last() == ("settled", "终端报退 130 分，实有 100 分。")
    assert await read_account(town, "household:hp-1") == 100
    till.write_return(uuid4(), 5)
    assert (await till.settle_last())[0] == "exception"


async def test_a_kiosk_shows_and_spends_its_own_leases_online(till: Till) -> None:
    town = till.town
    await till.renew()
    mine = await till.view_card(town.card)
    assert (mine.balance, mine.elsewhere) == (100, 0)
    other = await add_till(town, "后台")
    theirs = await other.view_card(town.card)
    assert (theirs.balance, theirs.elsewhere) == (0, 100)
    problem(await till.redeem(UUID(int=1), town.card, ("laundry", 1)), 409, "insufficient-points")
    receipt = (await till.redeem(UUID(int=1), town.card, ("laundry", 1), leased=100)).raise_for_status().json()
    assert (receipt["points"], receipt["leased"], receipt["balance"]) == (20, 20, 80)
    assert await read_escrow(town, till, "hp-1") == 80


async def test_a_household_whose_card_was_reported_lost_is_served_no_more(till: Till) -> None:
    town = till.town
    await till.renew()
    async with town.staff("li") as http:
        (await http.delete("/v1/households/hp-1/card")).raise_for_status()
    assert by_card(town, await till.read_leases()) == {"none": 100, "poor_": 3}
    [left] = [leased for leased in (await till.renew()).households if leased.card == NO_CARD]
    assert (left.points, left.give_back) == (100, 100)
    async with town.staff("office") as http:
        [card] = (await http.post("/v1/cards", json={"households": ["hp-1"]})).json()
    assert (await till.read_leases())[digest(card["token"]).hex()] == 100


async def test_the_leases_of_an_ended_enrolment_go_back(till: Till) -> None:
    town = till.town
    await till.renew()
    await end_enrolment(town, till)
    assert await read_account(town, "household:hp-1") == 100
    assert await read_escrow(town, till, "hp-1") == 0
    [(person, reason)] = await rows(
        town,
        "select t.person, t.reason from ledger.transaction t join ledger.entry e on e.transaction = t.id"
        " join ledger.account a on a.id = e.account where a.name = 'household:hp-1' and t.kind = 'lease-return'",
    )
    assert (len(person), reason) == (36, "机器丢了")


async def test_a_forked_machine_leases_nothing(till: Till, household: UUID) -> None:
    twin = till.clone()
    till.write_return(household, 1)
    twin.write_return(household, 2)
    await till.settle()
    assert await twin.settle_statuses() == ["known", "fork"]
    leases = await till.renew()
    assert (leases.current, leases.households) == (False, [])
    # It no longer counts among the machines that share the points.
    other = await add_till(till.town, "后台")
    assert by_card(till.town, await other.read_leases())[""] == 100


async def test_leases_are_for_kiosks_with_a_key(till: Till) -> None:
    await as_owner(till.town, "update kiosk_enrolment set public_key = null")
    async with till.device() as http:
        problem(await http.post("/v1/till/leases"), 400, "no-key")
    async with till.town.staff("office") as http:
        problem(await http.post("/v1/till/leases"), 401, "device-unknown")


async def test_leases_go_where_a_household_shops(till: Till, household: UUID) -> None:
    town = till.town
    other = await add_till(town, "后台")
    await other.sign_in()
    (await other.redeem(UUID(int=1), town.card, ("soap", 2))).raise_for_status()
    assert by_card(town, await till.read_leases()) == {"poor_": 1}
    assert by_card(town, await other.read_leases())[""] == 90
    (await other.redeem(UUID(int=2), town.card, ("soap", 2), leased=10)).raise_for_status()
    other.write_return(household, 80)
    other.write_opening()
    await other.settle()
    (await till.redeem(UUID(int=3), town.card, ("soap", 4))).raise_for_status()
    # Two of three times it came to the other one.
    assert by_card(town, await till.read_leases())[""] == 20
    assert by_card(town, await other.read_leases())[""] == 40
    town.clock.travel(town.clock.now() + timedelta(days=91))
    await other.renew()
    # So long ago nothing counts any more.
    assert by_card(town, await till.read_leases())[""] == 20
    assert [each.give_back for each in (await other.renew()).households if each.household == household] == [10]


async def test_a_machine_not_heard_of_for_days_divides_nothing(till: Till) -> None:
    town = till.town
    other = await add_till(town, "后台")
    await other.renew()
    assert by_card(town, await till.read_leases())[""] == 50
    await town.award("hp-1", 40)
    town.clock.travel(town.clock.now() + timedelta(days=3, seconds=1))
    # What it holds stays with it: only its own word or a person brings it back.
    assert by_card(town, await till.read_leases())[""] == 90
    assert await read_escrow(town, other, "hp-1") == 50
    await sign_in(town, "office")
    async with town.staff("office") as http:
        policy = {"most": 200, "days": 7, "idle_days": 10}
        (await http.put(f"/v1/kiosks/{other.id}/lease-policy", json=policy)).raise_for_status()
    [asked] = [each for each in (await till.renew()).households if each.points == 90]
    assert asked.give_back == 20
