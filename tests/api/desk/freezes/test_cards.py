"""A card that supervisors have frozen: nothing is had with it, its page says why, and lifted it works."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import httpx
import pytest
from uuid_utils.compat import uuid7

from tests.api.asking import a_redemption, order, problem, rows, sign_in
from tests.api.awards.claims.conftest import days_pass, hire
from tests.api.desk.freezes.conftest import WHY, freeze, in_days, kept, lift, order_of, send
from tests.api.shop.offline.till import Till
from tests.api.web.browser import browsing
from tests.conftest import LiveTown

SOAP = ("soap", 1, 5)
SENTENCE = f"由村监委从 2026年6月15日起冻结，解除以前不能用。原因：{WHY}。"


async def redeem(town: LiveTown, card: str, **more: Any) -> httpx.Response:
    async with town.device(await town.shift()) as http:
        return await http.put(a_redemption(), json=order(card, SOAP) | more)


async def test_nobody_gets_anything_with_it_and_its_points_stay(town: LiveTown) -> None:
    id = await freeze(town, "card", "hp-1")
    answer = await redeem(town, town.card)
    problem(answer, 423, "card-suspended")
    assert answer.json()["detail"] == f"这张卡{SENTENCE}积分不会少；有不清楚的，请找监委。"
    problem(await redeem(town, town.poor_card, collector=town.card), 423, "card-suspended")
    async with town.device(await town.shift()) as http:
        problem(await http.get(f"/v1/cards/{town.card}"), 423, "card-suspended")
        promise = {"card": town.card, "product": "brush", "quantity": 1, "price": 10}
        problem(await http.put(f"/v1/promises/{uuid7()}", json=promise), 423, "card-suspended")
        [found] = (await http.get("/v1/till/households", params={"text": "王建国"})).json()
        asked = {"household": found["household"], "card_pin": "2468"}
        problem(await http.put(f"/v1/till/identifications/{uuid7()}", json=asked), 423, "card-suspended")
        # For a till without the network there is no such card from its next contact on.
        leased = (await http.post("/v1/till/leases")).json()["households"]
        assert [one["name"] for one in leased] == ["李**", "张*", "刘*"]
    async with browsing(town) as household:
        page = await household.open(f"/c/{town.card}")
        assert household.page.status_code == 200
        assert "100 分 卡冻结着，先不能用" in page
        assert "由村监委从 2026年6月15日起冻结，解除以前不能兑换、自己申报、提异议、改密码。" in page
        assert "有不清楚的，请找监委" in page
        assert SENTENCE in await household.send(f"/c/{town.card}/pin", pin="8531", again="8531", above="20")
        assert SENTENCE in await household.open(f"/c/{town.card}/declare")
    async with browsing(town, "li") as li:
        assert WHY in await li.open("/desk/cards/hp-1")
        assert "监委冻结" in await li.open("/desk/households/hp-1")
    assert (await lift(town, id)).status_code == 204
    async with town.device() as http:
        assert (await http.get(f"/v1/cards/{town.card}")).json()["balance"] == 100
    assert (await redeem(town, town.card)).status_code == 200


async def test_it_works_again_after_its_day(town: LiveTown) -> None:
    await freeze(town, "card", "hp-1", ends_on=in_days(town, 1))
    await days_pass(town, 1)
    problem(await redeem(town, town.card), 423, "card-suspended")
    await days_pass(town, 1)
    assert (await redeem(town, town.card)).status_code == 200


async def test_its_neighbours_in_a_batch_are_served(town: LiveTown) -> None:
    await freeze(town, "card", "hp-2")
    async with town.device(await town.shift()) as http:
        answers = await asyncio.gather(
            *(http.put(a_redemption(), json=order(card, SOAP)) for card in (town.poor_card, town.card))
        )
    assert [answer.status_code for answer in answers] == [423, 200]


async def test_a_new_card_doesnt_get_around_it(town: LiveTown) -> None:
    id = await freeze(town, "card", "hp-1")
    async with town.staff("li") as http:
        for _ in range(2):
            problem(await http.post("/v1/cards", json={"households": ["hp-1"]}), 423, "card-suspended")
            # Also if its card is said to be lost.
            assert (await http.delete("/v1/households/hp-1/card")).status_code == 204
        assert (await lift(town, id)).status_code == 204
        assert (await http.post("/v1/cards", json={"households": ["hp-1"]})).status_code == 201


async def test_nobody_freezes_or_lifts_for_their_own_kin_or_another_village(town: LiveTown) -> None:
    async with town.staff("office") as http:
        (await http.post("/v1/villages", json=[{"code": "ss", "name": "上沙村"}])).raise_for_status()
        (await http.put("/v1/people/qian/relatives/hp-1")).raise_for_status()
    await hire(town, "elsewhere", "supervisor", village="ss")
    for by, household in (("qian", "hp-1"), ("elsewhere", "hp-1"), ("li", "hp-2")):
        problem(await send(town, by, order_of("card", household)), 403, "not-allowed")
    problem(await send(town, "qian", order_of("card", "hp-99")), 404, "unknown")
    problem(await send(town, "qian", order_of("card", "hp-2", village="hp")), 400, "malformed")
    assert await kept(town) == []
    await sign_in(town, "tan")
    id = await freeze(town, "card", "hp-1", by="tan")
    answer = await lift(town, id)
    problem(answer, 403, "not-allowed")
    assert "亲属" in answer.json()["detail"]
    assert (await lift(town, id, by="tan")).status_code == 204


@pytest.fixture
async def till(town: LiveTown) -> Till:
    till = Till(town, town.kiosk)
    await till.sign_in()
    return till


async def test_what_was_sold_before_the_till_heard_of_it_is_booked_and_told(till: Till) -> None:
    town = till.town
    [(household,)] = await rows(town, "select id from household where code = 'hp-1'")
    await till.renew()
    till.write_sale(town.card, UUID(str(household)), ("soap", 1), leased=5)
    await days_pass(town, 0.01)
    await freeze(town, "card", "hp-1")
    await days_pass(town, 0.01)
    till.write_sale(town.card, UUID(str(household)), ("soap", 1), leased=5)
    outcomes = (await till.settle()).outcomes
    assert [each.status for each in outcomes] == ["known", "settled", "settled"]
    assert [each.remark for each in outcomes][1:] == ["", "用的是监委冻结了的户卡。"]
