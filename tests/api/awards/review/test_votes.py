"""The moral council decides by several members where the policy says so: one vote each, the majority counts."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.api.asking import rows, sign_in
from tests.api.awards.claims.conftest import approve, card, review, status
from tests.api.awards.review.conftest import COUNCIL, act, for_council, hire_council, set_quorum, statuses
from tests.api.web.browser import browsing
from tests.conftest import LiveTown


@pytest.fixture
async def council(town: LiveTown) -> LiveTown:
    await hire_council(town)
    await set_quorum(town, 3)
    await sign_in(town, *COUNCIL)
    return town


async def votes(town: LiveTown, id: str) -> list[Any]:
    return await rows(
        town,
        "select p.login, v.approves, v.reason from claim_vote v join person p on p.id = v.person"
        " where v.claim = :id and v.place = 0 order by 1",
        id=id,
    )


async def test_the_majority_of_the_quorum_is_the_bodys_signature(council: LiveTown) -> None:
    id = await for_council(council)
    [first] = await review(council, id, by="an")
    assert (first["status"], first["reason"]) == ("voted", "已经表决，还要 2 名成员表决。")
    assert statuses(await review(council, id, by="an")) == ["exists"], "a vote counts once"
    assert (await act(council, "an", id, "refuse", "改主意了")).json()["detail"] == (
        "这一件您已经表决过，每人一票，不能再改。"
    )
    assert (await approve(council, id))[0]["reason"] == "现在轮到道德评议会审核，您办不了。"
    for _ in range(2):
        assert (await act(council, "zhao", id, "refuse", "没看见")).status_code == 204
    assert await status(council, id) == "declared"
    assert statuses(await review(council, id, by="cai")) == ["reviewed"]
    assert statuses(await review(council, id, by="an")) == ["exists"]
    assert "不在这一步" not in (await review(council, id, by="bo"))[0]["reason"]
    assert await votes(council, id) == [("an", True, ""), ("cai", True, ""), ("zhao", False, "没看见")]
    assert statuses(await approve(council, id)) == ["approved"]
    assert await card(council) == (0, 7)


async def test_without_a_majority_it_is_refused_with_the_reasons(council: LiveTown) -> None:
    id = await for_council(council)
    await review(council, id, by="an")
    await act(council, "bo", id, "refuse", "没去")
    assert (await act(council, "cai", id, "refuse", "名单上没有")).status_code == 204
    [(refusal,)] = await rows(council, "select refusal from claim where id = :id", id=id)
    assert refusal == "道德评议会表决：赞成 1 人，不赞成 2 人。没去；名单上没有"
    assert await status(council, id) == "refused"
    # The last word can be a yes, too.
    id = await for_council(council)
    for login in ("an", "bo"):
        await act(council, login, id, "refuse", "没去")
    [outcome] = await review(council, id, by="cai")
    assert (outcome["status"], "赞成 1 人，不赞成 2 人" in outcome["reason"]) == ("voted-down", True)
    # And the last no of three can be outvoted.
    id = await for_council(council)
    await review(council, id, by="an")
    await review(council, id, by="bo")
    assert (await act(council, "cai", id, "refuse", "没去")).status_code == 204
    assert await status(council, id) == "reviewed"


async def test_who_keeps_out_is_not_counted_and_fewer_decide_then(council: LiveTown) -> None:
    """bo lives in hp-2: of four members three are left, and of a quorum of four three."""
    await set_quorum(council, 4)
    id = await for_council(council, "hp-2")
    async with browsing(council, "cai") as cai, browsing(council, "bo") as bo:
        told = "规定道德评议会 4 人表决，能办这一件的只有 3 人（回避的不算），就由这 3 人表决。"
        assert told in await cai.open(f"/desk/claims/{id}")
        assert "回避：您自己家的，请由别人办理。" in await bo.open("/desk")
        assert id not in bo.claims()
        assert "不能办理自己家的申报" in (await review(council, id, by="bo"))[0]["reason"]
        for login, becomes in (("an", "voted"), ("zhao", "voted"), ("cai", "reviewed")):
            assert statuses(await review(council, id, by=login)) == [becomes]
        assert await rows(council, "select place, ground from claim_recusal where claim = :id", id=id) == [
            (0, "own")
        ]
        assert statuses(await approve(council, id)) == ["approved"]
        async with browsing(council, "qian") as qian:
            assert "回避 1 人次 bo 审核时回避，本户" in await qian.open(f"/desk/claims/{id}")
        assert "审核时回避" not in await cai.open(f"/desk/claims/{id}"), "names are for supervisors"
        assert "回避 1 人次" in await cai.open("/notices/hp")


async def test_where_nobody_is_left_the_page_says_what_to_do(town: LiveTown) -> None:
    await hire_council(town)
    await sign_in(town, "bo")
    async with town.staff("office") as http:
        for login in ("zhao", "an", "cai"):
            (await http.put(f"/v1/people/{login}/relatives/hp-2")).raise_for_status()
    id = await for_council(town, "hp-2")
    async with browsing(town, "zhao") as zhao:
        said = await zhao.open(f"/desk/claims/{id}")
    assert "道德评议会现在没有人能办这一件：请乡镇办公室增加一名与这户无关的成员，或由申报人撤回。" in said
    assert (await act(town, "wang", id, "withdraw")).status_code == 204
    assert await status(town, id) == "withdrawn"


async def test_how_others_voted_is_told_after_ones_own_vote(council: LiveTown) -> None:
    id = await for_council(council)
    await act(council, "an", id, "refuse", "没去")
    async with browsing(council, "cai") as cai:
        before = await cai.open(f"/desk/claims/{id}")
        assert "1 人已表决，还要 2 人" in before
        assert "an 已表决" in before
        assert "没去" not in before
        assert "1 件已表决：已经表决，还要 1 名成员表决。" in await cai.send("/desk/claims/review", claims=[id])
        assert id not in cai.claims(), "it doesn't wait for this person any more"
        after = await cai.open(f"/desk/claims/{id}")
        assert "an 没去 不赞成" in after
        assert "cai 赞成" in after


async def test_many_at_once_as_with_signatures(council: LiveTown) -> None:
    ids = [await for_council(council, day=f"2026-06-0{n}") for n in range(1, 4)]
    assert statuses(await review(council, *ids, by="an")) == ["voted"] * 3
    await act(council, "bo", ids[0], "refuse", "没去")
    await act(council, "zhao", ids[0], "refuse", "没去")
    assert statuses(await review(council, *ids[1:], by="bo")) == ["voted"] * 2
    assert statuses(await review(council, *ids, by="cai")) == ["refused", "reviewed", "reviewed"]


async def test_a_policy_that_changes_meanwhile_counts_at_once(council: LiveTown) -> None:
    """Lowered to what has voted already: whoever asks again gets the decision, nothing hangs."""
    id = await for_council(council)
    await review(council, id, by="an")
    await review(council, id, by="bo")
    await set_quorum(council, 2)
    assert statuses(await review(council, id, by="an")) == ["reviewed"]
    assert len(await votes(council, id)) == 2


async def test_who_leaves_after_voting_has_voted(council: LiveTown) -> None:
    id = await for_council(council)
    await review(council, id, by="an")
    async with council.staff("office") as http:
        (await http.post("/v1/people/an/end", json={"on": "2026-06-14", "reason": "调走"})).raise_for_status()
    assert statuses(await review(council, id, by="cai")) == ["voted"]
    assert statuses(await review(council, id, by="zhao")) == ["reviewed"]


async def test_all_members_at_once_are_counted_once_each(council: LiveTown) -> None:
    id = await for_council(council)
    answers = await asyncio.gather(*(review(council, id, by=login) for login in (*COUNCIL, "zhao") for _ in "12"))
    told = sorted(outcome["status"] for [outcome] in answers)
    assert told.count("voted") == 2
    assert told.count("reviewed") == 1
    assert len(await votes(council, id)) == 3
    assert await rows(council, "select place from claim_signature where claim = :id", id=id) == [(0,)]
