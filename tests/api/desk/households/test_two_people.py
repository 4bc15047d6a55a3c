"""Households are split, merged, ended and revived by two people; their points follow by ordinary transactions."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx

from tests.api.asking import a_redemption, order, problem, rows
from tests.api.awards.claims.conftest import hire
from tests.api.bookkeeping.exports.conftest import as_owner
from tests.api.desk.households.conftest import ask, balance, change, changes, done, show
from tests.api.shop.promises.conftest import make_promise
from tests.api.web.browser import browsing
from tests.conftest import LiveTown, run_jobs

SPLIT: dict[str, Any] = {
    "code": "hp-9",
    "head": "王小红",
    "grid": "hp-1",
    "people": 2,
    "points": 30,
    "agreed": True,
}


async def total(town: LiveTown) -> int:
    """All points of households, on tills and given to the township."""
    [found] = await rows(
        town,
        "select sum(b.posted) as points from ledger.balance b join ledger.account a using (township)"
        " where a.id = b.account and (a.name like 'household:%' or a.name like 'escrow:%')",
    )
    return int(found.points)


async def test_a_split_takes_points_and_people_along(town: LiveTown) -> None:
    before = await total(town)
    assert (await done(town, "hp-1", "split", **SPLIT)).status_code in (200, 204)
    assert (await balance(town, "hp-1"), await balance(town, "hp-9"), await total(town)) == (70, 30, before)
    assert ((await show(town, "hp-1"))["people"], (await show(town, "hp-9"))["people"]) == (2, 2)
    [told] = await changes(town, "hp-9")
    assert told["what"] == "从 hp-1 户分出，带来 30 分"
    assert (told["by"], told["confirmed_by"]) == ("乡镇办公室", "谭监委")
    async with town.staff("office") as http:
        [card] = (await http.post("/v1/cards", json={"households": ["hp-9"]})).raise_for_status().json()
    async with browsing(town) as phone:
        assert "30 分" in await phone.open(f"/c/{card['token']}")
        # Nothing that the old one has earned is earned again.
        assert "荣誉分 历年共得 0 分" in phone.text


async def test_what_no_split_is(town: LiveTown) -> None:
    problem(await ask(town, "hp-1", "split", **SPLIT | {"agreed": False}), 400, "malformed")
    problem(await ask(town, "hp-1", "split", **SPLIT | {"people": 4}), 400, "malformed")
    problem(await ask(town, "hp-1", "split", **SPLIT | {"code": "hp-2"}), 409, "already-there")
    problem(await ask(town, "hp-1", "split", **SPLIT | {"points": 101}), 409, "insufficient-points")
    problem(await ask(town, "hp-1", "split", **SPLIT | {"grid": "nowhere"}), 404, "unknown")
    problem(await ask(town, "hp-1", "split", by="wang", **SPLIT), 403, "not-allowed")


async def test_a_merged_household_goes_on_in_the_other(town: LiveTown) -> None:
    before = await total(town)
    problem(await ask(town, "hp-1", "merge", into="hp-1"), 409, "wrong-state")
    (await done(town, "hp-1", "merge", into="hp-2")).raise_for_status()
    assert (await balance(town, "hp-1"), await balance(town, "hp-2"), await total(town)) == (0, 103, before)
    assert (await show(town, "hp-1"))["became"] == "hp-2"
    async with town.device(await town.shift()) as till:
        refused = await till.put(a_redemption(), json=order(town.card, ("soap", 1, 5)))
        problem(refused, 410, "household-ended")
        assert "这户已经并入李**家" in refused.text
    async with browsing(town) as phone:
        assert "这户已经并入李**家" in await phone.open(f"/c/{town.card}")
        assert "103" in await phone.open(f"/c/{town.poor_card}")
        # Honours add up.
        assert "历年共得 103 分" in phone.text
    async with town.staff("office") as http:
        assert (await http.get("/v1/households?q=wjg")).json() == []
        [found] = (await http.get("/v1/households?q=hp-1&ended=true")).json()
        assert found["ended_at"] is not None
        problem(await http.post("/v1/cards", json={"households": ["hp-1"]}), 410, "household-ended")
    async with browsing(town, "office") as desk:
        assert "并入了 李秀英 hp-2" in await desk.open("/desk/households/hp-1")
        assert "并进来的户 王建国" in await desk.open("/desk/households/hp-2")
        assert (
            "/desk/households/hp-1/statement"
            in (await desk.open("/desk/households/hp-2/statement"), desk.page.text)[1]
        )


async def test_what_is_under_way_follows(town: LiveTown) -> None:
    """A claim that is posted later, and a redemption that is corrected, come to the remaining one."""
    async with town.device(await town.shift()) as till:
        path = a_redemption()
        (await till.put(path, json=order(town.card, ("soap", 1, 5)))).raise_for_status()
    async with town.staff("wang") as http:
        claim = {
            "id": "018f0000-0000-7000-8000-000000000001",
            "household": "hp-1",
            "rule": "T1",
            "deed_on": "2026-06-01",
            "inputs": {"points": 11},
            "again": "另一件",
        }
        (await http.post("/v1/claims", json=[claim])).raise_for_status()
    (await done(town, "hp-1", "merge", into="hp-2")).raise_for_status()
    async with town.staff("zhao") as http:
        (await http.post("/v1/claims/review", json={"claims": [claim["id"]]})).raise_for_status()
    async with town.staff("li") as http:
        (await http.post("/v1/claims/approve", json={"claims": [claim["id"]]})).raise_for_status()
    await run_jobs(town.town)
    assert (await balance(town, "hp-1"), await balance(town, "hp-2")) == (0, 3 + 95 + 11)
    # A new one is declared for the remaining household alone, and for the same deed it is told.
    async with town.staff("wang") as http:
        again = claim | {"id": "018f0000-0000-7000-8000-000000000002"}
        [outcome] = (await http.post("/v1/claims", json=[again])).json()
        assert outcome["status"] == "refused"
        assert "并入" in outcome["reason"]
        [outcome] = (await http.post("/v1/claims", json=[again | {"household": "hp-2", "again": ""}])).json()
        assert outcome["status"] == "declared-twice"
    # An award from before is corrected, though its points are with the other now.
    [award] = await rows(
        town, "select id from ledger.transaction where target = cast(:claim as uuid)", claim=claim["id"]
    )
    async with town.staff("fu") as http:
        body = [{"id": "018f0000-0000-7000-8000-000000000003", "transaction": str(award.id), "reason": "报错了"}]
        proposed = await http.post("/v1/corrections", json=body)
        assert proposed.status_code == 202, proposed.text
    async with town.staff("tan") as http:
        (await http.post(f"/v1/proposals/{proposed.json()['id']}/confirm")).raise_for_status()
    await run_jobs(town.town)
    assert (await balance(town, "hp-1"), await balance(town, "hp-2")) == (0, 3 + 95)


async def test_two_mergers_in_opposite_directions(town: LiveTown) -> None:
    proposals = [
        (await ask(town, a, "merge", into=b)).json()["id"] for a, b in (("hp-1", "hp-2"), ("hp-2", "hp-1"))
    ]
    before = await total(town)
    async with town.staff("tan") as http:
        answers: list[httpx.Response] = await asyncio.gather(
            *(http.post(f"/v1/proposals/{id}/confirm") for id in proposals)
        )
    assert sorted(each.status_code for each in answers)[-1] == 410
    assert sum(each.is_success for each in answers) == 1
    assert await total(town) == before
    living = [code for code in ("hp-1", "hp-2") if (await show(town, code))["ended_at"] is None]
    assert len(living) == 1
    assert await balance(town, living[0]) == 103


async def test_one_merger_after_another_and_back(town: LiveTown) -> None:
    before = await total(town)
    (await done(town, "hp-1", "merge", into="hp-2")).raise_for_status()
    (await done(town, "hp-2", "merge", into="hp-3")).raise_for_status()
    assert await balance(town, "hp-3") == 103
    assert (await show(town, "hp-1"))["became"] == "hp-3"
    async with browsing(town) as phone:
        assert "这户已经并入张*家" in await phone.open(f"/c/{town.card}")
        assert "历年共得 103 分" in await phone.open(f"/c/{town.empty_card}")
    # The first was wrong: it takes its own points back, and its honours.
    problem(await ask(town, "hp-1", "revive", points=104), 409, "insufficient-points")
    (await done(town, "hp-1", "revive", points=100)).raise_for_status()
    assert (await balance(town, "hp-1"), await balance(town, "hp-3"), await total(town)) == (100, 3, before)
    async with browsing(town) as phone:
        assert "历年共得 3 分" in await phone.open(f"/c/{town.empty_card}")
    problem(await ask(town, "hp-1", "revive"), 409, "wrong-state")
    assert [each["kind"] for each in await changes(town, "hp-1")] == ["revive", "merge"]


async def test_an_ended_household_keeps_its_points_or_gives_them_back(town: LiveTown) -> None:
    before = await total(town)
    (await done(town, "hp-1", "end", kept_until="2026-07-15")).raise_for_status()
    assert await balance(town, "hp-1") == 100
    async with browsing(town) as phone:
        assert "这户已经销户" in await phone.open(f"/c/{town.card}")
    problem(await ask(town, "hp-1", "end"), 409, "not-over")
    (await done(town, "hp-1", "revive")).raise_for_status()
    assert (await show(town, "hp-1"))["ended_at"] is None
    (await done(town, "hp-1", "end")).raise_for_status()
    assert await total(town) == before - 100
    async with town.staff("office") as http:
        unused = (await http.get("/v1/accounts/township:expired/balance")).json()
        assert unused["posted"] == 100
        listed = (await http.get("/v1/accounts?prefix=household:hp-1")).json()
        assert [each["closed"] for each in listed["accounts"]] == [True], listed
    problem(await ask(town, "hp-1", "revive"), 409, "account-closed")
    problem(await change(town, "hp-1", head="李四"), 410, "household-ended")


async def test_ones_own_household_is_others_matter(town: LiveTown) -> None:
    await hire(town, "he", "committee", village="hp", household="hp-1")
    problem(await change(town, "hp-1", by="he", head="李四"), 403, "not-allowed")
    problem(await ask(town, "hp-1", "merge", by="he", into="hp-2"), 403, "not-allowed")
    proposal = (await ask(town, "hp-1", "merge", into="hp-2")).json()["id"]
    async with town.staff("he") as http:
        problem(await http.post(f"/v1/proposals/{proposal}/confirm"), 403, "not-allowed")
    async with town.staff("tan") as http:
        (await http.post(f"/v1/proposals/{proposal}/confirm")).raise_for_status()
    # What it has become is their own, too.
    problem(await change(town, "hp-2", by="he", head="李四"), 403, "not-allowed")


async def test_a_card_that_goes_on_is_told_of_by_both_households(town: LiveTown) -> None:
    (await done(town, "hp-1", "merge", into="hp-2", card_goes_on=True)).raise_for_status()
    async with town.staff("office") as http:
        [old] = (await http.get("/v1/households/hp-1/cards")).raise_for_status().json()
        found = (await http.get("/v1/households/hp-2/cards")).raise_for_status().json()
    assert old in found
    assert old["revoked_at"] is None
    assert [(event["kind"], event["reason"]) for event in old["events"]] == [("handed-over", "原来是 hp-1 户的卡")]
    assert [card["revoked_reason"] for card in found if card["revoked_at"]] == ["replaced"]
    async with browsing(town) as phone, browsing(town, "office") as desk:
        assert "103" in await phone.open(f"/c/{town.card}")
        told = await desk.open("/desk/cards/hp-1")
        assert ("现在没有卡" in told, "随并户转了过来" in told) == (True, True)


async def test_whoever_becomes_a_head_is_listed_with_the_old_household_no_more(town: LiveTown) -> None:
    await as_owner(town, "update household set adults = '{王小红,王小明}' where code = 'hp-1'")
    (await done(town, "hp-1", "split", **SPLIT)).raise_for_status()
    [left] = await rows(town, "select adults from household where code = 'hp-1'")
    assert left.adults == ["王小明"]


async def test_what_was_promised_is_collected_or_cancelled_before_a_merger(town: LiveTown) -> None:
    async with town.device(await town.shift()) as http:
        await make_promise(http, town.card)
    refused = await ask(town, "hp-1", "merge", into="hp-2")
    problem(refused, 409, "wrong-state")
    assert "牙刷" in refused.text
