"""Sent back for correction, corrected by a new claim, withdrawn: nothing is overwritten, and limits count once."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.api.asking import problem, rows, sign_in
from tests.api.awards.claims.conftest import approve, card, claim, declare, hire, on_notice, review, status
from tests.api.awards.review.conftest import act, for_council, statuses
from tests.api.web.browser import browsing
from tests.conftest import LiveTown

REASON = "日期写错了，是五月三十一日"


async def returned(town: LiveTown, **more: str) -> str:
    new = claim(**more)
    await declare(town, new)
    assert (await act(town, "zhao", new["id"], "return", REASON)).status_code == 204
    return str(new["id"])


async def test_the_declarer_sees_the_reason_corrects_it_and_the_history_stays(town: LiveTown) -> None:
    async with browsing(town, "wang") as wang, browsing(town, "zhao") as zhao, browsing(town, "li") as li:
        await wang.open("/desk/declare?rule=T1")
        form: dict[str, Any] = {"household": "hp-1", "note": "修路", "again": "另一处", "input.points": "3"}
        assert "已申报" in await wang.send("/desk/declare", deed_on="2026-06-01", **form)
        await zhao.open("/desk")
        [id] = zhao.claims()
        await zhao.open(f"/desk/claims/{id}")
        assert "退回更正 1 件" in await zhao.send(f"/desk/claims/{id}/return", reason=REASON)
        home = await wang.open("/desk")
        assert f"退回给您更正 1 件 测试积分 6月1日 王建国 hp-1 赵评议：{REASON} 更正" in home
        await wang.open(f"/desk/declare?replaces={id}")
        for typed in ('value="hp-1"', 'value="2026-06-01"', 'value="修路"', 'value="3"', f'value="{id}"'):
            assert typed in wang.page.text
        # What isn't taken stays the correction that it was.
        assert "日期还没有到" in await wang.send("/desk/declare", deed_on="2027-05-31", **form)
        assert "已申报" in await wang.send("/desk/declare", deed_on="2026-05-31", **form)
        assert "退回给您更正" not in await wang.open("/desk")
        await zhao.open("/desk")
        [corrected] = zhao.claims()
        await zhao.send("/desk/claims/review", claims=[corrected])
        told = await li.open(f"/desk/claims/{corrected}")
        assert "第 2 次申报（这一条）" in told
        assert "日期：2026年6月1日 → 2026年5月31日" in told
        assert f"赵评议退回：{REASON}" in told
        assert "更正后再报" not in await wang.open(f"/desk/claims/{id}")
    assert await rows(town, "select replaces::text from claim where id = :id", id=corrected) == [(id,)]


async def test_a_returned_claim_is_corrected_once_by_who_declared_it(town: LiveTown) -> None:
    id = await returned(town)
    told = "要更正的那条申报没有退回给您，或者已经更正过，请刷新页面。"
    assert [o["reason"] for o in await declare(town, claim(replaces=id), by="sun")] == [told]
    first, second = claim(replaces=id), claim(replaces=id)
    outcomes = await declare(town, first, second)
    assert statuses(outcomes) == ["declared", "refused"]
    assert outcomes[1]["reason"] == told
    assert statuses(await declare(town, first)) == ["exists"]
    assert statuses(await declare(town, {**first, "replaces": None})) == ["conflict"]
    # Only what was returned can be corrected.
    assert statuses(await declare(town, claim(replaces=first["id"]))) == ["refused"]


async def test_two_corrections_at_once_leave_one(town: LiveTown) -> None:
    """Also where they are for different households, which lock nothing in common but the returned claim."""
    id = await returned(town)
    answers = await asyncio.gather(
        *(declare(town, claim(household=household, replaces=id)) for household in ("hp-1", "hp-2", "hp-3") * 2)
    )
    assert sorted(statuses([outcome for [outcome] in answers])) == ["declared", *["refused"] * 5]


async def test_what_was_returned_or_withdrawn_uses_up_no_limit(town: LiveTown) -> None:
    """A01: at most three a year."""
    new = [claim() for _ in range(3)]
    await declare(town, *new)
    assert statuses(await declare(town, claim())) == ["refused"]
    await act(town, "zhao", new[0]["id"], "return", REASON)
    await act(town, "wang", new[1]["id"], "withdraw")
    corrected = claim(replaces=new[0]["id"])
    assert statuses(await declare(town, corrected, claim(), claim())) == ["declared", "declared", "refused"]


async def test_the_same_deed_is_asked_for_against_those_that_count(town: LiveTown) -> None:
    id = await returned(town)
    assert statuses(await declare(town, claim(again="", replaces=id))) == ["declared"]
    assert statuses(await declare(town, claim(again=""))) == ["declared-twice"]


async def test_whose_turn_it_is_returns_and_a_form_sent_twice_is_no_fault(town: LiveTown) -> None:
    id = await for_council(town)
    for login, code in (("wang", "not-allowed"), ("li", "not-allowed")):
        problem(await act(town, login, id, "return", REASON), 403, code)
    problem(await act(town, "zhao", id, "return", ""), 400, "malformed")
    for _ in range(2):
        assert (await act(town, "zhao", id, "return", REASON)).status_code == 204
    problem(await act(town, "zhao", id, "return", "还有别的"), 409, "wrong-state")
    for step in (review, approve):
        assert "已不在这一步（退回更正）" in (await step(town, id))[0]["reason"]
    problem(await act(town, "wang", id, "withdraw"), 409, "wrong-state")


async def test_the_last_body_returns_too_and_all_begins_anew(town: LiveTown) -> None:
    id = await for_council(town)
    await review(town, id)
    assert (await act(town, "li", id, "return", REASON)).status_code == 204
    new = claim("T1", replaces=id, inputs={"points": 5})
    await declare(town, new)
    assert "现在轮到道德评议会审核" in (await approve(town, new["id"]))[0]["reason"]
    await review(town, new["id"])
    assert statuses(await approve(town, new["id"])) == ["approved"]
    assert await card(town) == (0, 5)


async def test_ones_own_is_withdrawn_before_the_last_signature(town: LiveTown) -> None:
    id = await for_council(town)
    problem(await act(town, "sun", id, "withdraw"), 403, "not-allowed")
    await review(town, id)
    async with browsing(town, "wang") as wang:
        await wang.open(f"/desk/claims/{id}")
        assert "已撤回" in await wang.send(f"/desk/claims/{id}/withdraw")
    assert (await act(town, "wang", id, "withdraw")).status_code == 204
    assert "已不在这一步（已撤回）" in (await approve(town, id))[0]["reason"]
    problem(await act(town, "wang", await on_notice(town), "withdraw"), 409, "wrong-state")


@pytest.mark.parametrize("act_of_other", ["return", "refuse"])
async def test_two_people_decide_at_once_and_one_decision_stands(town: LiveTown, act_of_other: str) -> None:
    await hire(town, "elder", "council", village="hp")
    await sign_in(town, "elder")
    for _ in range(3):
        id = await for_council(town)
        [[signed], other] = await asyncio.gather(
            review(town, id), act(town, "elder", id, act_of_other, "记录不符")
        )
        now = await status(town, id)
        if signed["status"] == "reviewed":
            problem(other, 403, "not-allowed")
            assert now == "reviewed"
        else:
            assert "已不在这一步" in signed["reason"]
            assert (other.status_code, now) == (204, "returned" if act_of_other == "return" else "refused")


async def test_withdrawn_while_it_is_being_approved(town: LiveTown) -> None:
    for _ in range(3):
        id = await for_council(town)
        await review(town, id)
        before = await card(town)
        [[approved], withdrawal] = await asyncio.gather(approve(town, id), act(town, "wang", id, "withdraw"))
        if approved["status"] == "approved":
            problem(withdrawal, 409, "wrong-state")
            assert await card(town) == (before[0], before[1] + 7)
        else:
            assert withdrawal.status_code == 204
            assert await card(town) == before
