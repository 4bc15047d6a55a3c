"""The steps of a claim: three people, a public notice, and posting by a job."""

from __future__ import annotations

import asyncio

import pytest

from api.awards.claims.posting import post_due
from api.platform import accounts
from tests.api.asking import problem, rows, standing
from tests.api.awards.claims.conftest import (
    approve,
    becomes,
    card,
    claim,
    days_pass,
    declare,
    hire,
    on_notice,
    review,
    status,
)
from tests.api.awards.objections.conftest import end, object_by_card
from tests.conftest import LiveTown


async def test_points_are_pending_while_on_notice_and_post_when_it_is_over(town: LiveTown) -> None:
    new_claim = claim()
    assert (await declare(town, new_claim))[0] == {
        "id": new_claim["id"],
        "status": "declared",
        "points": 1,
        "reason": "",
        "trace": {},
        "same_deed": [],
    }
    assert await card(town) == (0, 0)
    assert (await review(town, new_claim["id"]))[0]["status"] == "reviewed"
    assert await card(town) == (0, 0)
    assert (await approve(town, new_claim["id"]))[0]["status"] == "approved"
    assert await card(town) == (0, 1)
    # One second before the three days are over, nothing is due.
    await days_pass(town, 3 - 1 / 86400)
    assert await post_due(town.town) == 0
    assert await card(town) == (0, 1)
    await days_pass(town, 1 / 86400)
    await becomes(town, new_claim["id"], "posted")
    assert await card(town) == (1, 0)
    assert (await standing(town))[0]["in_balance"]


async def test_declarer_reviewer_and_approver_are_three_people(town: LiveTown) -> None:
    await hire(town, "all", "grid-leader", "committee", village="hp")
    await hire(town, "too", "grid-leader", "committee", village="hp")
    new_claim = claim()
    await declare(town, new_claim, by="all")
    id = new_claim["id"]
    assert "三个人" in (await review(town, id, by="all"))[0]["reason"]
    assert (await review(town, id, by="too"))[0]["status"] == "reviewed"
    for person in ("all", "too"):
        assert "三个人" in (await approve(town, id, by=person))[0]["reason"]
    assert await status(town, id) == "reviewed"
    assert (await approve(town, id, by="li"))[0]["status"] == "approved"


async def test_nobody_acts_on_their_own_household(town: LiveTown) -> None:
    await hire(
        town, "kin", "grid-leader", "committee", "grid-member", "supervisor", village="hp", household="hp-3"
    )
    own = claim()
    assert "自己家" in (await declare(town, own, by="kin"))[0]["reason"]
    await declare(town, own)
    assert "自己家" in (await review(town, own["id"], by="kin"))[0]["reason"]
    await review(town, own["id"])
    assert "自己家" in (await approve(town, own["id"], by="kin"))[0]["reason"]
    async with town.staff("kin") as http:
        problem(await http.post(f"/v1/claims/{own['id']}/refuse", json={"reason": "算了"}), 403, "not-allowed")
    await approve(town, own["id"])
    objection = await object_by_card(town, town.card, str(own["id"]))
    problem(await end(town, "kin", objection, "uphold"), 403, "not-allowed")
    assert await card(town) == (0, 1)


async def test_claims_are_hidden_from_other_villages(town: LiveTown) -> None:
    async with town.staff("office") as http:
        (await http.post("/v1/villages", json=[{"code": "ss", "name": "山上村"}])).raise_for_status()
    await hire(town, "far", "council", "committee", "supervisor", village="ss")
    new_claim = claim()
    assert (await declare(town, new_claim, by="far"))[0]["reason"] == "没有编号为 hp-3 的户。"
    await declare(town, new_claim)
    for step in (review, approve):
        assert (await step(town, new_claim["id"], by="far"))[0]["reason"] == "没有这条申报。"
    async with town.staff("far") as http:
        problem(await http.post(f"/v1/claims/{new_claim['id']}/refuse", json={"reason": "不对"}), 404, "unknown")
    assert await status(town, new_claim["id"]) == "declared"


async def test_steps_are_idempotent_and_none_is_skipped(town: LiveTown) -> None:
    new_claim = claim()
    await declare(town, new_claim)
    id = new_claim["id"]
    assert (await approve(town, id))[0]["reason"] == "现在轮到网格长审核，您办不了。"
    assert [o["status"] for o in await review(town, id, id)] == ["reviewed"]
    assert [o["status"] for o in await review(town, id)] == ["exists"]
    assert [o["status"] for o in await approve(town, id)] == ["approved"]
    assert [o["status"] for o in await approve(town, id)] == ["exists"]
    assert await card(town) == (0, 1)


@pytest.mark.parametrize("steps", [0, 1])
async def test_a_claim_is_refused_before_its_notice(town: LiveTown, steps: int) -> None:
    new_claim = claim()
    await declare(town, new_claim)
    if steps:
        await review(town, new_claim["id"])
    path = f"/v1/claims/{new_claim['id']}/refuse"
    turn, other = ("li", "zhao") if steps else ("zhao", "li")
    for login in ("wang", other):
        async with town.staff(login) as http:
            problem(await http.post(path, json={"reason": "算了"}), 403, "not-allowed")
    async with town.staff(turn) as http:
        problem(await http.post(path, json={"reason": ""}), 400, "malformed")
        for _ in range(2):
            assert (await http.post(path, json={"reason": "记录不符"})).status_code == 204
        problem(await http.post(path, json={"reason": "别的理由"}), 409, "wrong-state")
    assert await status(town, new_claim["id"]) == "refused"
    assert "不在这一步" in (await (approve if steps else review)(town, new_claim["id"]))[0]["reason"]
    # A refused claim no longer counts towards the limits of the rule.
    assert [o["points"] for o in await declare(town, claim(), claim(), claim())] == [1, 1, 1]


async def test_on_notice_nobody_refuses_it_and_an_objection_decides(town: LiveTown) -> None:
    id = await on_notice(town)
    for login in ("zhao", "li", "qian"):
        async with town.staff(login) as http:
            answer = await http.post(f"/v1/claims/{id}/refuse", json={"reason": "有异议"})
        problem(answer, 409, "wrong-state")
        assert "提异议" in answer.json()["detail"]
    assert await card(town) == (0, 1)


async def test_a_posted_claim_cannot_be_refused(town: LiveTown) -> None:
    id = await on_notice(town)
    await days_pass(town, 3)
    await becomes(town, id, "posted")
    async with town.staff("qian") as http:
        problem(await http.post(f"/v1/claims/{id}/refuse", json={"reason": "晚了"}), 409, "wrong-state")
    assert await card(town) == (1, 0)


async def test_several_servers_post_each_notice_once(town: LiveTown) -> None:
    ids = [await on_notice(town) for _ in range(3)]
    await days_pass(town, 3)
    assert sum(await asyncio.gather(*(post_due(town.town) for _ in range(6)))) == 3
    assert [await status(town, id) for id in ids] == ["posted"] * 3
    assert await post_due(town.town) == 0
    assert await card(town) == (3, 0)
    assert (await standing(town))[0]["in_balance"]


async def test_an_account_closed_before_the_notice_ends_gets_nothing(town: LiveTown) -> None:
    id, other_claim = await on_notice(town), claim(household="hp-4")
    await declare(town, other_claim)
    await review(town, other_claim["id"])
    await approve(town, other_claim["id"])
    async with town.town.unit_of_work() as uow:
        assert await uow.books.close_account(accounts.household("hp-3").id, uow.now, person="li", reason="迁出")
    await days_pass(town, 3)
    await becomes(town, other_claim["id"], "posted")
    await becomes(town, id, "refused")
    assert await card(town) == (0, 0)
    [(reason,)] = await rows(town, "select refusal from claim where id = :id", id=id)
    assert "已关闭" in reason
    assert (await standing(town))[0]["in_balance"]


async def test_an_award_to_a_closed_account_is_not_approved(town: LiveTown) -> None:
    new_claim, other_claim = claim(), claim(household="hp-4")
    await declare(town, new_claim, other_claim)
    await review(town, new_claim["id"], other_claim["id"])
    async with town.town.unit_of_work() as uow:
        await uow.books.close_account(accounts.household("hp-3").id, uow.now, person="li", reason="迁出")
    outcomes = await approve(town, new_claim["id"], other_claim["id"])
    assert [o["status"] for o in outcomes] == ["refused", "approved"]
    assert outcomes[0]["reason"] == "这户的积分账户已关闭。"
    assert await status(town, new_claim["id"]) == "reviewed"
