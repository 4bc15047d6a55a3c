"""Rules beyond one household (village limits, team bonuses, rules for every household), and explanations."""

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


async def test_a_village_limit_covers_all_households_and_batches(town: LiveTown) -> None:
    first = await declare(town, claim("CAP", "hp-1", DAY))
    rest = await declare(town, *(claim("CAP", h, DAY) for h in EVERYBODY[1:]))
    assert [o["points"] for o in (*first, *rest)] == [4, 4, 2, 0]
    assert "全村每年最多 10 分" in rest[2]["reason"]


async def test_concurrent_declarations_do_not_both_use_the_last_points(town: LiveTown) -> None:
    answers = await asyncio.gather(*(declare(town, claim("CAP", h, DAY)) for h in EVERYBODY))
    assert sorted(o["points"] for [o] in answers) == [0, 2, 4, 4]


async def test_a_team_bonus_requires_every_household(town: LiveTown) -> None:
    await declare(town, *(claim("CAP", h, DAY) for h in ("hp-1", "hp-2")))
    [early] = await declare(town, claim("TEAM", "hp-1", DAY))
    assert "当月全村每户都参加修渠" in early["reason"]
    assert "全村户数：4。" in early["reason"]
    assert "全村当月已得「修渠」的户数：2。" in early["reason"]


async def test_a_rule_for_every_household_is_declared_once(town: LiveTown) -> None:
    outcomes = await declare_for_every_household(town)
    assert [(o["status"], o["points"]) for o in outcomes] == [("declared", 100)] * 4
    assert {o["status"] for o in await declare_for_every_household(town)} == {"exists"}
    assert {o["status"] for o in await declare_for_every_household(town, "2026-07-16")} == {"refused"}


async def declare_for_every_household(
    town: LiveTown, day: str = DAY, rule: str = "BASE", by: str = "li"
) -> list[dict[str, Any]]:
    async with town.staff(by) as http:
        body = {"village": "hp", "rule": rule, "deed_on": day}
        answer = await http.post("/v1/claims/every-household", json=body)
        outcomes: list[dict[str, Any]] = answer.raise_for_status().json()
        return outcomes


async def test_other_rules_cannot_be_declared_for_every_household(town: LiveTown) -> None:
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


async def test_explanation_of_a_claim(town: LiveTown) -> None:
    new_claim = claim("CAP", "hp-1", DAY)
    await declare(town, new_claim)
    await review(town, new_claim["id"])
    await approve(town, new_claim["id"])
    async with town.staff("qian") as http:
        explanation = (await http.get(f"/v1/claims/{new_claim['id']}/explanation")).raise_for_status().json()
    assert explanation["sentences"][-1] == "这次记 4 分。"
    assert explanation["trace"]["rule_id"] == "CAP"
    assert explanation["trace"]["book_version"] == "2026.2"
    assert explanation["trace"]["limits"][0]["points_left"] == 10


async def test_a_refusal_has_a_trace(town: LiveTown) -> None:
    [refused] = await declare(town, claim("TEAM", "hp-1", DAY))
    assert refused["trace"]["refusals"][0]["code"] == "condition_not_met"
    assert refused["trace"]["condition"] is False


async def test_the_desk_shows_the_remaining_village_budget(town: LiveTown) -> None:
    await declare_for_every_household(town)
    async with browsing(town, "li") as browser:
        desk = await browser.open("/desk")
    # 203 points were awarded before, 400 are the base points of four households.
    assert "所有项目合起来全村每年最多 5000 分，还剩 4397 分。" in desk


async def test_base_points_are_declared_at_the_desk_for_a_whole_village(town: LiveTown) -> None:
    async with browsing(town, "li") as browser:
        form = await browser.open("/desk/declare?rule=BASE")
        assert "为全村各户申报" in form
        page = await browser.send("/desk/declare/every-household", rule="BASE", village="hp", deed_on=DAY)
        assert "申报 4 件。" in page
    async with browsing(town, "wang") as browser:
        assert "为全村各户申报" not in await browser.open("/desk/declare?rule=BASE")
    # The public page says that the village declares it: for one household it is the committee, too.
    [refused] = await declare(town, claim("BASE", "hp-1", DAY))
    assert refused["reason"] == "「年度基础分」由村里统一申报，请找村委会。"


async def test_a_sheet_is_filled_in_at_the_desk(town: LiveTown) -> None:
    async with browsing(town, "zhao") as browser:
        form = await browser.open("/desk/declare?rule=SHEET")
        assert "每位评委一行，至少 3 行；依次填院落（满分 2）、屋内（满分 2）" in form
        sheet = {"input.sheet": "2 1\r\n2 2\r\n1 2"}
        page = await browser.send("/desk/declare", household="hp-1", deed_on=DAY, **sheet)
        assert "「入户检查」3 分，等待评议" in page


async def test_the_household_page_has_the_explanation(town: LiveTown) -> None:
    new_claim = claim("CAP", "hp-1", DAY)
    await declare(town, new_claim)
    await review(town, new_claim["id"])
    await approve(town, new_claim["id"])
    await days_pass(town, 3)
    await becomes(town, new_claim["id"], "posted")
    async with browsing(town) as browser:
        own = await browser.open(f"/c/{town.card}")
    assert "修渠 7月23日 +4 为什么 7 月 15 日的「修渠」（CAP）。" in own
    assert "按《乡镇文明积分办法》（2026.2 版）应得 4 分。" in own
