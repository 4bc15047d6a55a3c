"""Holds over HTTP: reserved, posted in part, voided, and released by themselves when their time is over."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from uuid_utils.compat import uuid7

from tests.api.asking import a_redemption, order, problem, rows, sign_in, standing
from tests.api.awards.claims.conftest import hire, on_notice
from tests.api.bookkeeping.general_ledger.conftest import ask, available, hold, neighbours, reserve, send, settle
from tests.api.web.browser import browsing
from tests.conftest import LiveTown, run_jobs


async def test_a_hold_lowers_what_can_be_spent_and_the_household_sees_it(town: LiveTown) -> None:
    held = hold(60)
    assert (await reserve(town, held))[0] | {"id": ""} == {
        "id": "",
        "status": "ok",
        "type": "",
        "reason": "",
        "missing": 0,
        "account": "",
    }
    assert await available(town) == 40
    async with town.device(await town.shift()) as http:
        refusal = await http.put(a_redemption(), json=order(town.card, ("rice", 1, 50)))
        assert problem(refusal, 409, "insufficient-points") == {"missing": 10}
        assert (await http.get(f"/v1/cards/{town.card}")).json()["balance"] == 40
    evening = hold(1, expires_at="2026-06-21T18:30:00+08:00", reason="预订大米")
    await reserve(town, evening)
    async with browsing(town) as browser:
        mine = await browser.open(f"/c/{town.card}")
    assert "39 分 现在可以用" in mine
    assert "预订化肥 已预留 60 分，到 6月20日 前有效" in mine
    assert "预订大米 已预留 1 分，到 6月21日 18:30 前有效" in mine
    first, second = await ask(town, "/v1/holds", by="li", household="hp-1")
    assert first == {
        "id": held["id"],
        "household": "hp-1",
        "supermarket": "hp",
        "points": 60,
        "expires_at": "2026-06-19T16:00:00Z",
        "reason": "预订化肥",
        "person": "李村委",
        "recorded_at": "2026-06-15T02:00:00Z",
    }
    assert second["id"] == evening["id"]


async def test_a_part_is_posted_and_the_rest_comes_back(town: LiveTown) -> None:
    held = hold(60)
    await reserve(town, held)
    over = await settle(town, held, "post", points=61)
    assert (over["status"], over["type"], over["missing"]) == ("refused", "exceeds-target", 1)
    assert (await settle(town, held, "post", points=25))["status"] == "ok"
    assert await available(town) == 75
    late = await settle(town, held, "void")
    assert (late["status"], late["type"]) == ("refused", "already-settled")
    assert await ask(town, "/v1/holds", household="hp-1") == []
    async with browsing(town) as browser:
        mine = await browser.open(f"/c/{town.card}")
    assert "预订化肥 6月15日 −25" in mine
    assert "已预留" not in mine
    [report, *_] = await standing(town)
    assert (report["points_redeemed"], report["redemptions"], report["in_balance"]) == (125, 1, True)
    assert report["points_awarded"] - report["points_redeemed"] == report["points_outstanding"]


async def test_a_void_gives_all_of_it_back(town: LiveTown) -> None:
    held = hold(60)
    await reserve(town, held)
    assert (await settle(town, held, "void", points=5))["type"] == "malformed"
    assert (await settle(town, held, "void"))["status"] == "ok"
    assert await available(town) == 100


async def test_what_is_over_is_released_by_itself(town: LiveTown) -> None:
    short, long = hold(60), hold(5, expires_at="2026-07-20T00:00:00+08:00")
    await reserve(town, short, long)
    town.clock.travel(town.clock.now() + timedelta(days=6))
    await sign_in(town, "fu", "office")
    await run_jobs(town.town)
    assert await available(town) == 95
    late = await settle(town, short, "post")
    assert (late["status"], late["type"]) == ("refused", "already-settled")
    assert [h["id"] for h in await ask(town, "/v1/holds", household="hp-1")] == [long["id"]]
    view = await ask(town, f"/v1/transactions/{short['id']}")
    assert (view["settlement"]["phase"], view["settlement"]["person"]) == ("void", "到期自动")


async def test_holds_and_settlements_sent_again_count_once(town: LiveTown) -> None:
    batch = [hold(1), hold(2)]
    assert [o["status"] for o in await reserve(town, *batch, batch[0])] == ["ok", "ok", "exists"]
    # The same moment, written in another time zone.
    again = [batch[0] | {"expires_at": "2026-06-19T16:00:00Z"}, batch[1] | {"points": 3}]
    assert [o["status"] for o in await reserve(town, *again)] == ["exists", "conflict"]
    settlements = [
        {"id": str(uuid7()), "hold": batch[0]["id"], "action": "post"},
        {"id": str(uuid7()), "hold": batch[1]["id"], "action": "void"},
    ]
    for statuses in (["ok", "ok"], ["exists", "exists"]):
        outcomes = await send(town, "/v1/holds/settlements", settlements, "fu")
        assert [o["status"] for o in outcomes] == statuses
    assert await available(town) == 99


async def test_what_there_is_not_can_not_be_held(town: LiveTown) -> None:
    outcomes = await reserve(town, hold(101), hold(100), hold(1))
    assert [(o["status"], o["type"], o["missing"]) for o in outcomes] == [
        ("refused", "insufficient", 1),
        ("ok", "", 0),
        ("refused", "insufficient", 1),
    ]
    assert outcomes[0]["reason"] == "hp-1 户的积分账户余额不够，还差 1 分。"
    assert await available(town) == 0


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ({"household": "hp-9"}, "unknown"),
        ({"supermarket": "hp-9"}, "unknown"),
        ({"expires_at": "2026-06-15T02:00:00Z"}, "expired"),
        ({"expires_at": "9999-12-31T23:59:59-12:00"}, "malformed"),
    ],
)
async def test_a_hold_that_is_refused(town: LiveTown, wrong: dict[str, Any], word: str) -> None:
    [outcome] = await reserve(town, hold(1) | wrong)
    assert (outcome["status"], outcome["type"]) == ("refused", word)
    assert outcome["reason"].endswith("。")


@pytest.mark.parametrize(
    "wrong",
    [{"points": 0}, {"points": -1}, {"expires_at": "2026-06-20T00:00:00"}, {"reason": " "}, {"household": "A"}],
)
async def test_what_is_no_hold(town: LiveTown, wrong: dict[str, Any]) -> None:
    async with town.staff("li") as http:
        problem(await http.post("/v1/holds", json=[hold(1) | wrong]), 400, "malformed")


async def test_a_committee_holds_for_its_own_village_and_nobody_for_their_own_household(town: LiveTown) -> None:
    await neighbours(town)
    await hire(town, "kin", "committee", village="hp", household="hp-1")
    held = hold(1)
    await reserve(town, held)
    assert (await reserve(town, hold(1), by="far"))[0]["type"] == "unknown"
    assert (await reserve(town, hold(1, supermarket="ss")))[0]["type"] == "unknown"
    assert (await settle(town, held, "void", by="far"))["type"] == "unknown-target"
    assert (await reserve(town, hold(1), by="kin"))[0]["type"] == "not-allowed"
    assert (await settle(town, held, "post", by="kin"))["type"] == "not-allowed"
    assert (await reserve(town, hold(1, supermarket="ss"), by="office"))[0]["status"] == "ok"
    async with town.staff("far") as http:
        problem(await http.get("/v1/holds", params={"household": "hp-1"}), 404, "unknown")
    assert await available(town) == 98


async def test_an_award_on_notice_is_no_hold(town: LiveTown) -> None:
    """Or the committee could end a public notice by itself."""
    award = await on_notice(town)
    for action in ("post", "void"):
        assert (await settle(town, {"id": award}, action))["type"] == "unknown-target"
    assert [s for (s,) in await rows(town, "select status from claim where id = :id", id=award)] == ["approved"]
