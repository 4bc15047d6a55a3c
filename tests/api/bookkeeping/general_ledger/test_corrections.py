"""Corrections over HTTP: by whom, of what, by how much; and how claims, passbook and report read after them."""

from __future__ import annotations

from typing import Any

import pytest
from uuid_utils.compat import uuid7

from api.platform import accounts
from tests.api.asking import confirmed, problem, sign_in, standing
from tests.api.awards.claims.conftest import becomes, claim, days_pass, declare, hire, on_notice
from tests.api.bookkeeping.general_ledger.conftest import (
    HP1,
    ask,
    available,
    awarded,
    correct,
    correction,
    hold,
    neighbours,
    redeem,
    reserve,
    settle,
    statement,
)
from tests.api.web.browser import browsing
from tests.conftest import LiveTown

TILL, ISSUING = "supermarket:hp:till", "township:issuing"


async def test_a_part_and_then_the_rest_and_then_nothing(town: LiveTown) -> None:
    award = await awarded(town)
    [part] = await correct(town, correction(award, (HP1, ISSUING, 30)))
    assert (part["status"], part["type"], part["reason"]) == ("ok", "", "")
    assert await available(town) == 70
    [over] = await correct(town, correction(award, (HP1, ISSUING, 71)))
    assert (over["status"], over["type"], over["missing"]) == ("refused", "exceeds-target", 1)
    assert over["reason"] == "比原账剩下的还多 1，请减少数量。"
    [rest] = await correct(town, correction(award))
    assert rest["status"] == "ok"
    assert await available(town) == 0
    [again] = await correct(town, correction(award))
    assert (again["status"], again["type"]) == ("refused", "already-reversed")
    assert (await standing(town))[0]["in_balance"]


async def test_what_is_spent_already_is_missing_and_says_how_much_and_where(town: LiveTown) -> None:
    await redeem(town, ("laundry", 2, 20))
    [answer] = await correct(town, correction(await awarded(town)))
    assert answer | {"id": ""} == {
        "id": "",
        "status": "refused",
        "type": "insufficient",
        "reason": "hp-1 户的积分账户余额不够，还差 40 分。",
        "missing": 40,
        "account": HP1,
    }
    restock = next(
        e["transaction"] for e in await statement(town, "supermarket:hp:shelf:laundry") if e["kind"] == "restock"
    )
    [pieces] = await correct(town, correction(restock), by="office")
    assert "请由别人更正" in pieces["reason"]
    await hire(town, "chen", "office")
    [pieces] = await correct(town, correction(restock), by="chen")
    assert (pieces["type"], pieces["missing"]) == ("insufficient", 10)
    assert "还差 10 件" in pieces["reason"]


async def test_points_and_goods_of_a_redemption_go_back_in_part(town: LiveTown) -> None:
    redemption = await redeem(town, ("soap", 2, 5), ("laundry", 1, 20))
    points = {"debit": TILL, "credit": HP1, "unit": "points", "amount": 5}
    soap = {"debit": "goods:soap:handed-out", "credit": "supermarket:hp:shelf:soap", "unit": "goods:soap"}
    [done] = await correct(town, correction(redemption, lines=[points, soap | {"amount": 1}]))
    assert done["status"] == "ok"
    report, till, card, _ = await standing(town)
    assert card["balance"] == 75
    assert next(i["stock"] for i in till["shelf"] if i["product"] == "soap") == 9
    assert (report["points_redeemed"], report["redemptions"], report["goods_handed_out"]) == (125, 2, 12)
    async with browsing(town) as browser:
        mine = await browser.open(f"/c/{town.card}")
        assert "部分更正：兑换 肥皂 2 件、洗衣液 1 件（记错了） 6月15日 +5" in mine
        [rest] = await correct(town, correction(redemption))
        assert rest["status"] == "ok"
        assert "100 分 现在可以用" in await browser.open(f"/c/{town.card}")
    [report, *_] = await standing(town)
    assert (report["points_redeemed"], report["redemptions"], report["goods_handed_out"]) == (100, 1, 10)
    assert (report["points_outstanding"], report["in_balance"]) == (103, True)


async def test_the_report_nets_awards_that_were_taken_back_in_part(town: LiveTown) -> None:
    await correct(town, correction(await awarded(town), (HP1, ISSUING, 30)))
    [report, *_] = await standing(town)
    assert (report["points_awarded"], report["awarded_by_village"][0]["points"]) == (173, 173)
    assert report["points_awarded"] - report["points_redeemed"] == report["points_outstanding"]
    await correct(town, correction(await awarded(town)))
    [report, *_] = await standing(town)
    assert report["points_awarded"] == 103


@pytest.mark.parametrize("other", ["", "reason", "lines", "person"])
async def test_a_batch_sent_again_counts_once(town: LiveTown, other: str) -> None:
    await hire(town, "chen", "office")
    batch = [correction(await awarded(town), (HP1, ISSUING, n)) for n in (1, 2)]
    assert [o["status"] for o in await correct(town, *batch, batch[0])] == ["ok", "ok", "exists"]
    changed = batch[0] | {"reason": "别的"} if other == "reason" else batch[0]
    changed = correction(await awarded(town), (HP1, ISSUING, 5), id=changed["id"]) if other == "lines" else changed
    again = await correct(town, changed, batch[1], by="chen" if other == "person" else "qian")
    assert [o["status"] for o in again] == {
        "": ["exists", "exists"],
        "person": ["conflict", "conflict"],
    }.get(other, ["conflict", "exists"])
    assert await available(town) == 97


async def test_one_refused_item_leaves_its_neighbours_alone(town: LiveTown) -> None:
    award = await awarded(town)
    outcomes = await correct(
        town,
        correction(str(uuid7())),
        correction(award, (HP1, ISSUING, 1)),
        correction(award, (ISSUING, HP1, 1)),
        correction(award, ("household:nowhere", ISSUING, 1)),
    )
    assert [(o["status"], o["type"]) for o in outcomes] == [
        ("refused", "unknown-target"),
        ("ok", ""),
        ("refused", "exceeds-target"),
        ("refused", "exceeds-target"),
    ]
    assert await available(town) == 99


async def test_a_reversal_and_a_pending_award_are_no_targets(town: LiveTown) -> None:
    done = correction(await awarded(town), (HP1, ISSUING, 1))
    await correct(town, done)
    pending = await on_notice(town)
    for target in (done["id"], pending):
        [answer] = await correct(town, correction(target), by="office")
        assert answer["type"] == "unknown-target"


async def test_a_closed_account_takes_no_correction(town: LiveTown) -> None:
    award = await awarded(town)
    async with town.town.unit_of_work() as uow:
        await uow.books.close_account(accounts.household("hp-1").id, uow.now, person="li", reason="迁出")
    [answer] = await correct(town, correction(award))
    assert (answer["type"], answer["reason"]) == ("closed", "hp-1 户的积分账户已关闭，不能再记账。")


async def test_nobody_corrects_their_own_household_or_their_own_doing(town: LiveTown) -> None:
    await hire(town, "kin", "supervisor", village="hp", household="hp-1")
    await hire(town, "both", "supervisor", "committee", village="hp")
    award = await awarded(town)
    [own] = await correct(town, correction(award), by="kin")
    assert (own["status"], own["type"]) == ("refused", "not-allowed")
    assert "自己家" in own["reason"]
    held = hold(5)
    await reserve(town, held, by="both")
    posted = await settle(town, held, "post")
    [made] = await correct(town, correction(posted["id"]), by="both")
    assert "请由别人更正" in made["reason"]
    assert (await correct(town, correction(posted["id"])))[0]["status"] == "ok"
    assert await available(town) == 100


async def test_a_village_supervisor_stays_in_the_village(town: LiveTown) -> None:
    await neighbours(town)
    [answer] = await correct(town, correction(await awarded(town)), by="far-off")
    assert (answer["type"], "乡镇办公室" in answer["reason"]) == ("not-allowed", True)
    assert await available(town) == 100


@pytest.mark.parametrize(
    "wrong",
    [
        {"reason": ""},
        {"reason": "  "},
        {"lines": []},
        {"lines": [{"debit": "a", "credit": "b", "unit": "points", "amount": 0}]},
        {"id": "x"},
    ],
)
async def test_what_is_no_correction(town: LiveTown, wrong: dict[str, Any]) -> None:
    async with town.staff("qian") as http:
        body = [correction(await awarded(town)) | wrong]
        problem(await http.post("/v1/corrections", json=body), 400, "malformed")
        problem(await http.post("/v1/corrections", json=[]), 400, "malformed")
        problem(await http.post("/v1/corrections", json=body * 501), 400, "malformed")


async def test_a_corrected_claim_says_so_at_the_desk_and_on_the_board(town: LiveTown) -> None:
    award = await awarded(town)
    await correct(town, correction(award, (HP1, ISSUING, 30)))
    id = (await ask(town, f"/v1/transactions/{award}"))["target"]["id"]
    async with browsing(town, "wang") as browser:
        desk = await browser.open("/desk")
        assert "测试积分 6月1日 王建国 hp-1 70 分 已更正" in desk
        assert "测试积分 6月1日 刘芳 hp-4 100 分 已入账" in desk
        assert "收回 30 分，余 70 分 6月15日：记错了" in await browser.open(f"/desk/claims/{id}")
        assert "+70 更正 −30" in await browser.open("/notices/hp")


async def test_who_confirms_reads_what_for_how_much_and_from_whom(town: LiveTown) -> None:
    """Of a part its own points, and of the rest what the part has left."""
    award = await awarded(town)
    for wrong, points in ((correction(award, (HP1, ISSUING, 30)), 30), (correction(award), 70)):
        async with town.staff("qian") as http:
            proposed = await http.post("/v1/corrections", json=[wrong])
        assert proposed.json()["what"] == (
            f"更正 1 笔账：测试积分：hp-1 户的积分账户→乡镇发放账户 {points}（{wrong['reason']}）"
        )
        (await confirmed(town, proposed)).raise_for_status()


async def test_the_notice_tells_a_correction_however_long_the_award_has_been_in_the_books(
    town: LiveTown,
) -> None:
    await days_pass(town, 40)
    await correct(town, correction(await awarded(town), (HP1, ISSUING, 30), reason="多算了三十分"))
    async with browsing(town) as browser:
        told = await browser.open("/notices/hp")
        assert "王** 测试积分 6月1日的，入账后 7月25日更正，余 70 分：多算了三十分 −30" in told
        assert "近期入账" not in told
        await days_pass(town, 31)
        assert "多算了三十分" not in await browser.open("/notices/hp")


async def test_what_was_taken_back_no_longer_counts_towards_the_limits(town: LiveTown) -> None:
    """A01 counts three times a year."""
    ids = [await on_notice(town) for _ in range(3)]
    await days_pass(town, 3)
    for id in ids:
        await becomes(town, id, "posted")
    await sign_in(town, "wang")
    [refused] = await declare(town, claim(), by="wang")
    assert refused["status"] == "refused"
    last = await awarded(town, "household:hp-3")
    assert (await correct(town, correction(last)))[0]["status"] == "ok"
    [again] = await declare(town, claim(), by="wang")
    assert (again["status"], again["points"]) == ("declared", 1)


async def test_a_transaction_links_both_ways_with_what_is_left(town: LiveTown) -> None:
    award = await awarded(town)
    some = correction(award, (HP1, ISSUING, 30))
    await correct(town, some)
    posted = await ask(town, f"/v1/transactions/{award}")
    assert (posted["kind"], posted["phase"], posted["person"]) == ("award", "post", "公示期满")
    assert posted["transfers"] == [{"debit": ISSUING, "credit": HP1, "unit": "points", "amount": 100, "left": 70}]
    [reversal] = posted["reversals"]
    assert (reversal["id"], reversal["person"], reversal["reason"]) == (some["id"], "钱监委", "记错了")
    assert reversal["transfers"] == [{"debit": HP1, "credit": ISSUING, "unit": "points", "amount": 30}]
    began = await ask(town, f"/v1/transactions/{posted['target']['id']}")
    assert (began["person"], began["reason"], began["phase"]) == ("李村委", "测试积分", "pending")
    assert began["settlement"]["id"] == award
    assert began["transfers"][0]["left"] == 0
    there = await ask(town, f"/v1/transactions/{some['id']}")
    assert (there["target"]["id"], there["settlement"], there["reversals"]) == (award, None, [])
    redemption = await ask(town, f"/v1/transactions/{await redeem(town, ('soap', 1, 5))}")
    assert redemption["person"] == "陈管理员"
    assert {t["unit"]: t["left"] for t in redemption["transfers"]} == {"points": 5, "goods:soap": 1}
    held = hold(4)
    await reserve(town, held)
    assert (await ask(town, f"/v1/transactions/{held['id']}", by="li"))["transfers"][0]["left"] == 4
    void = await settle(town, held, "void")
    told = await ask(town, f"/v1/transactions/{void['id']}", by="li")
    assert (told["transfers"], told["target"]["id"], told["phase"]) == ([], held["id"], "void")
    async with town.staff("office") as http:
        problem(await http.get(f"/v1/transactions/{uuid7()}"), 404, "unknown")
