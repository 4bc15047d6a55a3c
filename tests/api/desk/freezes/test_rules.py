"""A frozen rule: nobody declares under it, signs for it or gets points by it, and everybody is told why."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace

from api.awards.review.held import UNDO_FOR
from tests.api.asking import problem, rows, sign_in
from tests.api.awards.claims.conftest import (
    approve,
    becomes,
    claim,
    days_pass,
    declare,
    hire,
    on_notice,
    review,
    status,
)
from tests.api.desk.freezes.conftest import (
    WHY,
    freeze_rule,
    holding,
    in_days,
    kept,
    lift,
    order_of,
    send,
)
from tests.api.web.browser import browsing
from tests.api.web.browser import declare as declare_at_desk
from tests.conftest import LiveTown, run_jobs, serving

SENTENCE = f"由村监委从 2026年6月15日起冻结，到 2026年6月25日为止不能申报、审定，也不入账。原因：{WHY}。"


async def freeze_for_ten_days(town: LiveTown, rule: str = "A01") -> str:
    return await freeze_rule(town, rule, ends_on=in_days(town, 10))


async def test_it_is_declared_by_no_way_until_its_day_is_over(town: LiveTown) -> None:
    await freeze_for_ten_days(town)
    await freeze_for_ten_days(town, "A09")
    [outcome] = await declare(town, claim())
    assert (outcome["status"], outcome["reason"]) == ("refused", f"「{title(outcome)}」{SENTENCE}")
    async with browsing(town, "wang") as wang:
        assert "冻结中" in await wang.open("/desk/declare")
        assert SENTENCE in await wang.open("/desk/declare?rule=A09")
        assert SENTENCE in await declare_at_desk(wang, "hp-1")
        assert "冻结中" in await wang.open("/desk/claim-sheets")
        assert SENTENCE in await wang.open("/desk/claim-sheets?rule=A09")
        assert SENTENCE in await wang.send("/desk/claim-sheets", names="王建国", deed_on="2026-06-10")
    own = f"/c/{town.card}/declare"
    async with browsing(town) as household:
        assert "冻结中" in await household.open(own)
        assert SENTENCE in await household.open(f"{own}?rule=A09")
        assert SENTENCE in await household.send(own, deed_on="2026-06-14")
    assert await rows(town, "select id from claim where rule in ('A01', 'A09')") == []
    # Its last day is the 25th.
    await days_pass(town, 10)
    await sign_in(town, "wang")
    assert [each["status"] for each in await declare(town, claim())] == ["refused"]
    await days_pass(town, 0.6)
    await sign_in(town, "wang")
    assert [each["status"] for each in await declare(town, claim())] == ["declared"]


def title(outcome: dict[str, object]) -> str:
    found = re.match("「(.*?)」", str(outcome["reason"]))
    assert found is not None, outcome
    return found[1]


async def test_what_a_household_declared_before_isnt_confirmed_meanwhile(town: LiveTown) -> None:
    async with browsing(town) as household:
        await household.open(f"/c/{town.card}/declare?rule=A09")
        assert "等网格员确认" in await household.send(f"/c/{town.card}/declare", deed_on="2026-06-14")
    id = await freeze_for_ten_days(town, "A09")
    [(own,)] = await rows(town, "select id from own_declaration")
    path = f"/desk/own-declarations/{own}/confirm"
    async with browsing(town, "wang") as wang:
        await wang.open("/desk/own-declarations")
        assert SENTENCE in await wang.send(path)
        assert (await lift(town, id)).status_code == 204
        assert "已确认申报" in await wang.send(path)


async def test_nobody_signs_for_it_and_nothing_posts_until_it_is_lifted(town: LiveTown) -> None:
    posting, waiting, other = await on_notice(town), claim(), claim("A09", "hp-1")
    first, _ = await declare(town, waiting, other)
    assert first["status"] == "declared"
    id = await freeze_rule(town)
    [refused], [taken] = await review(town, waiting["id"]), await review(town, other["id"])
    assert (refused["status"], WHY in refused["reason"], taken["status"]) == ("refused", True, "reviewed")
    async with town.staff("zhao") as http:
        for act in ("refuse", "return"):
            answer = await http.post(f"/v1/claims/{waiting['id']}/{act}", json={"reason": "不合适"})
            problem(answer, 403, "not-allowed")
            assert WHY in answer.json()["detail"]
    async with browsing(town) as anybody:
        assert "这一项冻结了，先不入账" in await anybody.open("/notices/hp")
        for path in ("/rules/hp", "/rules/hp/poster"):
            assert (
                f"由村监委从 2026年6月15日起冻结，解除以前不能申报、审定，也不入账。原因：{WHY}。"
                in await anybody.open(path)
            )
        assert WHY not in await anybody.open("/rules")
        assert "先不入账" in await anybody.open(f"/c/{town.empty_card}")
    await days_pass(town, 4)
    await becomes(town, posting, "approved")
    assert (await lift(town, id)).status_code == 204
    await becomes(town, posting, "posted")
    await sign_in(town, "zhao", "li")
    assert [each["status"] for each in await review(town, waiting["id"])] == ["reviewed"]
    assert [each["status"] for each in await approve(town, waiting["id"])] == ["approved"]


async def test_claims_on_notice_post_once_the_day_is_over(town: LiveTown) -> None:
    id = await on_notice(town)
    await freeze_for_ten_days(town)
    await days_pass(town, 10)
    await becomes(town, id, "approved")
    await days_pass(town, 1)
    await becomes(town, id, "posted")


async def test_a_decision_that_is_held_becomes_a_told_problem(town: LiveTown) -> None:
    new_claim = claim("A09", "hp-1")
    await declare(town, new_claim)
    async with serving(town.town, undo_for=UNDO_FOR) as url:
        held = replace(town, url=url)
        async with browsing(held, "zhao") as zhao:
            await zhao.open("/desk")
            assert "一分钟内可以撤回" in await zhao.send("/desk/claims/review", claims=zhao.claims())
            await freeze_for_ten_days(town, "A09")
            town.clock.travel(town.clock.now() + UNDO_FOR)
            await run_jobs(town.town)
            assert SENTENCE in await zhao.open("/desk")
    assert await status(town, new_claim["id"]) == "declared"


async def test_supervisors_of_another_village_and_others_freeze_nothing_here(town: LiveTown) -> None:
    async with town.staff("office") as http:
        (await http.post("/v1/villages", json=[{"code": "ss", "name": "上沙村"}])).raise_for_status()
    await hire(town, "elsewhere", "supervisor", village="ss")
    here = order_of("rule", "A01", village="hp")
    for by in ("elsewhere", "li", "zhao", "ma", "office", "wang"):
        problem(await send(town, by, here), 403, "not-allowed")
    everywhere = order_of("rule", "A01")
    problem(await send(town, "qian", everywhere), 403, "not-allowed")
    assert await kept(town) == []
    assert (await send(town, "tan", everywhere)).status_code == 204
    # What the township's supervisors froze, they lift.
    problem(await lift(town, everywhere["id"], by="qian"), 403, "not-allowed")
    local = await freeze_rule(town, "A02", by="tan")
    problem(await lift(town, local, by="qian"), 403, "not-allowed")
    assert {each["blocked_reason"] for each in await holding(town)} == {""}
    async with town.staff("elsewhere") as http:
        [seen] = (await http.get("/v1/freezes")).json()
        assert (seen["id"], seen["village"], seen["body"]) == (everywhere["id"], None, "全乡的监委")
    async with town.staff("wang") as http:
        problem(await http.get("/v1/freezes"), 403, "not-allowed")
    [refused] = await declare(town, claim())
    assert "由全乡的监委从" in refused["reason"]


async def test_two_supervisors_at_once_freeze_it_once_and_lift_it_once(town: LiveTown) -> None:
    bodies = [order_of("rule", "A01", village="hp") for _ in range(4)]
    answers = await asyncio.gather(
        *(send(town, by, body) for by, body in zip(("qian", "tan") * 2, bodies, strict=True))
    )
    assert sorted(each.status_code for each in answers) == [204, 409, 409, 409]
    [found] = await holding(town)
    assert found["id"] == bodies[[each.status_code for each in answers].index(204)]["id"]
    lifted = await asyncio.gather(*(lift(town, found["id"], "tan", reason) for reason in ("查清了", "没有问题")))
    assert sorted(each.status_code for each in lifted) == [204, 409]
    assert await holding(town) == []


async def test_sent_again_it_is_the_same_and_with_other_words_another(town: LiveTown) -> None:
    body = order_of("rule", "A01", village="hp")
    for _ in range(2):
        assert (await send(town, "qian", body)).status_code == 204
    problem(await send(town, "qian", body | {"reason": "别的"}), 409, "conflict")
    problem(await send(town, "qian", body | {"thing": "A02"}), 409, "conflict")
    for _ in range(2):
        assert (await lift(town, body["id"])).status_code == 204
    problem(await lift(town, body["id"], reason="别的"), 409, "wrong-state")
    problem(await lift(town, order_of("rule", "A01")["id"]), 404, "unknown")
    assert len(await kept(town)) == 1


async def test_what_cant_be_is_refused_in_words(town: LiveTown) -> None:
    for wrong, code, word in (
        (order_of("rule", "A01", village="hp", ends_on=in_days(town, -1)), 400, "date-wrong"),
        (order_of("rule", "nothing", village="hp"), 404, "unknown"),
        (order_of("rule", "A01", village="hp") | {"reason": " "}, 400, "malformed"),
        (order_of("town", "A01", village="hp"), 400, "malformed"),
    ):
        problem(await send(town, "qian", wrong), code, word)
    assert await kept(town) == []


async def test_after_its_day_the_same_is_frozen_again_and_the_page_tells_both(town: LiveTown) -> None:
    await freeze_rule(town, ends_on=in_days(town, 0))
    await days_pass(town, 1)
    await sign_in(town, "tan")
    assert await holding(town) == []
    async with browsing(town, "qian") as qian:
        assert "现在没有冻结的" in await qian.open("/desk/freezes")
        await qian.open("/desk/freezes/new?kind=rule&thing=A01")
        assert "为什么" in await qian.send("/desk/freezes", thing="A01", village="hp", reason="")
        assert "请选好冻结什么" in qian.text
        assert "已冻结" in await qian.send("/desk/freezes", thing="A01", village="hp", reason="又有人反映")
        assert "现在冻结着的 1 件" in qian.text
        assert "6月15日到期" in qian.text
        [found] = await holding(town)
        path = f"/desk/freezes/{found['id']}/lift"
        assert "请用自己的话写明" in await qian.send(path, reason=" ")
        assert "已解除" in await qian.send(path, reason="查清了")
        assert "由钱监委解除：查清了" in qian.text
    assert [each.lapsed_on is not None for each in await kept(town)] == [True, False]
