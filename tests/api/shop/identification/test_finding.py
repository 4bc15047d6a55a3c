"""A household whose card isn't there is found at the till, and a lost card frozen."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest

from api.shop.identification.finding import SEARCHES
from tests.api.asking import a_redemption, order, problem, rows
from tests.api.bookkeeping.general_ledger.conftest import neighbours
from tests.api.desk.households.conftest import done
from tests.conftest import NOW, LiveTown

LOST = "户主说赶集时丢了"


async def find(till: httpx.AsyncClient, text: str) -> list[dict[str, Any]]:
    answer = await till.get("/v1/till/households", params={"text": text})
    found: list[dict[str, Any]] = answer.raise_for_status().json()
    return found


async def freeze(till: httpx.AsyncClient, household: str, reason: str = LOST) -> httpx.Response:
    return await till.post("/v1/till/frozen-cards", json={"household": household, "reason": reason})


@pytest.mark.parametrize("text", ["王建国", "建国", "wjg", "wangjianguo", "hp-1", "第一网格 王建"])
async def test_a_household_is_found_by_what_its_people_say(town: LiveTown, text: str) -> None:
    async with town.device(await town.shift()) as till:
        [found] = await find(till, text)
    household = found.pop("household")
    assert await rows(town, "select code from household where id = cast(:id as uuid)", id=household) == [("hp-1",)]
    assert found == {
        "name": "王**",
        "village": "河畔村",
        "grid": "第一网格",
        "code_end": "hp-1",
        "has_card": True,
        "frozen": False,
        "has_pin": False,
    }


async def test_those_of_other_villages_and_those_that_ended_are_not_found(town: LiveTown) -> None:
    await neighbours(town)
    async with town.device(await town.shift()) as till:
        assert [each["code_end"] for each in await find(till, "第一网格")] == ["hp-1", "hp-2", "hp-3", "hp-4"]
        assert await find(till, "ss-1") == []
        await done(town, "hp-2", "end")
        assert [each["code_end"] for each in await find(till, "第一网格")] == ["hp-1", "hp-3", "hp-4"]


@pytest.mark.parametrize("text", ["", "王", " 王 ", "12", "１２", "·1"])
async def test_too_little_finds_nobody(town: LiveTown, text: str) -> None:
    async with town.device(await town.shift()) as till:
        problem(await till.get("/v1/till/households", params={"text": text}), 400, "malformed")


async def test_no_more_than_nine_are_told(town: LiveTown) -> None:
    many = [
        {"code": f"hp-9{n:02}", "village": "hp", "grid": "hp-1", "head": "王小明", "people": 1} for n in range(12)
    ]
    async with town.staff("office") as office, town.device(await town.shift()) as till:
        (await office.post("/v1/households", json=many)).raise_for_status()
        found = await find(till, "王小明")
        assert [each["code_end"] for each in found] == [f"-9{n:02}" for n in range(9)]
        assert [each["has_card"] for each in found] == [False] * 9


async def test_a_till_cannot_copy_the_register(town: LiveTown) -> None:
    async with town.device(await town.shift()) as till:
        answers = [
            await till.get("/v1/till/households", params={"text": "王建国"}) for _ in range(SEARCHES.max_failures)
        ]
        assert {answer.status_code for answer in answers} == {200}
        refused = await till.get("/v1/till/households", params={"text": "王建国"})
        problem(refused, 429, "too-many")
        assert int(refused.headers["Retry-After"]) == SEARCHES.duration.total_seconds()
    async with town.device(await town.shift()) as till:
        problem(await till.get("/v1/till/households", params={"text": "王建国"}), 429, "too-many")
        town.clock.travel(NOW + timedelta(hours=1, minutes=1))
        assert len(await find(till, "王建国")) == 1


async def test_without_a_shift_nobody_is_found_and_nothing_is_frozen(town: LiveTown) -> None:
    async with town.device(await town.shift()) as till:
        [found] = await find(till, "王建国")
    async with town.device() as till:
        problem(await till.get("/v1/till/households", params={"text": "王建国"}), 401, "shift-closed")
        problem(await freeze(till, found["household"]), 401, "shift-closed")


async def test_a_card_frozen_at_the_till_works_nowhere_any_more(town: LiveTown) -> None:
    async with town.device(await town.shift()) as till:
        [found] = await find(till, "王建国")
        answers = await asyncio.gather(*(freeze(till, found["household"]) for _ in range(3)))
        assert [answer.status_code for answer in answers] == [204] * 3
        assert (await find(till, "王建国"))[0]["frozen"]
        problem(await till.get(f"/v1/cards/{town.card}"), 423, "card-frozen")
        problem(await till.put(a_redemption(), json=order(town.card, ("soap", 1, 5))), 423, "card-frozen")
        leased = (await till.post("/v1/till/leases")).json()["households"]
        assert [each["name"] for each in leased] == ["李**", "张*", "刘*"]
    # Once, by the attendant.
    events = "select kind, recorded_by, person is null, attendant is not null, reason from card_event"
    assert await rows(town, events) == [("frozen", "陈管理员", True, True, LOST)]
    async with town.staff("li") as http:
        (await http.post("/v1/households/hp-1/card/unfreeze", json={"reason": "找到了"})).raise_for_status()
    async with town.device(await town.shift()) as till:
        assert (await till.get(f"/v1/cards/{town.card}")).status_code == 200


async def test_only_cards_of_the_village_are_frozen_here(town: LiveTown) -> None:
    await neighbours(town)
    [(stranger,)] = await rows(town, "select id from household where village <> 'hp' limit 1")
    async with town.device(await town.shift()) as till:
        problem(await freeze(till, str(stranger)), 404, "unknown")
        [found] = await find(till, "王建国")
        async with town.staff("li") as http:
            assert (await http.delete("/v1/households/hp-1/card")).status_code == 204
        problem(await freeze(till, found["household"]), 409, "wrong-state")
        problem(await freeze(till, found["household"], " "), 400, "malformed")
