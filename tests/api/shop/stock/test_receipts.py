"""Goods receipts by two people: nothing is on the shelf before the second has counted, and it is booked once."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from uuid_utils.compat import uuid7

from tests.api.asking import problem, rows
from tests.api.awards.claims.conftest import hire
from tests.api.shop.stock.conftest import (
    add_attendant,
    arrival,
    counts,
    draft_body,
    put,
    read_alerts,
    read_balances,
    read_everything,
    read_kinds,
    read_stock,
    write_draft,
)
from tests.conftest import LiveTown
from tests.databases import owner_engine

AT_FIRST = {"soap": 10, "rice": 10, "laundry": 10, "brush": 0}
BOUGHT = {
    "source": "procurement",
    "supplier": "供销社",
    "lines": [
        {"product": "soap", "quantity": 20, "cost": 7_000, "sell_by": "2026-06-20"},
        {"product": "rice", "quantity": 2, "cost": 8_000},
    ],
}


async def test_the_second_persons_count_is_what_the_shelf_has(town: LiveTown) -> None:
    pin = await add_attendant(town)
    before = await read_everything(town)
    id = await write_draft(town, BOUGHT)
    assert await read_everything(town) == before
    async with town.device() as till:
        [waiting] = (await till.get("/v1/till/receipts")).json()
        assert (waiting["id"], waiting["state"], waiting["written_by"]) == (id, "open", "陈管理员")
        path = f"/v1/till/receipts/{id}/confirm"
        first = await till.post(path, json=counts(18, 2, pin=pin))
        assert first.status_code == 200, first.text
        again = await till.post(path, json=counts(18, 2, pin=pin))
        assert (again.status_code, again.content) == (200, first.content)
        problem(await till.post(path, json=counts(20, 2, pin=pin)), 409, "wrong-state")
        problem(await till.post(path, json=counts(18, 2, pin=town.pin)), 409, "wrong-state")
        assert (await till.get("/v1/till/receipts")).json() == []
    told = first.json()
    assert (told["state"], told["closed_by"]) == ("confirmed", "周管理员")
    assert [(line["name"], line["quantity"], line["counted"], line["difference"]) for line in told["lines"]] == [
        ("肥皂", 20, 18, -2),
        ("大米", 2, 2, 0),
    ]
    assert await read_stock(town) == AT_FIRST | {"soap": 28, "rice": 12}
    assert await read_kinds(town) == ["restock", "procurement"]
    assert await read_balances(town, "township:fund", "goods:soap:cost", "goods:rice:cost") == [
        -15_000,
        7_000,
        8_000,
    ]
    assert await read_alerts(town) == ({}, [("soap", "2026-06-20", 18)])
    assert await rows(town, "select id::text from ledger.transaction where kind = 'procurement'") == [(id,)]
    await read_everything(town)


async def test_whoever_wrote_it_down_does_not_count_it(town: LiveTown) -> None:
    id = await write_draft(town, draft_body(("soap", 5)))
    own = uuid7()
    async with town.staff("li") as li, town.device() as till:
        body = draft_body(("soap", 5)) | {"supermarket": "hp"}
        (await li.put(f"/v1/goods-receipts/{own}", json=body)).raise_for_status()
        problem(await li.post(f"/v1/goods-receipts/{own}/confirm", json=counts(5)), 403, "same-person")
        own_pin = counts(5, pin=town.pin)
        problem(await till.post(f"/v1/till/receipts/{id}/confirm", json=own_pin), 403, "same-person")
        assert await read_stock(town) == AT_FIRST
        # Each of the other.
        assert (await li.post(f"/v1/goods-receipts/{id}/confirm", json=counts(5))).status_code == 200
        assert (await till.post(f"/v1/till/receipts/{own}/confirm", json=own_pin)).status_code == 200
    assert await read_stock(town) == AT_FIRST | {"soap": 20}


async def test_even_raw_sql_takes_two_people(town: LiveTown) -> None:
    id = await write_draft(town, draft_body(("soap", 5)))
    engine = owner_engine(town.clone)
    alone = """update goods_receipt set counted = '[5]', closed_at = now(), closing_attendant = attendant
                where id = cast(:id as uuid)"""
    with pytest.raises(IntegrityError, match="two_people"):
        async with engine.begin() as connection:
            await connection.execute(text(alone), {"id": id})


async def test_a_draft_counts_once_and_keeps_its_id(town: LiveTown) -> None:
    path, body = f"/v1/till/receipts/{uuid7()}", draft_body(("soap", 5, "2026-07-01"))
    async with town.device(await town.shift()) as till, town.staff("office") as office:
        answers = await asyncio.gather(*(till.put(path, json=body) for _ in range(5)))
        assert {a.status_code for a in answers} == {200}, [a.text for a in answers]
        assert len({a.content for a in answers}) == 1
        for other in (
            draft_body(("soap", 6, "2026-07-01")),
            draft_body(("soap", 5)),
            body | {"supplier": "供销社"},
        ):
            problem(await till.put(path, json=other), 409, "conflict")
        desk = path.replace("till/receipts", "goods-receipts")
        problem(await office.put(desk, json=body | {"supermarket": "hp"}), 409, "conflict")
        # The id of something the books have already.
        taken = uuid7()
        (await office.put(f"/v1/restocks/{taken}", json=arrival(("rice", 1)))).raise_for_status()
        problem(await till.put(f"/v1/till/receipts/{taken}", json=body), 409, "conflict")
        # The shift is over, and the answer came to nobody.
        await town.shift()
        assert (await till.put(path, json=body)).content == answers[0].content
        problem(await till.put(f"/v1/till/receipts/{uuid7()}", json=body), 401, "shift-closed")
        assert len((await till.get("/v1/till/receipts")).json()) == 1


async def test_ten_who_confirm_at_once_count_once(town: LiveTown) -> None:
    await hire(town, "zhou", "committee", village="hp")
    id = await write_draft(town, draft_body(("soap", 5)))
    path = f"/v1/goods-receipts/{id}/confirm"
    async with town.staff("li") as li, town.staff("zhou") as zhou:
        answers = await asyncio.gather(*(who.post(path, json=counts(5)) for _ in range(5) for who in (li, zhou)))
    assert sorted(a.status_code for a in answers) == [200] * 5 + [409] * 5, [a.text for a in answers]
    assert len({a.content for a in answers if a.is_success}) == 1
    # The receipt itself says so, before the books would.
    assert {a.json()["type"] for a in answers if not a.is_success} == {"wrong-state"}
    assert await read_stock(town) == AT_FIRST | {"soap": 15}
    assert await read_kinds(town) == ["restock", "restock"]


async def test_a_donation_names_its_donor_to_the_office_alone(town: LiveTown) -> None:
    gift = draft_body(("soap", 5), source="donation", donor="不愿留名的人", anonymous=True)
    id = await write_draft(town, gift)
    async with town.staff("li") as li, town.staff("office") as office, town.device() as till:
        [waiting] = (await till.get("/v1/till/receipts")).json()
        told = (await li.post(f"/v1/goods-receipts/{id}/confirm", json=counts(5))).json()
        assert (waiting["donor"], told["donor"], told["anonymous"]) == ("", "", True)
        assert (await office.get(f"/v1/goods-receipts/{id}")).json()["donor"] == "不愿留名的人"
    assert await read_balances(town, "goods:soap:donated") == [-5]
    assert await rows(town, "select donor, anonymous, attendant is null from donation") == [
        ("不愿留名的人", True, True)
    ]


async def test_where_nothing_arrived_nothing_is_posted(town: LiveTown) -> None:
    id = await write_draft(town, BOUGHT)
    async with town.staff("qian") as qian:
        told = (await qian.post(f"/v1/goods-receipts/{id}/confirm", json=counts(0, 0))).json()
    assert [line["difference"] for line in told["lines"]] == [-20, -2]
    assert (await read_stock(town), await read_kinds(town)) == (AT_FIRST, ["restock"])
    assert await read_balances(town, "township:fund") == [0]


async def test_a_line_that_did_not_arrive_is_left_out(town: LiveTown) -> None:
    id = await write_draft(town, BOUGHT)
    async with town.staff("li") as li:
        (await li.post(f"/v1/goods-receipts/{id}/confirm", json=counts(0, 2))).raise_for_status()
    assert await read_stock(town) == AT_FIRST | {"rice": 12}
    assert await read_balances(town, "township:fund", "goods:soap:cost") == [-8_000, 0]


async def test_a_withdrawn_draft_is_never_booked(town: LiveTown) -> None:
    id = await write_draft(town, draft_body(("soap", 5)))
    path = f"/v1/till/receipts/{id}/withdraw"
    async with town.device(await town.shift()) as till, town.staff("li") as li:
        first = await till.post(path, json={"reason": "写错了"})
        assert (first.status_code, first.json()["state"]) == (200, "withdrawn")
        assert (await till.post(path, json={"reason": "写错了"})).content == first.content
        problem(await till.post(path, json={"reason": "别的"}), 409, "wrong-state")
        problem(await li.post(f"/v1/goods-receipts/{id}/confirm", json=counts(5)), 409, "wrong-state")
        problem(await li.post(f"/v1/goods-receipts/{id}/withdraw", json={"reason": "x"}), 409, "wrong-state")
        [closed] = (await li.get("/v1/goods-receipts?closed=true")).json()
        assert (closed["reason"], closed["closed_by"]) == ("写错了", "陈管理员")
        assert (await li.get("/v1/goods-receipts")).json() == []
    assert await read_stock(town) == AT_FIRST


async def test_a_pin_guessed_too_often_locks_the_till(town: LiveTown) -> None:
    id = await write_draft(town, draft_body(("soap", 5)))
    path = f"/v1/till/receipts/{id}/confirm"
    async with town.device() as till:
        for _ in range(5):
            problem(await till.post(path, json=counts(5, pin="9999")), 401, "wrong-pin")
        problem(await till.post(path, json=counts(5, pin=town.pin)), 423, "pin-locked")
        problem(await till.post("/v1/till/shifts", json={"pin": town.pin}), 423, "pin-locked")
    assert await read_stock(town) == AT_FIRST


@pytest.mark.parametrize(
    ("count", "word"),
    [
        (counts(5), "count-incomplete"),
        (counts(5, 5, 5), "count-incomplete"),
        ({"lines": [{"line": 1, "counted": 5}, {"line": 1, "counted": 5}]}, "count-incomplete"),
        ({"lines": [{"line": 2, "counted": 5}, {"line": 3, "counted": 5}]}, "count-incomplete"),
        (counts(), "malformed"),
        (counts(5, -1), "malformed"),
        (counts(5, 10**30), "malformed"),
    ],
)
async def test_an_invalid_count(town: LiveTown, count: dict[str, Any], word: str) -> None:
    id = await write_draft(town, draft_body(("soap", 5), ("rice", 5)))
    async with town.staff("li") as li:
        problem(await li.post(f"/v1/goods-receipts/{id}/confirm", json=count), 400, word)
    assert await read_stock(town) == AT_FIRST


@pytest.mark.parametrize(
    ("body", "status", "word"),
    [
        (BOUGHT | {"lines": [*BOUGHT["lines"], {"product": "brush", "quantity": 1}]}, 400, "cost-incomplete"),
        (BOUGHT | {"source": "restock"}, 400, "cost-unexpected"),
        (BOUGHT | {"donor": "刘老师"}, 400, "donor-unexpected"),
        (draft_body(("soap", 1), source="donation"), 400, "donor-missing"),
        (draft_body(("soap", 1), source="donation", donor=" "), 400, "donor-missing"),
        (draft_body(("soap", 1), anonymous=True), 400, "donor-unexpected"),
        (draft_body(("soap", 1), source="lottery"), 400, "malformed"),
        (draft_body(("soap", 0)), 400, "malformed"),
        (draft_body(("soap", 1, "2026-02-30")), 400, "malformed"),
        (draft_body(), 400, "malformed"),
        (draft_body(("soap", 1), ("gold", 1)), 404, "unknown"),
    ],
)
async def test_an_invalid_draft_is_not_stored(
    town: LiveTown, body: dict[str, Any], status: int, word: str
) -> None:
    async with town.device(await town.shift()) as till, town.staff("li") as li:
        problem(await till.put(f"/v1/till/receipts/{uuid7()}", json=body), status, word)
        desk = body | {"supermarket": "hp"}
        problem(await li.put(f"/v1/goods-receipts/{uuid7()}", json=desk), status, word)
    assert await rows(town, "select id from goods_receipt") == []


async def test_people_of_another_village_do_not_see_it(town: LiveTown) -> None:
    async with town.staff("office") as http:
        (await http.post("/v1/villages", json=[{"code": "other", "name": "山那边村"}])).raise_for_status()
        place = {"code": "other", "village": "other", "name": "山那边超市"}
        (await http.post("/v1/supermarkets", json=[place])).raise_for_status()
    await hire(town, "zhou", "committee", village="other")
    id = await write_draft(town, draft_body(("soap", 5, "2026-06-20")))
    await put(town, "restocks", arrival(("soap", 1)) | {"lines": draft_body(("soap", 1, "2026-06-20"))["lines"]})
    async with town.staff("zhou") as zhou:
        assert (await zhou.get("/v1/goods-receipts?supermarket=hp")).json() == []
        assert (await zhou.get("/v1/stock/watch?supermarket=hp")).json() == {"low": [], "dated": []}
        problem(await zhou.get(f"/v1/goods-receipts/{id}"), 404, "unknown")
        problem(await zhou.post(f"/v1/goods-receipts/{id}/confirm", json=counts(5)), 404, "unknown")
        problem(await zhou.post(f"/v1/goods-receipts/{id}/withdraw", json={"reason": "x"}), 404, "unknown")
        body = draft_body(("soap", 5)) | {"supermarket": "hp"}
        problem(await zhou.put(f"/v1/goods-receipts/{uuid7()}", json=body), 404, "unknown")
        problem(await zhou.get("/v1/supermarkets/hp/shelf"), 404, "unknown")
        problem(await zhou.put("/v1/supermarkets/hp/shelf/soap", json={"minimum": 3}), 404, "unknown")
        problem(await zhou.delete("/v1/supermarkets/hp/shelf/brush"), 404, "unknown")
