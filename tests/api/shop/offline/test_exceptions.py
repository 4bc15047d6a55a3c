"""Exceptions: who sees and decides them, once, and what is booked then."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import httpx
import pytest
from uuid_utils.compat import uuid7

from tests.api.asking import problem, rows, standing
from tests.api.awards.claims.conftest import days_pass, hire
from tests.api.bookkeeping.exports.conftest import as_owner
from tests.api.bookkeeping.general_ledger.conftest import neighbours
from tests.api.shop.offline.till import Till, add_till, end_enrolment, read_account, read_escrow, read_shelf
from tests.conftest import LiveTown


async def listed(town: LiveTown, by: str = "office") -> Any:
    async with town.staff(by) as http:
        return (await http.get("/v1/till-exceptions")).raise_for_status().json()


def path(entry: dict[str, Any]) -> str:
    return f"/v1/till-exceptions/{entry['kiosk']}/{entry['epoch']}/{entry['number']}/{entry['hash']}/decision"


async def decide(
    town: LiveTown, entry: dict[str, Any], accept: bool, reason: str = "", by: str = "office"
) -> httpx.Response:
    async with town.staff(by) as http:
        return await http.post(path(entry), json={"accept": accept, "reason": reason})


async def waiting(town: LiveTown, by: str = "office") -> dict[str, Any]:
    """The only one there is."""
    [entry] = (await listed(town, by))["waiting"]
    return dict(entry)


@pytest.fixture
async def too_much(till: Till, household: UUID) -> Till:
    """150 points of goods handed over to a household that has a hundred."""
    await till.renew()
    till.write_sale(till.town.card, household, ("rice", 3), leased=150)
    await till.settle()
    return till


async def test_an_exception_says_what_happened_and_what_is_missing(too_much: Till) -> None:
    entry = await waiting(too_much.town)
    assert (entry["place"], entry["supermarket"]) == ("前台", "河畔村积美超市")
    assert (entry["kind"], entry["status"], entry["points"]) == ("sold", "exception", 150)
    assert entry["what"] == "王建国家兑换大米 3 件，共 150 分"
    assert entry["remark"] == "这户的积分不够付这一笔，还差 50 分。"
    assert (entry["decision"], entry["decided_at"], entry["barred"]) == ("", None, "")


async def test_a_sale_can_be_accepted_once_there_are_points(too_much: Till) -> None:
    town = too_much.town
    entry = await waiting(town)
    # Leased points are not used: only the account pays.
    extra = problem(await decide(town, entry, True), 409, "insufficient-points")
    assert extra == {"missing": 150}
    assert await waiting(town) == entry
    await town.award("hp-1", 160)
    done = (await decide(town, entry, True, "已和户主核对")).raise_for_status().json()
    assert (done["decision"], done["decided_by"], done["reason"]) == ("accepted", "乡镇办公室", "已和户主核对")
    assert done["status"] == "exception"
    assert (await read_account(town, "household:hp-1"), await read_escrow(town, too_much, "hp-1")) == (10, 100)
    assert await read_shelf(town, "rice") == 7
    # The kiosk's entry itself is unchanged.
    assert await too_much.settle_statuses() == ["known", "exception"]
    found = await listed(town)
    assert (found["waiting"], [note["decision"] for note in found["notes"]]) == ([], ["accepted"])


async def test_dismissing_needs_a_reason_and_books_nothing(too_much: Till) -> None:
    town = too_much.town
    entry, before = await waiting(town), await standing(town)
    for reason in ("", "  "):
        problem(await decide(town, entry, False, reason), 400, "reason-missing")
    done = (await decide(town, entry, False, "重复登记", by="qian")).raise_for_status().json()
    assert (done["decision"], done["decided_by"], done["reason"]) == ("dismissed", "钱监委", "重复登记")
    assert await standing(town) == before


async def test_a_decision_counts_once_and_a_retry_gets_the_same_answer(too_much: Till) -> None:
    town = too_much.town
    await town.award("hp-1", 400)
    entry = await waiting(town)
    answers = await asyncio.gather(*(decide(town, entry, True, by=by) for by in ("office", "qian") * 3))
    assert sorted(answer.status_code for answer in answers) == [200] * 3 + [409] * 3
    assert await read_account(town, "household:hp-1") == 250
    winner = "office" if answers[0].status_code == 200 else "qian"
    first = (await decide(town, entry, True, by=winner)).json()
    assert first == next(answer.json() for answer in answers if answer.status_code == 200)
    problem(await decide(town, entry, False, "想想不对", by=winner), 409, "wrong-state")


async def test_who_sees_and_decides(too_much: Till) -> None:
    town = too_much.town
    await neighbours(town)
    entry = await waiting(town)
    for login in ("wang", "zhao", "ma"):
        async with town.staff(login) as http:
            problem(await http.get("/v1/till-exceptions"), 403, "not-allowed")
        problem(await decide(town, entry, False, "不", by=login), 403, "not-allowed")
    assert (await listed(town, "far"))["waiting"] == []
    problem(await decide(town, entry, False, "不", by="far"), 404, "unknown")
    assert (await listed(town, "far-off"))["waiting"] == []
    for login in ("li", "qian", "tan"):
        assert (await waiting(town, login))["what"].startswith("王建国家")
    async with httpx.AsyncClient(base_url=town.url) as nobody, too_much.device() as device:
        for http in (nobody, device):
            problem(await http.get("/v1/till-exceptions"), 401, "not-signed-in")


async def test_a_household_of_another_village_is_masked(till: Till) -> None:
    town = till.town
    await neighbours(town)
    async with town.staff("office") as http:
        [card] = (await http.post("/v1/cards", json={"households": ["ss-1"]})).json()
    theirs = (await till.view_card(card["token"])).household
    till.write_sale(card["token"], theirs, ("soap", 1))
    await till.settle()
    assert (await waiting(town, "li"))["what"] == "赵*家兑换肥皂 1 件，共 5 分"
    assert (await waiting(town, "tan"))["what"] == "赵六家兑换肥皂 1 件，共 5 分"


async def test_nobody_decides_about_their_own_household(too_much: Till) -> None:
    town = too_much.town
    await hire(town, "wang2", "committee", village="hp", household="hp-1")
    entry = await waiting(town, "wang2")
    assert entry["barred"] == "这一条和您自己家有关，请由别人决定。"
    for accept in (True, False):
        problem(await decide(town, entry, accept, "自己家的", by="wang2"), 403, "not-allowed")
    await end_enrolment(town, too_much)
    id = uuid7()
    [(household,)] = await rows(town, "select id from household where code = 'hp-1'")
    too_much.write_sale(town.card, household, ("soap", 1), id=id)
    too_much.write_return(household, 1)
    too_much.write_void(id)
    await too_much.settle()
    assert {e["barred"] == "" for e in (await listed(town, "wang2"))["waiting"] if e["kind"] == "sold"} == {False}


async def test_a_late_sale_is_paid_from_the_account(till: Till, household: UUID) -> None:
    town = till.town
    await till.renew()
    await end_enrolment(town, till)
    till.write_sale(town.card, household, ("laundry", 1), ("brush", 1), leased=30, collector=town.poor_card)
    assert await till.settle_statuses() == ["known", "late"]
    entry = await waiting(town)
    (await decide(town, entry, True)).raise_for_status()
    assert await read_account(town, "household:hp-1") == 70
    # The brush that the books didn't have must have been on the shelf, since it was handed over.
    assert (await read_shelf(town, "brush"), await read_account(town, "goods:brush:difference")) == (0, -1)
    [(receipt,)] = await rows(town, "select receipt from redemption where id = :id", id=entry["redemption"])
    assert (receipt["collector"], receipt["points"]) == ("李**", 30)


async def test_a_late_void_goes_back_to_the_account(till: Till) -> None:
    town = till.town
    await till.renew()
    id = uuid7()
    (await till.redeem(id, town.card, ("soap", 2), leased=100)).raise_for_status()
    await end_enrolment(town, till)
    till.write_void(id)
    assert (await till.settle_statuses())[-1] == "late"
    entry = await waiting(town)
    assert entry["what"] == "作废王建国家的兑换（拿错了）：肥皂 2 件，共 10 分"
    (await decide(town, entry, True)).raise_for_status()
    assert (await read_account(town, "household:hp-1"), await read_escrow(town, till, "hp-1")) == (100, 0)
    assert await read_shelf(town, "soap") == 10


async def test_a_void_of_an_earlier_shift_can_be_accepted(till: Till, household: UUID) -> None:
    town = till.town
    await till.renew()
    id = uuid7()
    till.write_sale(town.card, household, ("soap", 2), leased=10, id=id)
    await till.sign_in()
    till.write_void(id)
    assert (await till.settle_statuses())[-1] == "exception"
    (await decide(town, await waiting(town), True)).raise_for_status()
    assert (await read_account(town, "household:hp-1"), await read_escrow(town, till, "hp-1")) == (10, 90)
    till.write_void(id)
    assert (await till.settle_last())[0] == "known"


async def test_a_supermarket_voids_nothing_of_another_one(till: Till) -> None:
    town = till.town
    await neighbours(town)
    id = uuid7()
    (await till.redeem(id, town.card, ("soap", 1))).raise_for_status()
    other = await add_till(town, "后台")
    await other.sign_in()
    await as_owner(town, f"update kiosk set supermarket = 'ss' where id = '{other.id}'")
    other.write_void(id)
    await other.settle()
    problem(await decide(town, await waiting(town), True), 403, "not-allowed")
    assert await read_shelf(town, "soap") == 9


async def test_entries_of_a_fork_count_at_most_once(till: Till, household: UUID) -> None:
    """Both report the same redemption, the clone reports another one, and neither voids it."""
    town = till.town
    await till.renew()
    twin = till.clone()
    both, lone, never = uuid7(), uuid7(), uuid7()
    till.write_return(household, 60)
    till.write_sale(town.card, household, ("soap", 1), leased=5, id=both)
    twin.write_sale(town.card, household, ("soap", 1), leased=5, id=both)
    twin.write_sale(town.card, household, ("laundry", 1), leased=20, id=lone)
    twin.write_void(never)
    assert await till.settle_statuses() == ["known", "settled", "settled"]
    assert await twin.settle_statuses() == ["known", "fork", "fork", "fork"]
    again, once, void = (await listed(town))["waiting"]
    assert [again["status"], once["status"], void["status"]] == ["fork"] * 3
    assert void["what"] == "作废一笔账上没有的兑换（拿错了）"
    problem(await decide(town, again, True), 409, "already-there")
    (await decide(town, again, False, "同一笔")).raise_for_status()
    (await decide(town, once, True)).raise_for_status()
    (await decide(town, void, True)).raise_for_status()
    problem(await till.redeem(never, town.card, ("soap", 1)), 409, "abandoned")
    assert (await read_account(town, "household:hp-1"), await read_escrow(town, till, "hp-1")) == (40, 35)
    # Whatever was decided, the entry stays a fork: no number counts twice.
    assert await twin.settle_statuses() == ["known", "fork", "fork", "fork"]


async def test_a_voided_sale_cannot_be_accepted(till: Till, household: UUID) -> None:
    town = till.town
    id = uuid7()
    till.write_void(id)
    till.write_sale(town.card, household, ("soap", 1), id=id)
    await till.settle()
    entry = await waiting(town)
    problem(await decide(town, entry, True), 409, "abandoned")
    assert await read_account(town, "household:hp-1") == 100


async def test_an_accepted_sale_can_be_voided_by_the_kiosk(too_much: Till) -> None:
    town = too_much.town
    await town.award("hp-1", 160)
    entry = await waiting(town)
    (await decide(town, entry, True)).raise_for_status()
    too_much.write_void(UUID(entry["redemption"]))
    assert (await too_much.settle_last())[0] == "settled"
    assert await read_account(town, "household:hp-1") == 160


async def test_a_void_and_a_decision_at_once(too_much: Till) -> None:
    """Whichever comes first: the goods are paid for and returned, or neither."""
    town = too_much.town
    await town.award("hp-1", 160)
    entry = await waiting(town)
    too_much.write_void(UUID(entry["redemption"]))
    decided, uploaded = await asyncio.gather(decide(town, entry, True), too_much.upload())
    assert uploaded.status_code == 200
    assert decided.status_code in (200, 409), decided.text
    assert await read_account(town, "household:hp-1") == 160
    assert await read_shelf(town, "rice") == 10


async def test_other_entries_are_noted(till: Till) -> None:
    town = till.town
    till.write_closing(redemptions=3, points=15)
    till.write_text('{"type":"weighed"}')
    before = await standing(town)
    await till.settle()
    report, strange = (await listed(town))["waiting"]
    assert (report["what"], strange["what"]) == ("班次报表：3 笔，15 分", "一条读不懂的记录")
    assert (await decide(town, report, True)).json()["decision"] == "noted"
    assert (await decide(town, strange, False, "旧版本")).json()["decision"] == "dismissed"
    assert await standing(town) == before


async def test_remarks_of_what_was_settled_are_notes_for_thirty_days(till: Till, household: UUID) -> None:
    town = till.town
    await till.renew()
    async with town.staff("li") as http:
        (await http.delete("/v1/households/hp-1/card")).raise_for_status()
    till.write_sale(town.card, household, ("soap", 1), leased=5)
    await till.settle()
    [note] = (await listed(town))["notes"]
    assert (note["status"], note["remark"]) == ("settled", "用的是已挂失的户卡。")
    problem(await decide(town, note, True), 409, "wrong-state")
    await days_pass(town, 31)
    assert (await listed(town))["notes"] == []


async def test_unknown_entries(too_much: Till) -> None:
    town = too_much.town
    entry = await waiting(town)
    for wrong in ({"number": 9}, {"epoch": 2}, {"hash": "0" * 64}, {"kiosk": UUID(int=1)}):
        problem(await decide(town, entry | wrong, True), 404, "unknown")
    problem(await decide(town, entry | {"hash": "xyz"}, True), 400, "malformed")
