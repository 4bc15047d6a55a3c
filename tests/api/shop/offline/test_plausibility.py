"""A kiosk's signed word moves nothing that an honest kiosk can't have written: it waits for a person, with the
reason, and a person's decision still counts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from uuid_utils.compat import uuid7

from api.wire.till_journal import SignedEntry
from tests.api.asking import confirmed, problem, rows, standing
from tests.api.bookkeeping.exports.conftest import as_owner
from tests.api.shop.offline.test_exceptions import decide, listed, waiting
from tests.api.shop.offline.till import (
    Till,
    add_till,
    end_enrolment,
    read_account,
    read_escrow,
    read_shelf,
    receipt_lines,
)
from tests.api.web.browser import browsing
from tests.conftest import LiveTown


def alter(till: Till, signed: SignedEntry, **changes: Any) -> SignedEntry:
    """The last entry, as a dishonest machine signs it."""
    till.entries.pop()
    return till.write(msgspec.structs.replace(signed.decode(), **changes))


def write_soap(till: Till, household: UUID, **changes: Any) -> SignedEntry:
    """A bar of soap for 5 leased points, with changes."""
    return alter(till, till.write_sale(till.town.card, household, ("soap", 1), leased=5), **changes)


def write_line(till: Till, household: UUID, **changes: Any) -> SignedEntry:
    line = msgspec.structs.replace(receipt_lines(("soap", 1))[0], **changes)
    return write_soap(till, household, lines=[line])


async def change_price(town: LiveTown, product: str, price: int) -> None:
    async with town.staff("office") as http:
        changed = await confirmed(town, await http.patch(f"/v1/products/{product}", json={"price": price}))
    changed.raise_for_status()


async def set_pin(till: Till, above: int) -> None:
    async with browsing(till.town) as browser:
        path = f"/c/{till.town.card}"
        await browser.open(path)
        await browser.send(f"{path}/pin", pin="1357", again="1357", above=str(above))


LIES: dict[str, tuple[Callable[[Till, UUID], Any], str]] = {
    "a wrong price": (
        lambda till, h: write_line(till, h, price=1, points=1),
        "肥皂的分值不对：终端记 1 分，当时是 5 分。",
    ),
    "a wrong sum": (
        lambda till, h: write_line(till, h, quantity=20, points=1),
        "肥皂的积分算得不对：20 件每件 5 分是 100 分，终端记 1 分。",
    ),
    "no pieces": (lambda till, h: write_line(till, h, quantity=0), "肥皂的件数不对。"),
    "negative pieces": (lambda till, h: write_line(till, h, quantity=-1, points=0), "肥皂的件数不对。"),
    "very many pieces": (lambda till, h: write_line(till, h, quantity=10**30), "肥皂的件数不对。"),
    "free of charge": (
        lambda till, h: write_line(till, h, price=0, points=0),
        "肥皂的分值不对：终端记 0 分，当时是 5 分。",
    ),
    "an invented product": (lambda till, h: write_line(till, h, product="pearl"), "本超市没有其中的物品。"),
    "a strange shift": (lambda till, h: write_soap(till, h, shift=uuid7()), "这台终端没有这个班次的记录。"),
    "a stranger": (lambda till, h: write_soap(till, h, attendant=uuid7()), "经手人不是本超市的管理员。"),
    "before the shift": (
        lambda till, h: write_soap(till, h, at=till.at - timedelta(hours=1)),
        "终端记的时间 2026-06-15 09:00 比班次开始还早；终端记的时间 2026-06-15 09:00 不在它能断网兑换的日子里。",
    ),
    "after any lease": (
        lambda till, h: write_soap(till, h, at=till.at + timedelta(days=90)),
        "终端记的时间 2026-09-13 10:00 不在它能断网兑换的日子里。",
    ),
    "a strange collector": (
        lambda till, h: write_soap(till, h, collector="0" * 64),
        "登记册里没有代领人的户卡。",
    ),
    "its own collector": (
        lambda till, h: till.write_sale(till.town.card, h, ("soap", 1), leased=5, collector=till.town.card),
        "代领人的卡就是这一户自己的卡。",
    ),
    "another household": (lambda till, h: write_soap(till, uuid7()), "登记册里没有这张户卡。"),
}


@pytest.mark.parametrize("lie", LIES)
async def test_what_no_honest_kiosk_sells_waits_for_a_person(till: Till, household: UUID, lie: str) -> None:
    town = till.town
    await till.renew()
    before = await standing(town)
    write, reason = LIES[lie]
    write(till, household)
    assert await till.settle_last() == ("exception", reason)
    entry = await waiting(town)
    assert entry["remark"] == reason
    assert await standing(town) == before
    (await decide(town, entry, False, "核对不上")).raise_for_status()
    assert await standing(town) == before
    # What follows is settled.
    till.write_sale(town.card, household, ("soap", 1), leased=5)
    assert await till.settle_last() == ("settled", "")


async def test_another_attendants_word_is_not_this_shifts(till: Till, household: UUID) -> None:
    town = till.town
    async with town.staff("office") as http:
        body = {"supermarket": "hp", "name": "周管理员", "pin": "9753"}
        (await http.post("/v1/attendants", json=body)).raise_for_status()
    [(zhou,)] = await rows(town, "select id from attendant where name = '周管理员'")
    await till.renew()
    write_soap(till, household, attendant=zhou)
    assert await till.settle_last() == ("exception", "经手人不是这个班次的管理员。")
    # Whose PIN was never checked here can't have signed in without the network.
    stranger = till.clone()
    stranger.shift, stranger.token, stranger.attendant = uuid7(), "somebody's", zhou
    stranger.write_opening()
    stranger.write_sale(town.card, household, ("soap", 1), leased=5)
    assert await stranger.settle_statuses() == ["known", "exception", "exception", "exception"]
    assert await stranger.settle_last() == ("exception", "这台终端没有这个班次的记录。")
    # The shift of before is still open in its journal.
    till.entries = stranger.entries
    till.write_sale(town.card, household, ("soap", 1), leased=5)
    assert (await till.settle_last())[0] == "settled"


async def test_a_shift_that_was_closed_or_is_another_kiosks_sells_and_voids_nothing(
    till: Till, household: UUID
) -> None:
    town = till.town
    other = await add_till(town, "后台")
    await other.sign_in()
    await till.renew()
    sold = uuid7()
    till.write_sale(town.card, household, ("soap", 1), leased=5, id=sold)
    first = till.shift
    await till.sign_in()
    write_soap(till, household, shift=first)
    assert await till.settle_last() == ("exception", "终端当时开着的不是这个班次。")
    write_soap(till, household, shift=other.shift)
    assert await till.settle_last() == ("exception", "这台终端没有这个班次的记录。")
    void = till.write_void(sold)
    alter(till, void, shift=first)
    assert await till.settle_last() == ("exception", "终端当时开着的不是这个班次。")
    till.write_closing()
    write_soap(till, household)
    assert await till.settle_last() == ("exception", "终端当时开着的不是这个班次。")
    till.write_closing()
    assert await till.settle_last() == ("exception", "终端当时开着的不是这个班次。")
    assert (await read_shelf(town, "soap"), await read_escrow(town, till, "hp-1")) == (9, 45)


async def test_what_was_never_answered_is_given_up_after_its_shift(till: Till) -> None:
    """Sent in the last shift, without an answer; the attendant of the next one gives it up."""
    town = till.town
    sent = uuid7()
    (await till.redeem(sent, town.card, ("soap", 1))).raise_for_status()
    before = till.shift
    till.write_closing()
    await till.sign_in()
    alter(till, till.write_void(sent), shift=before)
    assert (await till.settle_last())[0] == "settled"
    assert await read_shelf(town, "soap") == 10


# --- prices ---------------------------------------------------------------------------------------------


async def test_the_price_that_the_kiosk_was_told_last_is_right(till: Till, household: UUID) -> None:
    town = till.town
    await till.renew()
    town.clock.travel(town.clock.now() + timedelta(hours=1))
    await change_price(town, "soap", 8)
    town.clock.travel(town.clock.now() + timedelta(hours=1))
    # It was without the network since before.
    till.write_sale(town.card, household, ("soap", 1), leased=5)
    assert await till.settle_last() == ("settled", "")
    # What the shelf says now is right, too, whoever told it.
    write_line(till, household, price=8, points=8)
    alter(till, till.entries[-1], leased=8)
    assert await till.settle_last() == ("settled", "")
    async with till.device() as http:
        (await http.get("/v1/till")).raise_for_status()
    write_soap(till, household)
    assert await till.settle_last() == ("exception", "肥皂的分值不对：终端记 5 分，当时是 8 分。")


async def test_a_sale_of_before_the_change_is_right(till: Till, household: UUID) -> None:
    town = till.town
    await till.renew()
    town.clock.travel(town.clock.now() + timedelta(hours=1))
    till.write_sale(town.card, household, ("soap", 1), leased=5)
    town.clock.travel(town.clock.now() + timedelta(hours=1))
    await change_price(town, "soap", 8)
    async with till.device() as http:
        (await http.get("/v1/till")).raise_for_status()
    town.clock.travel(town.clock.now() + timedelta(hours=1))
    assert await till.settle_last() == ("settled", "")


async def test_a_person_who_accepts_books_a_price_that_there_ever_was(till: Till, household: UUID) -> None:
    town = till.town
    await till.renew()
    await town.award("hp-1", 300)
    town.clock.travel(town.clock.now() + timedelta(hours=1))
    await change_price(town, "soap", 8)
    async with till.device() as http:
        (await http.get("/v1/till")).raise_for_status()
    town.clock.travel(town.clock.now() + timedelta(hours=1))
    write_line(till, household, quantity=20, price=1, points=1)
    write_soap(till, household)
    await till.settle()
    cheap, old = (await listed(town))["waiting"]
    assert (cheap["points"], cheap["accepted_points"]) == (1, 160)
    assert (old["points"], old["accepted_points"]) == (5, 5)
    async with browsing(town, "office") as browser:
        page = await browser.open("/desk/tills")
        assert "王建国家兑换肥皂 20 件，共 1 分" in page
        assert "受理：按货架的分值和件数，从这户账户扣 160 分。" in page
    for entry in (cheap, old):
        (await decide(town, entry, True)).raise_for_status()
    assert await read_account(town, "household:hp-1") == 300 - 160 - 5
    [(receipt,)] = await rows(town, "select receipt from redemption where id = :id", id=cheap["redemption"])
    assert (receipt["points"], receipt["lines"][0]["price"]) == (160, 8)


async def test_what_cannot_be_booked_at_all_can_only_be_dismissed(till: Till, household: UUID) -> None:
    town = till.town
    await till.renew()
    write_line(till, household, product="pearl", name="<b>肥皂</b>")
    await till.settle()
    entry = await waiting(town)
    assert (entry["accepted_points"], entry["what"]) == (None, "王建国家兑换没有登记的物品 1 件，共 5 分")
    problem(await decide(town, entry, True), 409, "wrong-state")
    async with browsing(town, "office") as browser:
        page = await browser.open("/desk/tills")
        assert "不能受理" in page
        assert 'value="accept"' not in browser.page.text


async def test_receipts_have_the_shelfs_names_not_the_kiosks(till: Till, household: UUID) -> None:
    town = till.town
    await till.renew()
    write_line(till, household, name="现金一百元")
    assert await till.settle_last() == ("settled", "")
    async with browsing(town) as browser:
        page = await browser.open(f"/c/{town.card}")
    assert "兑换 肥皂 1 件" in page
    assert "现金" not in page


# --- cards ----------------------------------------------------------------------------------------------


async def test_nothing_above_a_cards_threshold_without_its_pin(till: Till, household: UUID) -> None:
    town = till.town
    await till.renew()
    earlier = till.write_sale(town.card, household, ("laundry", 1), leased=20)
    town.clock.travel(town.clock.now() + timedelta(hours=1))
    await set_pin(till, 10)
    town.clock.travel(town.clock.now() + timedelta(hours=1))
    till.write_sale(town.card, household, ("laundry", 1), leased=20)
    till.write_sale(town.card, household, ("soap", 2), leased=10)
    outcomes = (await till.settle()).outcomes
    assert outcomes[1].number == earlier.number
    assert [(o.status, o.remark) for o in outcomes[1:]] == [
        ("settled", ""),
        ("exception", "超过 10 分要输积分卡密码，断网时不能兑换。"),
        ("settled", ""),
    ]
    # Where nobody knows since when there is a PIN, there always was.
    await as_owner(town, "update card set pin_set_at = null")
    alter(till, till.write_sale(town.card, household, ("laundry", 1), leased=20), at=earlier.decode().at)
    assert (await till.settle_last())[0] == "exception"


async def test_only_the_lease_pays_for_a_lost_card(till: Till, household: UUID) -> None:
    town = till.town
    await as_owner(town, "update kiosk set lease_most = 30")
    await till.renew()
    async with town.staff("li") as http:
        (await http.delete("/v1/households/hp-1/card")).raise_for_status()
    till.write_sale(town.card, household, ("laundry", 1), leased=20)
    till.write_sale(town.card, household, ("laundry", 1), leased=20)
    outcomes = (await till.settle()).outcomes[1:]
    assert [(o.status, o.remark) for o in outcomes] == [
        ("settled", "用的是已挂失的户卡。"),
        ("exception", "有 10 分没有预留在终端，没有从账户扣。"),
    ]
    assert await read_account(town, "household:hp-1") == 70


# --- times ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "at",
    [
        "0001-01-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59Z",
        "9999-12-31T23:59:59-14:00",
        "1970-01-01T00:00:00Z",
        "2199-01-01T00:00:00Z",
    ],
)
async def test_a_time_that_no_calendar_has_breaks_no_page(till: Till, household: UUID, at: str) -> None:
    town = till.town
    await till.renew()
    before = await standing(town)
    wrong = {"at": datetime.fromisoformat(at)}
    write_soap(till, household, **wrong)
    alter(till, till.write_void(uuid7()), **wrong)
    alter(till, till.write_return(household, 5), **wrong)
    shift, till.shift, till.token = till.shift, uuid7(), "out of time"
    alter(till, till.write_opening(), **wrong)
    till.shift = shift
    till.write_sale(town.card, household, ("soap", 1), leased=5)
    alter(till, till.write_closing(redemptions=1, points=5), **wrong)
    assert await till.settle_statuses() == ["known", *["exception"] * 4, "settled", "exception"]
    assert len((await listed(town))["waiting"]) == 5
    async with browsing(town, "office") as browser:
        await browser.open("/desk/tills")
        assert browser.page.status_code == 200
    sold = next(entry for entry in (await listed(town))["waiting"] if entry["kind"] == "sold")
    assert sold["remark"].startswith("终端记的时间不对：")
    await town.award("hp-1", 5)
    (await decide(town, sold, True)).raise_for_status()
    async with browsing(town) as browser:
        page = await browser.open(f"/c/{town.card}")
        assert "兑换 肥皂 1 件" in page
    after = await standing(town)
    assert (before[0]["redemptions"], after[0]["redemptions"]) == (1, 3)


async def test_a_page_outlives_what_was_booked_before(till: Till, household: UUID) -> None:
    """Entries that an earlier version believed."""
    town = till.town
    await till.renew()
    till.write_sale(town.card, household, ("soap", 1), leased=5)
    await till.settle()
    never = "0001-01-01T00:00:00+14:00"
    [(booked,)] = await rows(
        town, "select metadata ->> 'handed_over' from ledger.transaction where metadata ? 'handed_over'"
    )
    hand_over = (
        "update ledger.transaction set metadata = metadata || jsonb_build_object('handed_over', cast(:at as text))"
        " where metadata ? 'handed_over'"
    )
    body = f"replace(body, '2026-06-15T02:00:00Z', '{never}')"
    await as_owner(town, f"update kiosk_journal_entry set body = {body}, remark = '有话要说'")
    await as_owner(town, hand_over, at=never)
    async with browsing(town, "office") as browser:
        assert "终端记的时间 1年1月1日 00:00" in await browser.open("/desk/tills")
    async with browsing(town) as browser:
        assert "发放时间：1年1月1日 00:00" in await browser.open(f"/c/{town.card}")
    await as_owner(town, hand_over, at=booked)


async def test_texts_that_no_column_takes_block_neither_journal_nor_page(till: Till, household: UUID) -> None:
    town = till.town
    await till.renew()
    twin = till.clone()
    write_line(till, household, product="pearl\0")
    till.write_sale(town.card, household, ("soap", 1), leased=5)
    till.write_text(till.entries[-1].body.replace('"collector":""', '"collector":"zz"'))
    assert await till.settle_statuses() == ["known", "exception", "settled", "exception"]
    write_line(twin, household, product="pearl\0")
    write_line(twin, household, price=1, points=1)
    forks = (await twin.settle()).outcomes[1:]
    assert [outcome.status for outcome in forks] == ["fork", "fork"]
    # What waits for a person anyway says, too, what speaks against it.
    assert forks[1].remark.endswith("；肥皂的分值不对：终端记 1 分，当时是 5 分。")
    async with browsing(town, "office") as browser:
        await browser.open("/desk/tills")
        assert browser.page.status_code == 200


async def test_late_sales_say_what_speaks_against_them(till: Till, household: UUID) -> None:
    town = till.town
    await till.renew()
    await end_enrolment(town, till)
    write_line(till, household, price=1, points=1)
    status, remark = await till.settle_last()
    assert (status, remark) == (
        "late",
        "终端停用以后才收到，请核对后决定；肥皂的分值不对：终端记 1 分，当时是 5 分。",
    )
    assert (await waiting(town))["accepted_points"] == 5
