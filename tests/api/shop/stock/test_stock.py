"""Products and restocks: barcodes are checked, a restock counts once."""

from __future__ import annotations

import asyncio
from typing import Any

from uuid_utils.compat import uuid7

from tests.api.asking import problem, standing
from tests.api.shop.stock.conftest import arrival, read_stock
from tests.conftest import LiveTown


def product(code: str, barcode: str, price: int = 5) -> dict[str, Any]:
    return {"code": code, "name": code, "barcode": barcode, "price": price}


async def test_a_barcode_with_a_wrong_check_digit_writes_nothing(town: LiveTown) -> None:
    async with town.staff("office") as http:
        good = product("towel", "6900000000045")
        wrong = product("cup", "6900000000053")
        problem(await http.post("/v1/products", json=[good, wrong]), 400, "barcode-wrong")
        for barcode in ("690000000004", "12345678"):
            problem(await http.post("/v1/products", json=[product("cup", barcode)]), 400, "barcode-wrong")
        for barcode in ("690000000004x", "６９００００００００04", "123", "1" * 19, "1234\n"):
            problem(await http.post("/v1/products", json=[product("cup", barcode)]), 400, "malformed")
        assert (await http.post("/v1/products", json=[good])).status_code == 201


async def test_a_product_that_exists_already(town: LiveTown) -> None:
    async with town.staff("office") as http:
        for known in (product("soap", "6900000000045"), product("towel", "6901234567892")):
            new = product("cup", "6900000000052")
            problem(await http.post("/v1/products", json=[new, known]), 409, "already-there")
        assert (await http.post("/v1/products", json=[new])).status_code == 201


async def test_an_invalid_price(town: LiveTown) -> None:
    async with town.staff("office") as http:
        for price in (0, -5, 100_001, 10**30, 1.5, None):
            body = [product("towel", "6900000000045", price)]
            problem(await http.post("/v1/products", json=body), 400, "malformed")


async def test_a_restock_sent_twice_counts_once(town: LiveTown) -> None:
    path, body = f"/v1/restocks/{uuid7()}", arrival(("soap", 5), ("brush", 7))
    async with town.staff("office") as http:
        answers = await asyncio.gather(*(http.put(path, json=body) for _ in range(5)))
        assert {a.status_code for a in answers} == {204}, [a.text for a in answers]
        assert await read_stock(town) == {"soap": 15, "rice": 10, "laundry": 10, "brush": 7}
        for other in (arrival(("soap", 6), ("brush", 7)), arrival(("soap", 5))):
            problem(await http.put(path, json=other), 409, "conflict")
    assert await read_stock(town) == {"soap": 15, "rice": 10, "laundry": 10, "brush": 7}


async def test_restocks_of_new_shelves_in_crossed_order_do_not_deadlock(town: LiveTown) -> None:
    """The first goods of a product open its shelf's account."""
    async with town.staff("office") as http:
        new = [product("towel", "6900000000045"), product("cup", "6900000000052")]
        (await http.post("/v1/products", json=new)).raise_for_status()
        orders = [arrival(("towel", 1), ("cup", 1)), arrival(("cup", 1), ("towel", 1))] * 4
        answers = await asyncio.gather(*(http.put(f"/v1/restocks/{uuid7()}", json=o) for o in orders))
    assert {a.status_code for a in answers} == {204}, [a.text for a in answers]
    found = await read_stock(town)
    assert (found["towel"], found["cup"]) == (8, 8)


async def test_an_invalid_restock_changes_nothing(town: LiveTown) -> None:
    before = await standing(town)
    async with town.staff("office") as http:
        for body in (
            arrival(("gold", 1)),
            arrival(("soap", 1), ("gold", 1)),
            arrival(("soap", 1), supermarket="x"),
        ):
            problem(await http.put(f"/v1/restocks/{uuid7()}", json=body), 404, "unknown")
        for quantity in (0, -1, 1_000_001, 10**30):
            problem(await http.put(f"/v1/restocks/{uuid7()}", json=arrival(("soap", quantity))), 400, "malformed")
        problem(await http.put("/v1/restocks/not-a-uuid", json=arrival(("soap", 1))), 404, "unknown")
    assert await standing(town) == before
