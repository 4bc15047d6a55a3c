"""A household without its card is served on its PIN or on a witness's word."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from api.registry.people.queries import find_staff_by_login
from api.shop.kiosks.attendants import link_household
from tests.api.asking import problem, rows
from tests.api.awards.claims.conftest import hire
from tests.api.desk.households.conftest import done
from tests.api.shop.identification.conftest import (
    BY_PIN,
    BY_WITNESS,
    CARD_PIN,
    RICE,
    SOAP,
    WITNESS_PIN,
    Till,
    attendant,
)
from tests.api.shop.promises.conftest import restock
from tests.conftest import NOW


async def test_its_pin_serves_as_its_card_would(till: Till) -> None:
    household = await till.find("王建国")
    answer = (await till.identify(household, **BY_PIN)).raise_for_status().json()
    assert answer["identified"] == {"by": "pin", "witness": ""}
    by_card = (await till.http.get(f"/v1/cards/{till.town.card}")).json()
    assert answer["view"] == by_card | {"pin_above": None}
    assert (await till.http.get(f"/v1/cards/{answer['token']}")).json() == answer["view"]
    # Above the card's threshold, without the PIN being asked again.
    receipt = (await till.redeem(answer["token"], RICE)).raise_for_status().json()
    assert (receipt["points"], receipt["balance"], receipt["identified"]) == (50, 50, answer["identified"])
    by_card = (await till.redeem(till.town.card, SOAP)).json()
    assert "identified" not in by_card


async def test_a_witness_serves_but_is_no_pin(till: Till) -> None:
    token = await till.identified("王建国", **BY_WITNESS)
    assert (await till.http.get(f"/v1/cards/{token}")).json()["pin_above"] == 20
    receipt = (await till.redeem(token, SOAP)).raise_for_status().json()
    assert receipt["identified"] == {"by": "witness", "witness": "吴管理员"}
    problem(await till.redeem(token, RICE), 403, "pin-needed")
    problem(await till.redeem(token, ("soap", 9, 5), pin="000000"), 403, "wrong-card-pin")
    assert (await till.redeem(token, ("soap", 9, 5), pin=CARD_PIN)).status_code == 200


async def test_the_page_and_the_books_say_how(till: Till) -> None:
    by_pin = (await till.redeem(await till.identified("王建国", **BY_PIN), SOAP)).json()
    await till.redeem(await till.identified("王建国", **BY_WITNESS), SOAP)
    page = (await till.http.get(f"/c/{till.town.card}")).text
    assert "兑换 肥皂 1 件，没带卡，凭密码领取" in page
    assert "兑换 肥皂 1 件，没带卡，由吴管理员证明" in page
    told = "select metadata -> 'identified' from ledger.transaction where id = cast(:id as uuid)"
    assert await rows(till.town, told, id=by_pin["id"]) == [({"by": "pin", "witness": ""},)]
    # Only the hash of a token is kept.
    assert await rows(till.town, "select count(*) from identification where witness is null") == [(1,)]


async def test_a_retry_gets_the_first_receipt_again_however_late(till: Till) -> None:
    token, id = await till.identified("王建国", **BY_WITNESS), uuid7()
    first, second = await asyncio.gather(*(till.redeem(token, SOAP, id=id) for _ in range(2)))
    assert first.raise_for_status().json() == second.raise_for_status().json()
    till.town.clock.travel(NOW + timedelta(minutes=6))
    assert (await till.redeem(token, SOAP, id=id)).json() == first.json()
    problem(await till.redeem(token, SOAP), 410, "identification-over")
    problem(await till.http.get(f"/v1/cards/{token}"), 410, "identification-over")
    problem(await till.redeem(token, ("soap", 2, 5), id=id), 409, "conflict")
    # It is the card's request: with the card it is the same one.
    assert (await till.redeem(till.town.card, SOAP, id=id)).json() == first.json()
    assert await rows(till.town, "select count(*) from redemption where identification is not null") == [(1,)]


async def test_an_identification_is_asked_for_again_without_a_second_one(till: Till) -> None:
    household, id = await till.find("王建国"), uuid7()
    answers = await asyncio.gather(*(till.identify(household, id, **BY_WITNESS) for _ in range(3)))
    assert len({answer.raise_for_status().json()["token"] for answer in answers}) == 1
    assert await rows(till.town, "select count(*) from identification") == [(1,)]
    problem(await till.identify(household, id, **BY_PIN), 409, "conflict")
    problem(await till.identify(await till.find("李秀英"), id, **BY_WITNESS), 409, "conflict")
    named = {"witness": {"pin": WITNESS_PIN, "attendant": await attendant(till.town, "陈管理员")}}
    problem(await till.identify(household, id, **named), 409, "conflict")
    till.town.clock.travel(NOW + timedelta(minutes=5))
    problem(await till.identify(household, id, **BY_WITNESS), 410, "identification-over")


async def test_it_counts_at_its_kiosk_and_in_its_shift_alone(till: Till, other: Till) -> None:
    token = await till.identified("王建国", **BY_WITNESS)
    problem(await other.redeem(token, SOAP), 410, "identification-over")
    problem(await other.http.get(f"/v1/cards/{token}"), 410, "identification-over")
    await till.sign_in(till.town.pin)
    problem(await till.redeem(token, SOAP), 410, "identification-over")
    problem(await till.http.get(f"/v1/cards/{token}"), 410, "identification-over")


async def test_the_household_page_knows_no_such_card(till: Till) -> None:
    token = await till.identified("王建国", **BY_PIN)
    assert (await till.http.get(f"/c/{token}")).status_code == 404


@pytest.mark.parametrize("by", [{}, BY_PIN | BY_WITNESS])
async def test_one_of_both_vouches(till: Till, by: dict[str, object]) -> None:
    problem(await till.identify(await till.find("王建国"), **by), 400, "malformed")


async def test_nobody_vouches_alone(till: Till) -> None:
    household = await till.find("王建国")
    problem(await till.identify(household, witness={"pin": till.town.pin}), 403, "same-person")
    own = {"pin": till.town.pin, "attendant": await attendant(till.town, "陈管理员")}
    problem(await till.identify(household, witness=own), 403, "same-person")
    async with till.town.staff("li") as li:
        ended = await attendant(till.town, "吴管理员")
        (await li.post(f"/v1/attendants/{ended}/end", json={"reason": "不做了"})).raise_for_status()
    problem(await till.identify(household, **BY_WITNESS), 401, "wrong-pin")
    problem(await till.identify(household, witness={"pin": WITNESS_PIN, "attendant": ended}), 404, "unknown")
    assert await rows(till.town, "select count(*) from identification") == [(0,)]


async def test_a_witness_who_is_ended_vouches_no_more(till: Till) -> None:
    token = await till.identified("王建国", **BY_WITNESS)
    async with till.town.staff("li") as li:
        ended = await attendant(till.town, "吴管理员")
        (await li.post(f"/v1/attendants/{ended}/end", json={"reason": "不做了"})).raise_for_status()
    problem(await till.redeem(token, SOAP), 410, "identification-over")


async def test_wrong_pins_lock(till: Till) -> None:
    household = await till.find("王建国")
    for left in (4, 3, 2, 1, 0):
        extra = problem(await till.identify(household, card_pin="000000"), 403, "wrong-card-pin")
        assert extra["left"] == left
    problem(await till.identify(household, **BY_PIN), 423, "card-pin-locked")
    witness = {"pin": "0000", "attendant": await attendant(till.town, "吴管理员")}
    for _ in range(5):
        problem(await till.identify(household, witness=witness), 401, "wrong-pin")
    problem(await till.identify(household, witness=witness | {"pin": WITNESS_PIN}), 423, "pin-locked")


async def test_without_a_pin_or_a_card_there_is_nothing_to_vouch_for(till: Till) -> None:
    poor = await till.find("李秀英")
    problem(await till.identify(poor, card_pin="1357"), 400, "no-pin")
    async with till.town.staff("li") as li:
        (await li.post("/v1/households/hp-2/card/freeze", json={"reason": "丢了"})).raise_for_status()
        problem(await till.identify(poor, **BY_WITNESS), 423, "card-frozen")
        (await li.delete("/v1/households/hp-2/card")).raise_for_status()
        problem(await till.identify(poor, **BY_WITNESS), 409, "wrong-state")


async def test_ones_own_and_a_relatives_household_is_others_matter(till: Till) -> None:
    """Of whoever serves, and of whoever vouches: their own, what was merged with it, and what somebody who lives
    there declared to be a relative's."""
    await hire(till.town, "spouse", "grid-member", household="hp-4")
    async with till.town.staff("office") as office:
        (await office.put("/v1/people/spouse/relatives/hp-2")).raise_for_status()
    own, relatives, others = [await till.find(name) for name in ("刘芳", "李秀英", "王建国")]
    town = till.town.town
    async with town.unit_of_work() as uow:
        li = await find_staff_by_login(uow, "li")
    assert li is not None
    for name in ("吴管理员", "陈管理员"):
        id = UUID(await attendant(till.town, name))
        await link_household(town, li, id, "hp-4")
        for household in (own, relatives):
            problem(await till.identify(household, **BY_WITNESS), 403, "not-allowed")
        assert (await till.identify(others, **BY_WITNESS)).status_code == 200
        await link_household(town, li, id, "")
    assert (await till.identify(own, **BY_WITNESS)).status_code == 200
    # Freezing one's own lost card is no favour.
    assert (await till.http.post("/v1/till/frozen-cards", json={"household": own, "reason": "丢了"})).is_success


async def test_nobody_collects_for_a_household_without_its_card(till: Till) -> None:
    token = await till.identified("王建国", **BY_PIN)
    problem(await till.redeem(token, SOAP, collector=till.town.poor_card), 403, "not-allowed")
    problem(await till.redeem(till.town.poor_card, SOAP, collector=token), 404, "card-unknown")


async def test_a_card_that_changes_in_between_takes_it_along(till: Till) -> None:
    async with till.town.staff("li") as li:
        token = await till.identified("王建国", **BY_PIN)
        (await li.post("/v1/households/hp-1/card/freeze", json={"reason": "丢了"})).raise_for_status()
        problem(await till.redeem(token, SOAP), 423, "card-frozen")
        (await li.post("/v1/households/hp-1/card/unfreeze", json={"reason": "找到"})).raise_for_status()
        assert (await till.redeem(token, SOAP)).status_code == 200
        [new] = (await li.post("/v1/cards", json={"households": ["hp-1"]})).json()
    problem(await till.redeem(token, SOAP), 410, "card-revoked")
    assert (await till.redeem(new["token"], SOAP)).status_code == 200


async def test_a_household_that_merges_or_ends_in_between_gets_nothing(till: Till) -> None:
    """Also where its card goes on as another's: it was vouched for this one."""
    token = await till.identified("王建国", **BY_PIN)
    (await done(till.town, "hp-1", "merge", into="hp-4", card_goes_on=True)).raise_for_status()
    problem(await till.redeem(token, SOAP), 410, "identification-over")
    problem(await till.http.get(f"/v1/cards/{token}"), 410, "identification-over")
    assert (await till.redeem(till.town.card, SOAP)).status_code == 200
    token = await till.identified("李秀英", **BY_WITNESS)
    (await done(till.town, "hp-2", "end")).raise_for_status()
    problem(await till.redeem(token, SOAP), 410, "household-ended")
    assert await rows(till.town, "select count(*) from redemption where identification is not null") == [(0,)]


async def test_promises_are_made_collected_and_cancelled_without_the_card(till: Till) -> None:
    token = await till.identified("王建国", **BY_WITNESS)
    wanted = {"card": token, "product": "brush", "quantity": 1, "price": 10}
    kept, dropped = (f"/v1/promises/{uuid7()}" for _ in range(2))
    for path in (kept, dropped):
        assert (await till.http.put(path, json=wanted)).status_code == 200
    cancelled = {"card": token, "reason": "不要了"}
    assert (await till.http.post(f"{dropped}/cancel", json=cancelled)).status_code == 204
    await restock(till.town, 1)
    till.town.clock.travel(NOW + timedelta(minutes=5))
    problem(await till.http.put(f"{kept}/collection", json={"card": token}), 410, "identification-over")
    token = await till.identified("王建国", **BY_WITNESS)
    receipt = (await till.http.put(f"{kept}/collection", json={"card": token})).raise_for_status().json()
    assert (receipt["points"], receipt["identified"]["witness"]) == (10, "吴管理员")
    # Again with the card: it is the same collection.
    assert (await till.http.put(f"{kept}/collection", json={"card": till.town.card})).json() == receipt
    # It counts against the day.
    problem(await till.redeem(token, ("soap", 9, 5), pin=""), 403, "pin-needed")
    assert (await till.redeem(token, ("soap", 4, 5))).status_code == 200
    assert (await till.redeem(token, ("soap", 4, 5))).status_code == 200
    problem(await till.redeem(token, SOAP), 409, "witnessed-full")
