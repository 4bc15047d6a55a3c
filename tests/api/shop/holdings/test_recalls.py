"""What another kiosk holds of a household is recalled when it is needed, and comes back by its own word."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import UUID

import httpx
import pytest
from uuid_utils.compat import uuid7

from api import wire
from api.platform.errors import ErrorCode, Refused
from api.shop.holdings.recalls import answer
from api.shop.kiosks.escrow import lease_return
from api.shop.redemptions.facts import RedemptionRequest
from api.shop.redemptions.use_cases import recall_missing, redeem
from ledger.transactions import TransactionId
from tests.api.asking import problem, rows
from tests.api.shop.holdings.conftest import DEAR, TwoTills, ask, read_held, read_recalls, return_all
from tests.api.shop.offline.till import PRICES, Till, add_till, end_enrolment, read_account, read_escrow
from tests.api.shop.promises.conftest import promise_body, promise_path
from tests.api.web.browser import browsing


async def buy(till: Till, id: UUID | None = None) -> httpx.Response:
    return await till.redeem(id or uuid7(), till.town.card, *DEAR, leased=85)


async def test_a_household_spends_at_one_till_what_another_holds(tills: TwoTills) -> None:
    front, back, id = tills.front, tills.back, uuid7()
    await ask(back)
    extra = problem(await buy(front, id), 409, "insufficient-points")
    assert (extra["missing"], extra["recalled"]) == (24, 61)
    [held] = extra["held"]
    assert (held["place"], held["points"], held["online"]) == ("东台", 61, True)
    assert await read_recalls(back) == {tills.household: 61}
    # Nothing has moved by the server's word alone.
    assert await read_escrow(tills.town, back, "hp-1") == 61
    await return_all(back)
    assert await read_recalls(back) == {}
    receipt = (await buy(front, id)).raise_for_status().json()
    assert (receipt["points"], receipt["leased"], receipt["balance"]) == (85, 24, 37)
    assert (await buy(front, id)).json() == receipt


async def test_a_kiosk_that_waits_hears_of_a_recall_at_once(tills: TwoTills) -> None:
    known = (await ask(tills.back)).headers["etag"]
    waiting = asyncio.create_task(ask(tills.back, known, wait=20))
    soon = tills.town.clock.now() + timedelta(seconds=20)
    while (await rows(tills.town, "select listening_until from kiosk_listener"))[0][0] < soon:
        pass
    problem(await buy(tills.front), 409, "insufficient-points")
    async with asyncio.timeout(10):
        heard = await waiting
    assert [each["points"] for each in heard.json()["recalls"]] == [61]
    assert heard.headers["etag"] != known
    # Asked again, it has something to look at again: it may have been in the middle of a sale.
    problem(await buy(tills.front), 409, "insufficient-points")
    assert (await ask(tills.back)).headers["etag"] not in (known, heard.headers["etag"])


async def test_a_kiosk_waits_once_and_not_for_ever(tills: TwoTills) -> None:
    known = (await ask(tills.back)).headers["etag"]
    assert (await ask(tills.back, known, wait=0.01)).status_code == 304
    first, second = [asyncio.create_task(ask(tills.back, known, wait=20)) for _ in range(2)]
    async with asyncio.timeout(10):
        done, [open_one] = await asyncio.wait((first, second), return_when=asyncio.FIRST_COMPLETED)
    assert [each.result().status_code for each in done] == [304]
    assert (await ask(tills.back, known, wait=0.01)).status_code == 304
    async with asyncio.timeout(10):
        assert (await open_one).status_code == 304


@pytest.mark.parametrize("wait", [-1, 21, "soon"])
async def test_nobody_waits_longer_than_a_request_may_take(tills: TwoTills, wait: object) -> None:
    async with tills.back.device() as http:
        assert (await http.get(f"/v1/till/recalls?wait={wait}")).status_code == 400
    async with tills.town.staff("office") as http:
        problem(await http.get("/v1/till/recalls"), 401, "device-unknown")


async def test_where_a_kiosk_is_not_online_what_it_holds_is_told(tills: TwoTills) -> None:
    front, town = tills.front, tills.town
    refused = await buy(front)
    extra = problem(refused, 409, "insufficient-points")
    assert (extra["missing"], extra["recalled"]) == (24, 0)
    [held] = extra["held"]
    assert (held["place"], held["points"], held["online"]) == ("东台", 61, False)
    assert held["until"][:10] == (town.clock.now() + timedelta(days=7)).isoformat()[:10]
    assert refused.json()["detail"] == "积分不够，还差 24 分；另有 61 分留在东台，没有联网，现在交不回来。"
    # What is available can be had, and the receipt tells all that the household has.
    receipt = (await front.redeem(uuid7(), town.card, ("rice", 1), leased=50)).raise_for_status().json()
    assert (receipt["points"], receipt["balance"]) == (50, 72)
    async with browsing(town) as browser:
        page = await browser.open(f"/c/{town.card}")
    assert "72 分 现在可以用" in page
    assert "其中 61 分留在河畔村积美超市东台，它现在没有联网" in page
    assert await read_recalls(tills.back) == {}


async def test_a_kiosk_not_heard_of_for_seconds_is_not_waited_for(tills: TwoTills) -> None:
    town = tills.town
    await ask(tills.back)
    async with tills.front.device() as http:
        shown = (await http.get(f"/v1/cards/{town.card}?held=true")).json()
        assert (shown["balance"], shown["elsewhere"]) == (61, 61)
        assert [(each["place"], each["online"]) for each in shown["held"]] == [("东台", True)]
        # Kiosks from before refuse what they don't know.
        assert "held" not in (await http.get(f"/v1/cards/{town.card}")).json()
        town.clock.travel(town.clock.now() + timedelta(seconds=30))
        assert not (await http.get(f"/v1/cards/{town.card}?held=true")).json()["held"][0]["online"]
    assert problem(await buy(tills.front), 409, "insufficient-points")["recalled"] == 0


async def test_nothing_is_recalled_in_vain(tills: TwoTills) -> None:
    await ask(tills.back)
    answer = await tills.front.redeem(uuid7(), tills.town.card, ("rice", 4), leased=200)
    extra = problem(answer, 409, "insufficient-points")
    assert (extra["missing"], extra["recalled"]) == (78, 0)
    assert answer.json()["detail"] == "积分不够，还差 78 分。"
    assert await read_recalls(tills.back) == {}


async def test_a_recall_is_over_when_nobody_repeats_it(tills: TwoTills) -> None:
    town = tills.town
    await ask(tills.back)
    problem(await buy(tills.front), 409, "insufficient-points")
    town.clock.travel(town.clock.now() + timedelta(seconds=11))
    assert await read_recalls(tills.back) == {}


async def test_of_two_that_recall_from_each_other_the_first_is_served(tills: TwoTills) -> None:
    front, back, id = tills.front, tills.back, uuid7()
    for each in (front, back):
        await ask(each)
    answers = [problem(await buy(till, id), 409, "insufficient-points") for till in (front,)]
    refused = await buy(back)
    answers.append(problem(refused, 409, "insufficient-points"))
    assert [each["recalled"] for each in answers] == [61, 0]
    assert refused.json()["detail"] == "这户正在另一台终端兑换，请等那边办完再确认。"
    assert await read_recalls(front) == {}
    await return_all(back)
    assert (await buy(front, id)).json()["balance"] == 37
    assert problem(await buy(back), 409, "insufficient-points")["missing"] == 48


async def test_two_that_recall_at_the_same_moment_are_served_in_turn(tills: TwoTills) -> None:
    for each in (tills.front, tills.back):
        await ask(each)
    answers = await asyncio.gather(buy(tills.front), buy(tills.back))
    assert sorted(problem(each, 409, "insufficient-points")["recalled"] for each in answers) == [0, 61]


async def test_points_on_their_way_are_not_leased_to_anybody_else(tills: TwoTills) -> None:
    town, back = tills.town, tills.back
    third = await add_till(town, "西台")
    await ask(back)
    problem(await buy(tills.front), 409, "insufficient-points")
    # Also a program that only ever renews gives back what is recalled.
    [told] = [each for each in (await back.renew()).households if each.household == tills.household]
    assert (told.points, told.give_back) == (61, 61)
    await return_all(back)
    assert await read_held(third, tills.household) == 0
    assert await read_held(back, tills.household) == 0
    assert (await buy(tills.front)).status_code == 200


async def test_neither_an_ended_nor_a_forked_machine_is_asked(tills: TwoTills) -> None:
    town, back = tills.town, tills.back
    twin = back.clone()
    await ask(back)
    back.write_return(tills.household, 1)
    twin.write_return(tills.household, 2)
    await back.settle()
    await twin.settle()
    extra = problem(await buy(tills.front), 409, "insufficient-points")
    assert (extra["recalled"], extra["held"][0]["points"], extra["held"][0]["online"]) == (0, 60, False)
    assert (await ask(back)).json()["recalls"] == []
    await end_enrolment(town, back)
    assert (await buy(tills.front)).json()["balance"] == 37


async def test_a_promise_recalls_too(tills: TwoTills) -> None:
    front, back, path = tills.front, tills.back, promise_path()
    front.write_return(tills.household, 61)
    await front.settle()
    await ask(back)
    body = promise_body(tills.town.card, quantity=8)
    async with front.device() as http:
        extra = problem(await http.put(path, json=body), 409, "insufficient-points")
        assert (extra["missing"], extra["recalled"]) == (19, 61)
        await return_all(back)
        slip = (await http.put(path, json=body)).raise_for_status().json()
    assert (slip["line"]["points"], slip["balance"]) == (80, 42)


async def test_a_kiosk_returns_what_it_can_spare(tills: TwoTills) -> None:
    """What it sold without the network keeps its cover, whatever it is asked for."""
    town, front, back = tills.town, tills.front, tills.back
    back.write_opening()
    back.write_sale(town.card, tills.household, ("laundry", 2), leased=40)
    await ask(back)
    problem(await buy(front), 409, "insufficient-points")
    back.write_return(tills.household, 21)
    assert await back.settle_statuses() == ["known", "known", "settled", "settled"]
    extra = problem(await buy(front), 409, "insufficient-points")
    assert extra == {"missing": 3}
    assert await read_account(town, "household:hp-1") == 21
    assert await read_escrow(town, front, "hp-1") == 61


async def test_points_that_arrive_just_after_the_refusal_are_told(tills: TwoTills) -> None:
    front, back, town = tills.front, tills.back, tills.town
    back.write_return(tills.household, 61)
    await back.settle()
    lines = [wire.RedemptionLine(product=p, quantity=n, price=PRICES[p][1]) for p, n in DEAR]
    content = wire.Redemption(card=town.card, lines=lines, leased=61)
    request = RedemptionRequest.from_wire(front.machine.token, front.token, uuid7(), content)
    refused = Refused(ErrorCode.INSUFFICIENT_POINTS, "积分不够，还差 24 分。", missing=24)
    told = await recall_missing(town.town, request, refused)
    assert (told.code, told.extra["recalled"]) == ("insufficient-points", 24)
    assert (await redeem(town.town, request)).balance == 37


async def test_a_return_that_is_being_settled_leaves_no_recall_behind(tills: TwoTills) -> None:
    """Else the kiosk that has returned everything would be told to wait for the other one."""
    front, back, town = tills.front, tills.back, tills.town
    await ask(back)
    lines = [wire.RedemptionLine(product=p, quantity=n, price=PRICES[p][1]) for p, n in DEAR]
    content = wire.Redemption(card=town.card, lines=lines, leased=61)
    request = RedemptionRequest.from_wire(front.machine.token, front.token, uuid7(), content)
    refused = Refused(ErrorCode.INSUFFICIENT_POINTS, "积分不够，还差 24 分。", missing=24)
    waiting = "select pid from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
    async with town.town.unit_of_work() as settling:
        returned = lease_return(TransactionId(uuid7()), "hp-1", back.id, 1, 61, str(back.id), "终端退回")
        [posted] = await settling.books.post([returned], settling.now)
        assert posted.accepted
        await answer(settling, back.id, 1, tills.household, 61)
        asking = asyncio.create_task(recall_missing(town.town, request, refused))
        while not asking.done() and not await rows(town, waiting):
            await asyncio.sleep(0)
    await asking
    assert await read_recalls(back) == {}
