"""What rules know beyond one household: caps of a village, team bonuses, what everybody gets; and why."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.api.asking import problem
from tests.api.awards.claims.conftest import approve, becomes, claim, days_pass, declare, review
from tests.api.awards.claims.extra_rules import extra_rules
from tests.api.web.browser import browsing
from tests.conftest import LiveTown

pytestmark = pytest.mark.usefixtures("july")
DAY = "2026-07-15"
EVERYBODY = ("hp-1", "hp-2", "hp-3", "hp-4")


@pytest.fixture
async def july(town: LiveTown) -> None:
    await extra_rules(town)


async def test_a_cap_of_the_village_holds_over_its_households_and_batches(town: LiveTown) -> None:
    first = await declare(town, claim("CAP", "hp-1", DAY))
    rest = await declare(town, *(claim("CAP", h, DAY) for h in EVERYBODY[1:]))
    assert [o["points"] for o in (*first, *rest)] == [4, 4, 2, 0]
    assert "全村每年最多 10 分" in rest[2]["reason"]


async def test_two_declared_at_once_do_not_both_take_the_last_points(town: LiveTown) -> None:
    answers = await asyncio.gather(*(declare(town, claim("CAP", h, DAY)) for h in EVERYBODY))
    assert sorted(o["points"] for [o] in answers) == [0, 2, 4, 4]


async def test_a_team_bonus_waits_for_every_household(town: LiveTown) -> None:
    await declare(town, *(claim("CAP", h, DAY) for h in ("hp-1", "hp-2")))
    [early] = await declare(town, claim("TEAM", "hp-1", DAY))
    assert "当月全村每户都参加修渠" in early["reason"]
    assert "全村户数：4。" in early["reason"]
    assert "全村当月已得「修渠」的户数：2。" in early["reason"]


async def test_what_every_household_gets_is_declared_once(town: LiveTown) -> None:
    outcomes = await for_all(town)
    assert [(o["status"], o["points"]) for o in outcomes] == [("declared", 100)] * 4
    assert {o["status"] for o in await for_all(town)} == {"exists"}
    assert {o["status"] for o in await for_all(town, "2026-07-16")} == {"refused"}


async def for_all(town: LiveTown, day: str = DAY, rule: str = "BASE", by: str = "li") -> list[dict[str, Any]]:
    async with town.staff(by) as http:
        body = {"village": "hp", "rule": rule, "deed_on": day}
        answer = await http.post("/v1/claims/every-household", json=body)
        outcomes: list[dict[str, Any]] = answer.raise_for_status().json()
        return outcomes


async def test_not_every_rule_is_for_all(town: LiveTown) -> None:
    async with town.staff("li") as http:
        body = {"village": "hp", "rule": "A09", "deed_on": DAY}
        refused = await http.post("/v1/claims/every-household", json=body)
        problem(refused, 409, "not-for-all")
        refused = await http.post("/v1/claims/every-household", json={**body, "rule": "BSAE"})
        assert "您是想写「BASE」吧" in refused.json()["detail"]


async def test_a_sheet_of_three_judges_is_averaged(town: LiveTown) -> None:
    [outcome] = await declare(town, claim("SHEET", "hp-1", DAY, inputs={"sheet": "2 1；2 2；1 2"}))
    assert outcome["points"] == 3
    [few] = await declare(town, claim("SHEET", "hp-2", DAY, inputs={"sheet": "2 1"}))
    assert "至少要有 3 位评委的分数" in few["reason"]


async def test_why_a_claim_came_to_its_points(town: LiveTown) -> None:
    wanted = claim("CAP", "hp-1", DAY)
    await declare(town, wanted)
    await review(town, wanted["id"])
    await approve(town, wanted["id"])
    async with town.staff("qian") as http:
        told = (await http.get(f"/v1/claims/{wanted['id']}/explanation")).raise_for_status().json()
    assert told["sentences"][-1] == "这次记 4 分。"
    assert told["trace"]["rule_id"] == "CAP"
    assert told["trace"]["book_version"] == "2026.2"
    assert told["trace"]["limits"][0]["points_left"] == 10


async def test_a_refusal_is_told_to_programs_as_well(town: LiveTown) -> None:
    [refused] = await declare(town, claim("TEAM", "hp-1", DAY))
    assert refused["trace"]["refusals"][0]["code"] == "condition_not_met"
    assert refused["trace"]["condition"] is False


async def test_the_desk_tells_what_the_village_may_still_give(town: LiveTown) -> None:
    await for_all(town)
    async with browsing(town, "li") as browser:
        desk = await browser.open("/desk")
    # 203 points were given before, 400 by the base points of four households.
    assert "所有项目合起来全村每年最多 5000 分，还剩 4397 分。" in desk


async def test_base_points_are_declared_at_the_desk_for_a_whole_village(town: LiveTown) -> None:
    async with browsing(town, "li") as browser:
        form = await browser.open("/desk/declare?rule=BASE")
        assert "为全村各户申报" in form
        said = await browser.send("/desk/declare/every-household", rule="BASE", village="hp", deed_on=DAY)
        assert "申报 4 件。" in said
    async with browsing(town, "wang") as browser:
        assert "为全村各户申报" not in await browser.open("/desk/declare?rule=BASE")


async def test_a_sheet_is_filled_in_at_the_desk(town: LiveTown) -> None:
    async with browsing(town, "zhao") as browser:
        form = await browser.open("/desk/declare?rule=SHEET")
        assert "每位评委一行，至少 3 行；依次填院落（满分 2）、屋内（满分 2）" in form
        sheet = {"input.sheet": "2 1\r\n2 2\r\n1 2"}
        said = await browser.send("/desk/declare", household="hp-1", deed_on=DAY, **sheet)
        assert "「入户检查」3 分，等待评议" in said


async def test_the_household_reads_why(town: LiveTown) -> None:
    wanted = claim("CAP", "hp-1", DAY)
    await declare(town, wanted)
    await review(town, wanted["id"])
    await approve(town, wanted["id"])
    await days_pass(town, 3)
    await becomes(town, wanted["id"], "posted")
    async with browsing(town) as browser:
        own = await browser.open(f"/c/{town.card}")
    assert "修渠 7月23日 +4 为什么 7 月 15 日的「修渠」（CAP）。" in own
    assert "按《乡镇文明积分办法》（2026.2 版）应得 4 分。" in own
