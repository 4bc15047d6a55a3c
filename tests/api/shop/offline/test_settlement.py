"""How entries are settled in the books: offline redemptions, voids, shifts."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from api.platform import accounts
from api.wire.card_token import digest, parse
from api.wire.till_journal import count_handed_out
from tests.api.asking import confirmed, problem, rows, standing
from tests.api.bookkeeping.exports.conftest import as_owner
from tests.api.shop.offline.till import (
    Till,
    add_till,
    end_enrolment,
    read_account,
    read_escrow,
    read_shelf,
    receipt_lines,
)
from tests.conftest import LiveTown


async def test_a_redemption_offline_moves_points_and_goods(till: Till, household: UUID) -> None:
    town = till.town
    await till.renew()
    id = uuid7()
    till.write_sale(town.card, household, ("soap", 2), ("laundry", 1), leased=30, id=id)
    assert await till.settle_last() == ("settled", "")
    assert (await read_escrow(town, till, "hp-1"), await read_account(town, "household:hp-1")) == (70, 0)
    assert (await read_shelf(town, "soap"), await read_shelf(town, "laundry")) == (8, 9)
    mine = await till.view_card(town.card)
    assert mine.balance == 70
    # The same request over HTTP gets its receipt.
    receipt = (await till.redeem(id, town.card, ("soap", 2), ("laundry", 1))).raise_for_status().json()
    assert (receipt["points"], receipt["leased"], receipt["balance"]) == (30, 30, 70)
    problem(await till.redeem(id, town.card, ("soap", 1)), 409, "conflict")


async def test_what_counted_over_http_counts_once_and_its_lease_goes_back(till: Till, household: UUID) -> None:
    """The first attempt reached the server; the till didn't know, and recorded it as paid from the lease."""
    town = till.town
    await till.renew()
    await town.award("hp-1", 40)
    id = uuid7()
    (await till.redeem(id, town.card, ("laundry", 3), leased=60)).raise_for_status()
    assert (await read_escrow(town, till, "hp-1"), await read_account(town, "household:hp-1")) == (80, 0)
    till.write_sale(town.card, household, ("laundry", 3), leased=60, id=id)
    assert await till.settle_statuses() == ["known", "known"]
    # The till reserved 60 leased points, and 20 of them were booked: none is lost.
    assert await read_escrow(town, till, "hp-1") + await read_account(town, "household:hp-1") == 80
    assert await read_shelf(town, "laundry") == 7


@pytest.mark.parametrize("journal_first", [True, False])
async def test_journal_and_http_at_once_count_once(till: Till, household: UUID, journal_first: bool) -> None:
    town = till.town
    await till.renew()
    id = uuid7()
    till.write_sale(town.card, household, ("laundry", 1), leased=20, id=id)
    ways = [till.upload(), till.redeem(id, town.card, ("laundry", 1), leased=20)]
    answers = await asyncio.gather(*(ways if journal_first else reversed(ways)))
    assert {answer.status_code for answer in answers} == {200}, [answer.text for answer in answers]
    assert await read_shelf(town, "laundry") == 9
    assert await read_escrow(town, till, "hp-1") + await read_account(town, "household:hp-1") == 80


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("DELETE", "/v1/households/hp-1/card", None),
        ("POST", "/v1/households/hp-1/card/freeze", {"reason": "丢了"}),
        ("POST", "/v1/cards", {"households": ["hp-1"]}),
    ],
)
async def test_a_card_that_was_lost_meanwhile_still_counts(
    till: Till, household: UUID, method: str, path: str, body: object
) -> None:
    town = till.town
    await till.renew()
    async with town.staff("li") as http:
        (await http.request(method, path, json=body)).raise_for_status()
    till.write_sale(town.card, household, ("soap", 1), leased=5)
    assert await till.settle_last() == ("settled", "用的是已挂失的户卡。")
    assert await rows(town, "select extra from kiosk_journal_entry where number = 2") == [({"revoked": True},)]


async def test_the_books_had_less_on_the_shelf_than_was_handed_over(till: Till, household: UUID) -> None:
    town = till.town
    await till.renew()
    async with town.staff("office") as http:
        counted = {"supermarket": "hp", "lines": [{"product": "soap", "counted": 1}], "reason": "月末"}
        (await http.put(f"/v1/stocktakes/{uuid7()}", json=counted)).raise_for_status()
    # One product on two lines: the shortfall is that of both together.
    till.write_sale(town.card, household, ("soap", 2), ("brush", 1), ("soap", 1), leased=25)
    assert await till.settle_last() == ("settled", "账上货架不足，已按盘盈补记。")
    [(extra,)] = await rows(town, "select extra from kiosk_journal_entry where number = 2")
    assert extra == {"short": {"brush": 1, "soap": 2}}
    assert (await read_shelf(town, "soap"), await read_shelf(town, "brush")) == (0, 0)
    # Nine were missing at the stocktake, two of those turned up.
    assert await read_account(town, "goods:soap:difference") == 7
    assert await read_escrow(town, till, "hp-1") == 75


async def test_the_account_pays_nothing_beyond_the_lease(till: Till, household: UUID) -> None:
    town = till.town
    await as_owner(town, "update kiosk set lease_most = 30")
    await till.renew()
    before = await standing(town)
    # More than is leased; no more than is leased, of which the kiosk says that the account pays some, also online.
    till.write_sale(town.card, household, ("rice", 1), leased=50)
    till.write_sale(town.card, household, ("laundry", 1), leased=15)
    till.write_sale(town.card, household, ("soap", 1), leased=0, answered=True)
    outcomes = (await till.settle()).outcomes[1:]
    assert [(o.status, o.remark) for o in outcomes] == [
        ("exception", f"有 {beyond} 分没有预留在终端，没有从账户扣。") for beyond in (20, 5, 5)
    ]
    assert await standing(town) == before


async def test_a_sale_that_neither_can_pay_is_an_exception(till: Till, household: UUID) -> None:
    town = till.town
    await till.renew()
    before = await standing(town)
    till.write_sale(town.card, household, ("rice", 3), leased=150)
    assert await till.settle_last() == ("exception", "这户的积分不够付这一笔，还差 50 分。")
    assert await standing(town) == before
    assert await rows(town, "select extra from kiosk_journal_entry where number = 2") == [({"missing": 50},)]


async def test_an_implausible_sale_is_an_exception(till: Till, household: UUID) -> None:
    town = till.town
    await till.renew()
    before = await standing(town)
    # Another household's card; an unknown attendant; an unknown product; nothing at all.
    till.write_sale(town.poor_card, household, ("soap", 1), leased=5)
    stranger = till.clone()
    stranger.attendant = uuid7()
    till.entries.append(stranger.write_sale(town.card, household, ("soap", 1), leased=5))
    goods = receipt_lines(("soap", 1))[0]
    sold = '{{"type":"sold","at":"2026-06-15T02:00:00Z","id":"{id}","shift":"{shift}","attendant":"{by}",'
    sold += '"household":"{household}","card":"{card}","leased":5,"answered":false,"lines":[{line}]}}'
    for product, quantity in (("pearl", 1), ("soap", 0), ("soap", -1), ("soap", 10**17)):
        line = f'{{"product":"{product}","name":"","quantity":{quantity},"price":5,"points":{goods.points}}}'
        till.write_text(
            sold.format(
                id=uuid7(),
                shift=till.shift,
                by=till.attendant,
                household=household,
                card=digest(parse(town.card)).hex(),
                line=line,
            )
        )
    assert await till.settle_statuses() == ["known", *["exception"] * 6]
    assert await standing(town) == before


async def test_a_collector_is_on_the_receipt_and_in_the_books(till: Till, household: UUID) -> None:
    town = till.town
    await till.renew()
    id = uuid7()
    till.write_sale(town.card, household, ("soap", 1), leased=5, id=id, collector=town.poor_card)
    assert await till.settle_statuses() == ["known", "settled"]
    [(receipt, metadata)] = await rows(
        town,
        "select r.receipt ->> 'collector', t.metadata ->> 'collector' from redemption r"
        " join ledger.transaction t on t.id = r.id where r.id = :id",
        id=id,
    )
    assert (receipt, metadata) == ("李**", "李**")


async def test_a_void_returns_points_and_goods_and_leases_again(till: Till, household: UUID) -> None:
    town = till.town
    await till.renew()
    id = uuid7()
    till.write_sale(town.card, household, ("soap", 2), leased=10, id=id)
    till.write_void(id)
    assert await till.settle_statuses() == ["known", "settled", "settled"]
    assert (await read_escrow(town, till, "hp-1"), await read_account(town, "household:hp-1")) == (100, 0)
    assert await read_shelf(town, "soap") == 10
    till.write_void(id)
    assert (await till.settle_last())[0] == "known"
    async with town.staff("office") as http:
        report = (await http.get("/v1/report")).json()
    assert (report["redemptions"], report["points_redeemed"]) == (1, 100)


async def test_a_void_of_one_made_online(till: Till) -> None:
    town = till.town
    id = uuid7()
    (await till.redeem(id, town.card, ("soap", 2))).raise_for_status()
    till.write_void(id)
    assert await till.settle_statuses() == ["known", "settled"]
    assert await read_account(town, "household:hp-1") == 100
    # The receipt is unchanged, and nothing is handed over for it again.
    assert (await till.redeem(id, town.card, ("soap", 2))).status_code == 200
    assert await read_shelf(town, "soap") == 10


async def test_a_void_of_a_redemption_that_never_arrived_rejects_it_for_good(till: Till, household: UUID) -> None:
    town = till.town
    await till.renew()
    id = uuid7()
    till.write_void(id)
    assert await till.settle_statuses() == ["known", "settled"]
    problem(await till.redeem(id, town.card, ("soap", 2)), 409, "abandoned")
    till.write_sale(town.card, household, ("soap", 2), leased=10, id=id)
    assert await till.settle_last() == ("exception", "这一笔先前已作废，又报来一次。")
    assert await read_escrow(town, till, "hp-1") == 100


async def test_a_void_annuls_an_undecided_sale(till: Till, household: UUID) -> None:
    id = uuid7()
    till.write_sale(till.town.poor_card, household, ("soap", 1), leased=5, id=id)
    till.write_void(id)
    assert await till.settle_statuses() == ["known", "exception", "annulled"]
    assert await till.settle_statuses() == ["known", "annulled", "annulled"]


async def test_a_void_from_another_shift_or_kiosk_is_an_exception(till: Till, household: UUID) -> None:
    town = till.town
    await till.renew()
    other = await add_till(town, "后台")
    await other.sign_in()
    theirs, earlier = uuid7(), uuid7()
    till.write_return(household, 20)
    await till.settle()
    (await other.redeem(theirs, town.card, ("soap", 1))).raise_for_status()
    till.write_sale(town.card, household, ("soap", 1), leased=5, id=earlier)
    await till.sign_in()
    till.write_void(theirs)
    till.write_void(earlier)
    assert (await till.settle_statuses())[-2:] == ["exception", "exception"]
    assert (await till.settle_last())[1] == "只能作废本终端本班次的兑换。"
    assert await read_shelf(town, "soap") == 8


async def test_a_void_after_a_correction_is_an_exception(till: Till) -> None:
    town = till.town
    id = uuid7()
    (await till.redeem(id, town.card, ("soap", 1))).raise_for_status()
    async with town.staff("qian") as http:
        correction = {"id": str(uuid7()), "transaction": str(id), "reason": "拿错了"}
        answer = await confirmed(town, await http.post("/v1/corrections", json=[correction]))
    [outcome] = answer.raise_for_status().json()
    assert outcome["status"] == "ok", outcome
    till.write_void(id)
    assert await till.settle_last() == ("exception", "这一笔已经更正过，没有再作废。")
    assert await read_account(town, "household:hp-1") == 100


async def test_a_closed_account_is_an_exception(till: Till, household: UUID) -> None:
    town = till.town
    await till.renew()
    async with town.town.unit_of_work() as uow:
        escrow = accounts.escrow("hp-1", till.id, 1)
        await uow.books.close_account(escrow.id, uow.now, person="office", reason="销户")
    till.write_sale(town.card, household, ("soap", 1), leased=5)
    status, remark = await till.settle_last()
    assert (status, remark) == ("exception", "hp-1 户留在终端的积分已关闭，没有入账。")


async def test_after_the_end_all_unknown_entries_are_late(till: Till, household: UUID) -> None:
    town = till.town
    await till.renew()
    online, never = uuid7(), uuid7()
    (await till.redeem(online, town.card, ("soap", 1), leased=5)).raise_for_status()
    await end_enrolment(town, till)
    till.write_sale(town.card, household, ("soap", 1), leased=5, id=online, answered=True)
    till.write_sale(town.card, household, ("laundry", 1), leased=20)
    till.write_void(online)
    till.write_return(household, 75)
    till.write_void(never)
    settlement = await till.settle()
    assert [o.status for o in settlement.outcomes] == ["known", "known", "late", "late", "known", "settled"]
    assert (settlement.current, settlement.head) == (False, 6)
    assert await read_account(town, "household:hp-1") == 95


# --- shifts ---------------------------------------------------------------------------------------------


async def test_a_shift_opened_offline_is_valid_over_http_once_uploaded(till: Till) -> None:
    town = till.town
    till.shift, till.token = uuid7(), "begun without the network"
    till.write_opening()
    problem(await till.redeem(uuid7(), town.card, ("soap", 1)), 401, "shift-closed")
    assert await till.settle_statuses() == ["known", "settled"]
    assert (await till.redeem(uuid7(), town.card, ("soap", 1))).status_code == 200
    # It closed the one before.
    assert await rows(town, "select count(*) from shift where closed_at is null") == [(1,)]


async def test_an_earlier_shift_uploaded_late_leaves_the_present_one_open(till: Till) -> None:
    town = till.town
    town.clock.travel(town.clock.now() + timedelta(minutes=5))
    earlier = till.clone()
    earlier.shift, earlier.token = uuid7(), "the earlier one"
    till.entries.append(earlier.write_opening())
    town.clock.travel(town.clock.now() + timedelta(minutes=5))
    await till.sign_in()
    assert await till.settle_statuses() == ["known", "settled", "known"]
    assert (await till.redeem(uuid7(), town.card, ("soap", 1))).status_code == 200
    problem(await earlier.redeem(uuid7(), town.card, ("soap", 1)), 401, "shift-closed")


async def test_a_clock_ahead_opens_no_shift_in_the_future(till: Till) -> None:
    town = till.town
    till.clock_lag = timedelta(days=-400)
    till.shift, till.token = uuid7(), "by a clock ahead"
    till.write_opening()
    assert await till.settle_statuses() == ["known", "settled"]
    assert (await till.redeem(uuid7(), town.card, ("soap", 1))).status_code == 200
    [(latest,)] = await rows(town, "select max(greatest(opened_at, closed_at)) from shift")
    assert latest == town.clock.now()


async def test_a_shift_of_an_unknown_attendant_is_an_exception(till: Till) -> None:
    till.shift, till.token, till.attendant = uuid7(), "somebody's", uuid7()
    till.write_opening()
    assert await till.settle_last() == ("exception", "登录的不是本超市的管理员。")


def _report(**more: Any) -> dict[str, Any]:
    return {"redemptions": 2, "points": 25, "voids": 1, "voided_points": 5, "offline": 1, **more}


async def _a_shift(till: Till, household: UUID) -> None:
    await till.renew()
    voided = uuid7()
    till.write_sale(till.town.card, household, ("soap", 1), leased=5)
    till.write_sale(till.town.card, household, ("soap", 1), leased=5, id=voided)
    till.write_void(voided)
    online = uuid7()
    (await till.redeem(online, till.town.card, ("laundry", 1), leased=90)).raise_for_status()
    till.write_sale(till.town.card, household, ("laundry", 1), leased=20, answered=True, id=online)


async def test_the_report_of_a_shift_agrees_with_the_books(till: Till, household: UUID) -> None:
    await _a_shift(till, household)
    goods = count_handed_out(receipt_lines(("soap", 1), ("laundry", 1)))
    till.write_closing(**_report(goods=goods))
    assert await till.settle_statuses() == ["known", "settled", "settled", "settled", "known", "settled"]
    [(report,)] = await rows(till.town, "select report from shift where report is not null")
    assert report["kiosk"]["points"] == report["books"]["points"] == 25
    problem(await till.redeem(uuid7(), till.town.card, ("soap", 1)), 401, "shift-closed")


async def test_a_report_that_differs_is_an_exception_with_both_counts(till: Till, household: UUID) -> None:
    await _a_shift(till, household)
    till.write_closing(**_report(points=30, goods=count_handed_out(receipt_lines(("soap", 2), ("laundry", 1)))))
    assert await till.settle_last() == (
        "exception",
        "班次报表与账不一致：终端记 2 笔 30 分，账上 2 笔 25 分。",
    )
    [(extra,)] = await rows(till.town, "select extra from kiosk_journal_entry where status = 'exception'")
    assert (extra["kiosk"]["points"], extra["books"]["points"]) == (30, 25)


async def test_the_report_of_an_unknown_shift_is_an_exception(till: Till) -> None:
    till.shift = uuid7()
    till.write_closing()
    assert await till.settle_last() == ("exception", "没有这个班次的记录。")


async def test_two_kiosks_hand_over_the_last_pieces_while_the_net_is_down(town: LiveTown, till: Till) -> None:
    """Both sold six of ten, each from its own leases."""
    other = await add_till(town, "后台")
    await other.sign_in()
    await till.renew(), await other.renew()
    household = (await till.view_card(town.card)).household
    for one in (till, other):
        for _ in range(6):
            one.write_sale(town.card, household, ("soap", 1), leased=5)
    await asyncio.gather(till.settle(), other.settle())
    assert (await read_escrow(town, till, "hp-1"), await read_escrow(town, other, "hp-1")) == (20, 20)
    assert await read_shelf(town, "soap") == 0
    assert await read_account(town, "goods:soap:difference") == -2
    assert await till.settle_statuses() == ["known", *["settled"] * 6]


async def test_an_online_redemption_while_another_kiosks_journal_is_settled(till: Till, household: UUID) -> None:
    """They lock the same balances in the same order, so there is no deadlock."""
    town = till.town
    other = await add_till(town, "后台")
    await other.sign_in()
    await till.renew()
    for _ in range(8):
        sold = uuid7()
        till.write_sale(town.card, household, ("soap", 1), ("laundry", 1), leased=25, id=sold)
        till.write_void(sold)
    async with asyncio.timeout(60):
        _, *answers = await asyncio.gather(
            till.settle(), *(other.redeem(uuid7(), town.card, ("laundry", 1), ("soap", 1)) for _ in range(6))
        )
    assert {answer.status_code for answer in answers} <= {200, 409}, [answer.text for answer in answers]
    assert await read_shelf(town, "soap") == await read_shelf(town, "laundry")
