"""Stocktakes: the books are adjusted to what was counted, once, and no redemption at the same time is lost."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from uuid_utils.compat import uuid7

from api.platform import accounts
from ledger.transactions import Phase, Transaction, TransactionId, Transfer
from tests.api.asking import a_redemption, lift_bounds, order, problem, rows
from tests.api.awards.claims.conftest import hire
from tests.api.shop.stock.conftest import (
    arrival,
    count,
    put,
    read_balances,
    read_everything,
    read_kinds,
    read_stock,
)
from tests.conftest import LiveTown


def differences(sheet: dict[str, Any]) -> dict[str, tuple[int, int, int]]:
    return {line["product"]: (line["booked"], line["counted"], line["difference"]) for line in sheet["lines"]}


async def test_the_books_are_adjusted_to_what_was_counted(town: LiveTown) -> None:
    body = count(("soap", 7), ("rice", 12), ("laundry", 10), reason="年终盘点")
    sheet = (await put(town, "stocktakes", body, by="li")).json()
    assert differences(sheet) == {"soap": (10, 7, -3), "rice": (10, 12, 2), "laundry": (10, 10, 0)}
    assert (sheet["counted_by"], sheet["reason"], sheet["supermarket"]) == ("李村委", "年终盘点", "hp")
    assert [line["name"] for line in sheet["lines"]] == ["肥皂", "大米", "洗衣液"]
    assert await read_stock(town) == {"soap": 7, "rice": 12, "laundry": 10, "brush": 0}
    assert await read_balances(town, "goods:soap:difference", "goods:rice:difference") == [3, -2]
    assert await rows(town, "select kind, reason from ledger.transaction where kind = 'stocktake'") == [
        ("stocktake", "年终盘点")
    ]
    assert (await read_everything(town))[1]["in_balance"]


async def test_a_retry_gets_the_first_answer_whatever_has_changed_since(town: LiveTown) -> None:
    path, body = f"/v1/stocktakes/{uuid7()}", count(("soap", 7), ("brush", 0))
    async with town.staff("li") as http:
        first = await http.put(path, json=body)
        assert first.status_code == 200, first.text
        await put(town, "restocks", arrival(("soap", 30), ("brush", 4)))
        after = await read_everything(town)
        again = await http.put(path, json=body)
        assert (again.status_code, again.content) == (200, first.content)
        for other in (
            count(("soap", 8), ("brush", 0)),
            count(("soap", 7)),
            count(("soap", 7), ("brush", 0), reason="别的"),
        ):
            problem(await http.put(path, json=other), 409, "conflict")
    async with town.staff("office") as http:
        problem(await http.put(path, json=body), 409, "conflict")
    assert await read_everything(town) == after


async def test_without_differences_a_retry_gets_the_first_answer_too(town: LiveTown) -> None:
    path, body = f"/v1/stocktakes/{uuid7()}", count(("soap", 10), ("brush", 0))
    async with town.staff("li") as http:
        first = await http.put(path, json=body)
        assert differences(first.json()) == {"soap": (10, 10, 0), "brush": (0, 0, 0)}
        assert await read_kinds(town) == ["restock"]
        await put(town, "restocks", arrival(("soap", 3)))
        assert (await http.put(path, json=body)).content == first.content
        problem(await http.put(path, json=count(("soap", 13))), 409, "conflict")
    assert (await read_stock(town))["soap"] == 13


async def test_ten_tries_at_once_count_once(town: LiveTown) -> None:
    path, body = f"/v1/stocktakes/{uuid7()}", count(("soap", 7), ("rice", 11))
    async with town.staff("li") as http:
        answers = await asyncio.gather(*(http.put(path, json=body) for _ in range(10)))
    assert {a.status_code for a in answers} == {200}, [a.text for a in answers]
    assert len({a.content for a in answers}) == 1
    assert await read_kinds(town) == ["restock", "stocktake"]
    assert (await read_stock(town))["soap"] == 7


async def test_the_id_of_a_restock_is_no_id_for_a_stocktake(town: LiveTown) -> None:
    id = uuid7()
    async with town.staff("office") as http:
        (await http.put(f"/v1/restocks/{id}", json=arrival(("soap", 1)))).raise_for_status()
        before = await read_everything(town)
        problem(await http.put(f"/v1/stocktakes/{id}", json=count(("soap", 9))), 409, "conflict")
    assert await read_everything(town) == before


async def test_it_waits_for_a_redemption_in_progress(town: LiveTown) -> None:
    """Three pieces are going over the counter, not committed yet, when the count of the other seven comes in."""
    shelf = accounts.shelf("hp", "soap")
    under_way = Transaction(
        id=TransactionId(uuid7()),
        kind="redemption",
        phase=Phase.POSTED,
        transfers=(Transfer(shelf.id, accounts.handed_out("soap").id, shelf.unit, 3),),
    )
    async with town.town.unit_of_work() as uow:
        await uow.books.post([under_way], uow.now)
        counting = asyncio.create_task(put(town, "stocktakes", count(("soap", 7)), by="li"))
        await _wait_for_a_lock(town)
    assert differences((await counting).json()) == {"soap": (7, 7, 0)}
    assert (await read_stock(town))["soap"] == 7
    assert await read_kinds(town) == ["restock"]


async def _wait_for_a_lock(town: LiveTown) -> None:
    """Somebody in this database waits for a lock that another holds."""
    waiting = "select pid from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
    async with asyncio.timeout(10):
        while not await rows(town, waiting):
            await asyncio.sleep(0.02)


async def test_no_redemption_during_a_stocktake_is_lost(town: LiveTown) -> None:
    await lift_bounds(town)
    async with town.device(await town.shift()) as kiosk, town.staff("li") as desk:
        answers = await asyncio.gather(
            *(
                call
                for n in range(8)
                for call in (
                    kiosk.put(a_redemption(), json=order(town.card, ("soap", 1, 5))),
                    desk.put(f"/v1/stocktakes/{uuid7()}", json=count(("rice", 9 + n % 3), ("soap", 16 + n % 3))),
                )
            )
        )
    redeemed, sheets = answers[::2], [a.raise_for_status().json() for a in answers[1::2]]
    assert {a.status_code for a in redeemed} == {200}, [a.text for a in redeemed]
    found = [differences(sheet) for sheet in sheets]
    assert all(counted == booked + difference for lines in found for booked, counted, difference in lines.values())
    after = await read_stock(town)
    assert after["soap"] == 10 - 8 + sum(lines["soap"][2] for lines in found)
    assert after["rice"] == 10 + sum(lines["rice"][2] for lines in found)
    assert await read_balances(town, "goods:soap:handed-out") == [8]
    assert (await read_everything(town))[1]["in_balance"]


async def test_two_stocktakes_of_one_shelf_at_once_book_a_difference_once(town: LiveTown) -> None:
    await lift_bounds(town)
    # The accounts of differences are there already: opening them makes nobody wait.
    await put(town, "stocktakes", count(("soap", 11), ("rice", 11)))
    for rest in range(10, 4, -1):
        body = count(("rice", rest), ("soap", rest))
        async with town.staff("li") as desk, town.staff("office") as office:
            answers = await asyncio.gather(
                *(http.put(f"/v1/stocktakes/{uuid7()}", json=body) for _ in range(4) for http in (desk, office))
            )
        found = [differences(a.raise_for_status().json())["soap"] for a in answers]
        assert sorted(found) == [(rest, rest, 0)] * 7 + [(rest + 1, rest, -1)]
        assert (await read_stock(town))["soap"] == rest
    assert await read_balances(town, "goods:soap:difference", "goods:rice:difference") == [5, 5]


async def test_reserved_pieces_cannot_be_written_off(town: LiveTown) -> None:
    shelf = accounts.shelf("hp", "soap")
    promise = Transaction(
        id=TransactionId(uuid7()),
        kind="promise",
        phase=Phase.PENDING,
        transfers=(Transfer(shelf.id, accounts.handed_out("soap").id, shelf.unit, 4),),
    )
    async with town.town.unit_of_work() as uow:
        await uow.books.post([promise], uow.now)
    async with town.staff("li") as http:
        refused = await http.put(f"/v1/stocktakes/{uuid7()}", json=count(("soap", 3)))
        assert problem(refused, 409, "reserved") == {"missing": 1}
    # The four still stand on the shelf.
    sheet = (await put(town, "stocktakes", count(("soap", 9)))).json()
    assert differences(sheet) == {"soap": (10, 9, -1)}


async def test_a_product_this_shelf_never_had_may_be_found_on_it(town: LiveTown) -> None:
    towel = {"code": "towel", "name": "毛巾", "barcode": "6900000000045", "price": 8}
    async with town.staff("office") as http:
        (await http.post("/v1/products", json=[towel])).raise_for_status()
    sheet = (await put(town, "stocktakes", count(("towel", 2)))).json()
    assert differences(sheet) == {"towel": (0, 2, 2)}
    assert (await read_stock(town))["towel"] == 2


async def test_a_closed_shelf_is_not_counted(town: LiveTown) -> None:
    async with town.town.unit_of_work() as uow:
        await uow.books.close_account(accounts.shelf("hp", "soap").id, uow.now, person="x", reason="撤柜")
    async with town.staff("li") as http:
        refused = await http.put(f"/v1/stocktakes/{uuid7()}", json=count(("soap", 3)))
        problem(refused, 409, "account-closed")


async def test_another_villages_committee_has_no_access(town: LiveTown) -> None:
    async with town.staff("office") as http:
        (await http.post("/v1/villages", json=[{"code": "other", "name": "山那边村"}])).raise_for_status()
    await hire(town, "zhou", "committee", village="other")
    async with town.staff("zhou") as http:
        problem(await http.put(f"/v1/stocktakes/{uuid7()}", json=count(("soap", 1))), 404, "unknown")
    assert (await read_stock(town))["soap"] == 10


@pytest.mark.parametrize(
    ("body", "status", "word"),
    [
        (count(("gold", 1)), 404, "unknown"),
        (count(("soap", 1), ("gold", 1)), 404, "unknown"),
        (count(("soap", 1), supermarket="x"), 404, "unknown"),
        (count(("soap", 1), ("soap", 2)), 400, "counted-twice"),
        (count(), 400, "malformed"),
        (count(("soap", -1)), 400, "malformed"),
        (count(("soap", 10**30)), 400, "malformed"),
        (count(("soap", 1), reason=""), 400, "malformed"),
    ],
)
async def test_an_invalid_count_changes_nothing(
    town: LiveTown, body: dict[str, Any], status: int, word: str
) -> None:
    before = await read_everything(town)
    async with town.staff("office") as http:
        problem(await http.put(f"/v1/stocktakes/{uuid7()}", json=body), status, word)
    assert await read_everything(town) == before
    assert await rows(town, "select id from stocktake") == []
