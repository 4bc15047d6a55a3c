"""Households declare for themselves: with their card's PIN at once, without it when a grid member confirms."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from tests.api.asking import problem, rows, sign_in
from tests.api.awards.claims.conftest import approve, claim, declare, hire, review
from tests.api.web.browser import Browser, browsing
from tests.conftest import LiveTown
from tests.databases import owner_engine

PIN = "8531"
DAY = {"deed_on": "2026-06-14"}


@pytest.fixture
async def guarded(town: LiveTown) -> LiveTown:
    """The card of hp-1 has a PIN."""
    async with browsing(town) as household:
        await household.open(f"/c/{town.card}")
        said = await household.send(f"/c/{town.card}/pin", pin=PIN, again=PIN, above="20")
        assert "密码已设好" in said
    return town


async def declare_own(browser: Browser, card: str, rule: str = "A09", **fields: str) -> str:
    await browser.open(f"/c/{card}/declare?rule={rule}")
    return await browser.send(f"/c/{card}/declare", None, **{**DAY, **fields})


async def claims(town: LiveTown) -> list[Any]:
    return await rows(town, "select declared_by, declared_with, status from claim where declared_with is not null")


async def test_with_the_pin_it_is_declared_at_once_and_three_people_stand_behind_it(guarded: LiveTown) -> None:
    town = guarded
    async with browsing(town) as household:
        said = await declare_own(household, town.card, pin=PIN)
        assert "已申报：5 分，等待评议" in said
        assert "参加村庄清扫 6月14日 5 分 待评议" in said
        assert await claims(town) == [(None, "card-pin", "declared")]
        [(id,)] = await rows(town, "select id from own_declaration")
        async with browsing(town, "zhao") as zhao:
            assert "这户自己凭密码申报" in await zhao.open("/desk")
        assert [o["status"] for o in await review(town, str(id))] == ["reviewed"]
        [outcome] = await approve(town, str(id), by="zhao")
        assert outcome["status"] == "refused", "two signers"
        assert [o["status"] for o in await approve(town, str(id))] == ["approved"]
        assert "公示中" in await household.open(f"/c/{town.card}/declare")


async def test_without_the_pin_a_grid_member_confirms_and_is_the_declarer(town: LiveTown) -> None:
    async with browsing(town) as household, browsing(town, "wang") as wang, browsing(town, "sun") as sun:
        said = await declare_own(household, town.empty_card, person="张伟", note="早上去的")
        assert "已收到：5 分，等网格员确认" in said
        assert await claims(town) == []
        assert "1 件等您确认" in await sun.open("/desk")
        await sun.open("/desk/own-declarations")
        stale = sun.page
        page = await wang.open("/desk/own-declarations")
        assert "早上去的" in page
        assert "hp-3" in page
        [path] = re.findall(r'action="(/desk/own-declarations/[^"]+/confirm)"', wang.page.text)
        assert "已确认申报：5 分" in await wang.send(path)
        sun.page = stale
        assert "刚才已经有人办了" in await sun.send(path)
        [(by, declared_with, status)] = await claims(town)
        [(wangs,)] = await rows(town, "select id from person where login = 'wang'")
        assert (by, declared_with, status) == (wangs, "confirmation", "declared")
        assert "待评议" in await household.open(f"/c/{town.empty_card}/declare")
        async with browsing(town, "zhao") as zhao:
            assert "这户自己（王网格确认）申报" in await zhao.open("/desk")


async def test_what_is_refused_tells_the_household_why(town: LiveTown) -> None:
    async with browsing(town) as household, browsing(town, "wang") as wang:
        await declare_own(household, town.empty_card)
        await wang.open("/desk/own-declarations")
        [path] = re.findall(r'action="(/desk/own-declarations/[^"]+/refuse)"', wang.page.text)
        assert "请写明理由" in await wang.send(path)
        assert "没有确认" in await wang.send(path, reason="那天没有清扫")
        said = await household.open(f"/c/{town.empty_card}/declare")
        assert "那天没有清扫" in said
        assert "没有确认" in said
        # It may be declared again.
        assert "已收到" in await declare_own(household, town.empty_card)
    assert await claims(town) == []


async def test_a_programs_way_is_the_same(town: LiveTown) -> None:
    async with browsing(town) as household:
        await declare_own(household, town.empty_card)
        await declare_own(household, town.empty_card, rule="A03")
    async with town.staff("wang") as http:
        first, second = (await http.get("/v1/own-declarations")).raise_for_status().json()
        assert (first["household"], first["rule"], second["rule"]) == ("hp-3", "A09", "A03")
        outcome = (await http.post(f"/v1/own-declarations/{first['id']}/confirm", json={})).json()
        assert (outcome["status"], outcome["points"]) == ("declared", 5)
        refused = await http.post(f"/v1/own-declarations/{second['id']}/refuse", json={"reason": "没有"})
        assert refused.status_code == 204
        problem(await http.post(f"/v1/own-declarations/{second['id']}/confirm", json={}), 409, "wrong-state")
    async with town.staff("zhao") as http:
        # The moral council signs; its leader of the grid may confirm.
        assert (await http.get("/v1/own-declarations")).json() == []


async def test_nobody_confirms_what_their_own_or_a_relatives_household_declared(town: LiveTown) -> None:
    await hire(town, "self", "grid-member", village="hp", household="hp-3")
    async with browsing(town) as household, browsing(town, "self") as own:
        await declare_own(household, town.empty_card)
        assert "这是您自己家报的，请由别人确认" in await own.open("/desk/own-declarations")
        [(id,)] = await rows(town, "select id from own_declaration")
        await sign_in(town, "self")
        async with town.staff("self") as http:
            for step, body in (("confirm", {}), ("refuse", {"reason": "x"})):
                problem(await http.post(f"/v1/own-declarations/{id}/{step}", json=body), 403, "not-allowed")


async def test_what_was_sent_back_to_the_household_it_corrects_itself(guarded: LiveTown) -> None:
    town = guarded
    path = f"/c/{town.card}/declare"
    async with browsing(town) as household:
        await declare_own(household, town.card, pin=PIN, note="扫了")
        [(id,)] = await rows(town, "select id from own_declaration")
        async with town.staff("zhao") as http:
            (await http.post(f"/v1/claims/{id}/return", json={"reason": "在哪里"})).raise_for_status()
        assert "退回更正" in await household.open(path)
        assert "在哪里" in household.text
        assert f"replaces={id}" in household.page.text
        await household.open(f"{path}?replaces={id}")
        assert 'value="扫了"' in household.page.text
        assert "等网格员确认" in await household.send(path, None, deed_on="2026-06-14", note="村口")
        [(waiting,)] = await rows(town, "select id from own_declaration where status = 'waiting'")
        async with town.staff("wang") as http:
            answer = await http.post(f"/v1/own-declarations/{waiting}/confirm", json={})
            assert answer.json()["status"] == "declared", answer.text
        assert "更正后再报" not in await household.open(path)
    assert await rows(town, "select replaces from claim where id = :id", id=waiting) == [(id,)]


async def test_a_wrong_pin_declares_nothing_and_five_lock_it(guarded: LiveTown) -> None:
    town = guarded
    async with browsing(town) as household:
        for _ in range(4):
            said = await declare_own(household, town.card, pin="0000", note="扫街")
            assert "积分卡密码不对" in said
            assert 'value="扫街"' in household.page.text
        assert "已锁定 15 分钟" in await declare_own(household, town.card, pin="0000")
        assert "15 分钟后再试" in await declare_own(household, town.card, pin=PIN)
        assert await rows(town, "select id from own_declaration") == []
        # Without it, it goes to a grid member as ever.
        assert "等网格员确认" in await declare_own(household, town.card)


async def test_only_a_few_wait_and_a_few_a_day(guarded: LiveTown) -> None:
    town = guarded
    async with browsing(town) as household:
        days = [f"2026-05-{day:02}" for day in range(1, 15)]
        points = {"input.points": "1"}
        for day in days[:5]:
            assert "已收到" in await declare_own(household, town.card, rule="T1", deed_on=day, **points)
        said = await declare_own(household, town.card, rule="T1", deed_on=days[6], **points)
        assert "请等他们办了再报" in said
        town.clock.travel(town.clock.now() + timedelta(days=1))
        assert "请等他们办了再报" in await declare_own(household, town.card, pin=PIN)
        await rows_changed(town, "update own_declaration set status = 'declared'")
        for day in days[7:12]:
            fields = {**points, "pin": PIN}
            assert "已申报" in await declare_own(household, town.card, rule="T1", deed_on=day, **fields)
        said = await declare_own(household, town.card, rule="T1", deed_on=days[12], **points)
        assert "一户一天自己最多报 5 件" in said


async def test_sent_twice_and_at_once_counts_once(guarded: LiveTown) -> None:
    town = guarded
    async with browsing(town) as household:
        path = f"/c/{town.card}/declare"
        await household.open(f"{path}?rule=A09")
        hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', household.page.text))
        form = {**hidden, **DAY, "pin": PIN}
        answers = await asyncio.gather(*(household.http.post(path, data=form) for _ in range(3)))
        assert all(answer.status_code == 200 for answer in answers)
        assert sum("已经报过了" in answer.text for answer in answers) == 2
    assert len(await claims(town)) == 1


async def test_after_twelve_hours_the_form_is_still_good(guarded: LiveTown) -> None:
    town = guarded
    async with browsing(town) as household:
        await household.open(f"/c/{town.card}/declare?rule=A09")
        town.clock.travel(town.clock.now() + timedelta(hours=20))
        assert "已申报" in await household.send(f"/c/{town.card}/declare", pin=PIN, deed_on="2026-06-14")


async def test_rules_that_others_decide_or_that_are_kept_back_are_not_offered(town: LiveTown) -> None:
    async with browsing(town) as household:
        page = await household.open(f"/c/{town.card}/declare")
        assert "参加村庄清扫" in page
        for rule in ("A02", "BASE", "X01", "nothing"):
            assert f"declare?rule={rule}" not in household.page.text
        await household.open(f"/c/{town.card}/declare?rule=A09")
        said = await household.send(f"/c/{town.card}/declare", rule="A02", **DAY)
        assert "现在不能自己报了" in said
    assert await rows(town, "select id from own_declaration") == []


async def test_what_the_rules_refuse_is_told_at_once(town: LiveTown) -> None:
    await declare(town, claim("A09", household="hp-3", day="2026-06-14"))
    async with browsing(town) as household:
        assert "已经报过了" in await declare_own(household, town.empty_card)
        assert "日期还没有到" in await declare_own(household, town.empty_card, deed_on="2026-06-20")
        await declare(town, claim("A09", household="hp-3", day="2026-06-13"))
        assert "2 次" in await declare_own(household, town.empty_card, deed_on="2026-06-12")
    assert await rows(town, "select id from own_declaration") == []


async def test_a_frozen_or_ended_card_declares_nothing(town: LiveTown) -> None:
    async with browsing(town) as household:
        await household.open(f"/c/{town.empty_card}/declare?rule=A09")
        async with town.staff("li") as li:
            frozen = await li.post("/v1/households/hp-3/card/freeze", json={"reason": "丢了"})
            frozen.raise_for_status()
        assert "已挂失" in await household.send(f"/c/{town.empty_card}/declare", **DAY)
        assert "已挂失" in await household.open(f"/c/{town.empty_card}/declare")
        assert "已挂失作废" in await household.open(f"/c/{town.revoked_card}/declare")
    assert await rows(town, "select id from own_declaration") == []


async def test_a_claim_has_a_declarer_unless_its_household_gave_the_pin(town: LiveTown) -> None:
    """By the database itself."""
    await declare(town, claim())
    for change in (
        "declared_by = null",
        "declared_with = 'card-pin'",
        "declared_by = null, declared_with = 'confirmation'",
        "declared_with = 'word of mouth'",
    ):
        with pytest.raises(IntegrityError):
            await rows_changed(town, f"update claim set {change}")


async def rows_changed(town: LiveTown, statement: str) -> None:
    async with owner_engine(town.clone).begin() as connection:
        await connection.execute(text(statement))
