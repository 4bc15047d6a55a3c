"""Deductions: signed by two bodies, anonymous on the notice board, never more than the balance."""

from __future__ import annotations

from typing import Any

import pytest
from uuid_utils.compat import uuid7

from tests.api.asking import rows, sign_in, standing
from tests.api.awards.claims.conftest import approve, becomes, claim, days_pass, declare, hire, review, status
from tests.api.awards.claims.extra_rules import REMINDED, extra_rules
from tests.api.awards.objections.conftest import end, object_by_card
from tests.api.bookkeeping.general_ledger.conftest import correct, correction
from tests.api.web.browser import browsing
from tests.conftest import LiveTown

pytestmark = pytest.mark.usefixtures("july")
DAY = "2026-07-15"


@pytest.fixture
async def july(town: LiveTown) -> None:
    await extra_rules(town)


async def balance(town: LiveTown, card: str) -> int:
    async with town.device() as http:
        return int((await http.get(f"/v1/cards/{card}")).raise_for_status().json()["balance"])


def deduction(household: str = "hp-1", rule: str = "X01", **more: Any) -> dict[str, Any]:
    return claim(rule, household, DAY, **(more or (REMINDED if rule == "X01" else {})))


async def declare_and_sign(town: LiveTown, new_claim: dict[str, Any]) -> dict[str, Any]:
    """Declare, review as the council and sign as the supervisory committee; returns the last outcome."""
    assert (await declare(town, new_claim))[0]["status"] == "declared"
    assert (await review(town, new_claim["id"]))[0]["status"] == "reviewed"
    return (await approve(town, new_claim["id"], by="qian"))[0]


async def test_a_deduction_is_pending_on_notice_and_posted_afterwards(town: LiveTown) -> None:
    new_claim = deduction()
    assert (await declare_and_sign(town, new_claim))["points"] == -5
    assert await balance(town, town.card) == 95
    async with browsing(town) as browser:
        board = await browser.open("/notices/hp")
        own = await browser.open(f"/c/{town.card}")
    assert "某户 乱倒垃圾 7月15日 −5" in board
    assert "hp-1" not in board.split("正在公示")[1].split("近期入账")[0]
    assert "扣分：乱倒垃圾" in own
    await days_pass(town, 3)
    await becomes(town, new_claim["id"], "posted")
    assert await balance(town, town.card) == 95
    async with browsing(town) as browser:
        own = await browser.open(f"/c/{town.card}")
    assert "扣分：乱倒垃圾 7月23日 −5" in own
    # Lifetime points are unaffected: only the balance is lower.
    assert "荣誉分 历年共得 100 分" in own
    assert (await standing(town))[0]["in_balance"]


async def test_each_signature_is_by_its_own_body(town: LiveTown) -> None:
    await hire(town, "chief", "grid-leader", village="hp")
    new_claim = deduction()
    await declare(town, new_claim)
    for wrong in ("chief", "li", "qian"):
        assert "道德评议会审核" in (await review(town, new_claim["id"], by=wrong))[0]["reason"]
    await review(town, new_claim["id"])
    for wrong in ("li", "zhao"):
        assert "村务监督委员会签认" in (await approve(town, new_claim["id"], by=wrong))[0]["reason"]
    assert await status(town, new_claim["id"]) == "reviewed"


async def test_one_person_of_both_bodies_signs_once(town: LiveTown) -> None:
    await hire(town, "both", "council", "supervisor", village="hp")
    new_claim = deduction()
    await declare(town, new_claim)
    assert (await review(town, new_claim["id"], by="both"))[0]["status"] == "reviewed"
    assert "三个人" in (await approve(town, new_claim["id"], by="both"))[0]["reason"]


async def test_the_balance_never_goes_below_zero(town: LiveTown) -> None:
    [poor, empty] = await declare(town, deduction("hp-2"), deduction("hp-3"))
    assert (poor["status"], poor["points"]) == ("declared", -3)
    assert empty["status"] == "refused"
    assert "余额不因扣分低于 0" in empty["reason"]
    assert empty["trace"]["refusals"][0]["code"] == "nothing_to_take"


async def test_two_deductions_in_one_batch_share_the_balance(town: LiveTown) -> None:
    first, second = deduction("hp-2"), deduction("hp-2", inputs={"reminded_on": "2026-07-02"})
    assert [o["status"] for o in await declare(town, first, second)] == ["declared", "refused"]


async def test_points_spent_meanwhile_are_not_deducted(town: LiveTown) -> None:
    new_claim = deduction("hp-2")
    await declare(town, new_claim)
    await review(town, new_claim["id"])
    await spend(town, town.poor_card, 0)
    assert (await approve(town, new_claim["id"], by="qian"))[0]["points"] == -3
    other = deduction("hp-1", "X02")
    await declare(town, other)
    await review(town, other["id"], by="li")
    await spend(town, town.card, 90)
    assert (await approve(town, other["id"], by="qian"))[0]["points"] == -10
    last = deduction("hp-1", "X02")
    assert "没有可扣的积分" in (await declare(town, last))[0]["reason"]


async def spend(town: LiveTown, card: str, points: int) -> None:
    """On rice (50) and laundry liquid (20)."""
    pieces = {90: {"rice": 1, "laundry": 2}}.get(points, {})
    if not pieces:
        return
    prices = {"rice": 50, "laundry": 20}
    lines = [{"product": p, "quantity": n, "price": prices[p]} for p, n in pieces.items()]
    async with town.device(await town.shift()) as http:
        body = {"card": card, "lines": lines}
        (await http.put(f"/v1/redemptions/{uuid7()}", json=body)).raise_for_status()


async def test_a_deduction_without_balance_stays_reviewed(town: LiveTown) -> None:
    one, two = deduction("hp-4", "X02"), deduction("hp-2")
    await declare(town, one, two)
    await review(town, one["id"], by="li")
    await review(town, two["id"])
    [(points,)] = await rows(town, "select points from claim where id = :id", id=two["id"])
    assert points == -3
    async with town.staff("office") as http:
        hold = {
            "id": str(uuid7()),
            "household": "hp-2",
            "supermarket": "hp",
            "points": 3,
            "reason": "预留肥皂",
            "expires_at": "2026-08-01T00:00:00Z",
        }
        [held] = (await http.post("/v1/holds", json=[hold])).raise_for_status().json()
    assert held["status"] == "ok", held
    [answer] = await approve(town, two["id"], by="qian")
    assert answer["status"] == "refused"
    assert "没有可扣的积分" in answer["reason"]
    assert await status(town, two["id"]) == "reviewed"


async def test_a_written_reminder_is_required(town: LiveTown) -> None:
    late = deduction(inputs={"reminded_on": DAY})
    without = deduction(inputs={"reminded_on": ""})
    outcomes = await declare(town, late, without)
    assert "要先书面提醒" in outcomes[0]["reason"]
    assert "请填「书面提醒的日期」" in outcomes[1]["reason"]


async def test_at_most_fifty_points_a_year(town: LiveTown) -> None:
    outcomes = await declare(town, *(deduction("hp-1", "X02") for _ in range(4)))
    assert [o["points"] for o in outcomes] == [-20, -20, -10, 0]
    assert "一户一年最多扣 50 分" in outcomes[3]["reason"]


async def test_an_objection_is_decided_by_another_supervisor(town: LiveTown) -> None:
    await hire(town, "sun-jian", "supervisor", village="hp")
    new_claim = deduction()
    await declare_and_sign(town, new_claim)
    objection = await object_by_card(town, town.card, str(new_claim["id"]))
    assert "别的监委成员" in (await end(town, "qian", objection, "uphold")).json()["detail"]
    (await end(town, "sun-jian", objection, "uphold")).raise_for_status()
    assert await balance(town, town.card) == 100
    # A refused deduction doesn't count towards limits.
    assert [o["points"] for o in await declare(town, *(deduction("hp-1", "X02") for _ in range(3)))] == [
        -20,
        -20,
        -10,
    ]


async def test_the_desk_shows_a_deduction_to_those_who_sign_it(town: LiveTown) -> None:
    new_claim = deduction()
    await declare(town, new_claim)
    async with browsing(town, "zhao") as browser:
        assert "乱倒垃圾" in await browser.open("/desk")
    async with browsing(town, "qian") as browser:
        assert "乱倒垃圾" not in await browser.open("/desk")
    await review(town, new_claim["id"])
    async with browsing(town, "qian") as browser:
        desk = await browser.open("/desk")
    assert "乱倒垃圾" in desk
    assert "−5" in desk
    async with browsing(town, "li") as browser:
        assert "乱倒垃圾" not in await browser.open("/desk")


async def test_a_corrected_deduction_is_returned_and_no_longer_counts(town: LiveTown) -> None:
    new_claim = deduction("hp-1", "X02")
    await declare(town, new_claim)
    await review(town, new_claim["id"], by="li")
    await approve(town, new_claim["id"], by="qian")
    await days_pass(town, 3)
    await becomes(town, new_claim["id"], "posted")
    report = (await standing(town))[0]
    assert (report["points_deducted"], report["points_outstanding"]) == (20, 203 - 100 - 20)
    [(posting,)] = await rows(
        town, "select id from ledger.transaction where target = :id and phase = 'post'", id=new_claim["id"]
    )
    [outcome] = await correct(town, correction(str(posting)), by="office")
    assert outcome["status"] == "ok"
    assert await balance(town, town.card) == 100
    report = (await standing(town))[0]
    assert (report["points_deducted"], report["in_balance"]) == (0, True)
    async with browsing(town) as browser:
        assert "某户 损坏公物 7月15日 0 更正 +20" in await browser.open("/notices/hp")
    # It no longer counts towards the year's bound.
    await sign_in(town, "wang")
    more = [deduction("hp-1", "X02") for _ in range(3)]
    assert [o["points"] for o in await declare(town, *more)] == [-20, -20, -10]


async def test_points_leased_to_kiosks_are_not_deducted(town: LiveTown) -> None:
    waits = deduction("hp-2")
    await declare(town, waits)
    await review(town, waits["id"])
    async with town.device() as http:
        (await http.post("/v1/till/leases")).raise_for_status()
    signed_too_late = (await approve(town, waits["id"], by="qian"))[0]
    assert (signed_too_late["status"], await status(town, waits["id"])) == ("refused", "reviewed")
    assert signed_too_late["reason"].endswith("预留的和留在超市终端的不扣。")
    assert "没有可扣的积分" in (await declare(town, deduction()))[0]["reason"]
    # The household can still spend it at the supermarket.
    async with browsing(town) as browser:
        assert "100 分 现在可以用" in await browser.open(f"/c/{town.card}")
