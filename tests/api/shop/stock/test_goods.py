"""Products at the desk: what a change does and doesn't do, and how a till gets it."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings
from uuid_utils.compat import uuid7

from kiosk.codes import GoodsCode, read_code
from tests.api.asking import a_redemption, lift_bounds, order, problem, rows
from tests.api.shop.stock.conftest import arrival, count, put
from tests.api.shop.stock.test_stock import product
from tests.conftest import LiveTown
from tests.profile import many


async def till(town: LiveTown) -> dict[str, Any]:
    async with town.device() as http:
        found: dict[str, Any] = (await http.get("/v1/till")).raise_for_status().json()
    return found


async def item(town: LiveTown, code: str) -> dict[str, Any]:
    return next(one for one in (await till(town))["shelf"] if one["product"] == code)


async def test_a_price_has_its_history_and_receipts_keep_theirs(town: LiveTown) -> None:
    path, body = a_redemption(), order(town.card, ("soap", 1, 5))
    async with town.device(await town.shift()) as kiosk, town.staff("office") as office, town.staff("li") as li:
        first = await kiosk.put(path, json=body)
        for price in (6, 6, 4):
            (await office.patch("/v1/products/soap", json={"price": price})).raise_for_status()
        assert (await kiosk.put(path, json=body)).content == first.content
        extra = problem(await kiosk.put(a_redemption(), json=body), 409, "price-changed")
        assert extra["price"] == 4
        told = (await li.get("/v1/products/soap/prices")).json()
    assert [(change["from"], change["to"], change["person"]) for change in told] == [
        (6, 4, "乡镇办公室"),
        (5, 6, "乡镇办公室"),
    ]
    assert (await item(town, "soap"))["price"] == 4


async def test_fields_left_out_stay(town: LiveTown) -> None:
    async with town.staff("office") as office:
        (await office.patch("/v1/products/soap", json={"name": "香皂"})).raise_for_status()
        (await office.patch("/v1/products/soap", json={"barcode": "1234"})).raise_for_status()
        (await office.patch("/v1/products/soap", json={})).raise_for_status()
    found = await item(town, "soap")
    assert (found["name"], found["barcode"], found["price"], found["stock"]) == ("香皂", "1234", 5, 10)
    assert await rows(town, "select count(*) from price_change") == [(0,)]


@pytest.mark.parametrize(
    ("body", "status", "word"),
    [
        ({"price": 0}, 400, "malformed"),
        ({"price": 10**30}, 400, "malformed"),
        ({"name": ""}, 400, "malformed"),
        ({"minimum": -1}, 400, "malformed"),
        ({"barcode": "123"}, 400, "malformed"),
        ({"barcode": "6901234567890"}, 400, "barcode-wrong"),
        # That of rice.
        ({"barcode": "6900000000014", "price": 9}, 409, "already-there"),
        ({"colour": "red"}, 400, "malformed"),
    ],
)
async def test_an_invalid_change_changes_nothing(
    town: LiveTown, body: dict[str, Any], status: int, word: str
) -> None:
    before = await till(town)
    async with town.staff("office") as office:
        problem(await office.patch("/v1/products/soap", json=body), status, word)
        problem(await office.patch("/v1/products/gold", json={"price": 5}), 404, "unknown")
    assert await till(town) == before


async def test_the_version_grows_with_all_that_a_till_shows_except_the_pieces(town: LiveTown) -> None:
    async with town.staff("office") as office:
        await office.post("/v1/products", json=[product("towel", "6900000000045")])
        version = (await till(town))["version"]

        async def grown(by: int) -> bool:
            nonlocal version
            known, version = version, (await till(town))["version"]
            return bool(version == known + by)

        for body in ({"price": 6}, {"name": "香皂"}, {"barcode": "1234"}):
            await office.patch("/v1/products/soap", json=body)
            assert await grown(1)
            await office.patch("/v1/products/soap", json=body)
            assert await grown(0), "nothing new in that"
        await office.patch("/v1/products/soap", json={"minimum": 5})
        # On no shelf yet.
        await office.patch("/v1/products/towel", json={"price": 6})
        await put(town, "restocks", arrival(("soap", 1)))
        await put(town, "stocktakes", count(("soap", 7)))
        assert await grown(0)
        await put(town, "restocks", arrival(("towel", 1), ("towel", 1)))
        assert await grown(1)
        await office.delete("/v1/supermarkets/hp/shelf/brush")
        assert await grown(1)
        await office.put("/v1/supermarkets/hp/shelf/brush", json={})
        assert await grown(1)
        await office.put("/v1/supermarkets/hp/shelf/brush", json={"minimum": 3})
        assert await grown(0)


async def test_changes_at_once_each_grow_the_version(town: LiveTown) -> None:
    await lift_bounds(town)
    before = (await till(town))["version"]
    codes = ("soap", "rice", "laundry", "brush")
    async with town.staff("office") as office:
        answers = await asyncio.gather(
            *(
                office.patch(f"/v1/products/{code}", json={"price": price})
                for price in (101, 102, 103)
                for code in codes
            )
        )
    assert {a.status_code for a in answers} == {204}, [a.text for a in answers]
    assert (await till(town))["version"] == before + 12
    assert await rows(town, "select count(*) from price_change") == [(12,)]


async def test_a_till_that_is_up_to_date_gets_304(town: LiveTown) -> None:
    async with town.device() as http:
        first = await http.get("/v1/till")
        tag = first.headers["etag"]
        for known in (tag, f"W/{tag}", f'"x", {tag}'):
            same = await http.get("/v1/till", headers={"If-None-Match": known})
            assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", tag)
        assert (await http.get("/v1/till", headers={"If-None-Match": '"x"'})).json() == first.json()
        await put(town, "restocks", arrival(("soap", 1)))
        fresh = await http.get("/v1/till", headers={"If-None-Match": tag})
        assert (fresh.status_code, fresh.headers["etag"] != tag) == (200, True)


async def test_a_product_without_pieces_can_be_retired_and_comes_back_with_goods(town: LiveTown) -> None:
    async with town.staff("li") as li:
        extra = problem(await li.delete("/v1/supermarkets/hp/shelf/soap"), 409, "pieces-left")
        assert extra["left"] == 10
        problem(await li.delete("/v1/supermarkets/hp/shelf/gold"), 404, "unknown")
        for _ in range(2):
            assert (await li.delete("/v1/supermarkets/hp/shelf/brush")).status_code == 204
        assert "brush" not in {one["product"] for one in (await till(town))["shelf"]}
        assert "brush" not in {one["product"] for one in (await li.get("/v1/supermarkets/hp/shelf")).json()}
    await put(town, "restocks", arrival(("brush", 2)))
    assert (await item(town, "brush"))["stock"] == 2


async def test_goods_that_arrive_while_their_product_is_retired_are_shown(town: LiveTown) -> None:
    async with town.staff("li") as li, town.staff("office") as office:
        for _ in range(5):
            taken, brought = await asyncio.gather(
                li.delete("/v1/supermarkets/hp/shelf/brush"),
                office.put(f"/v1/restocks/{uuid7()}", json=arrival(("brush", 1))),
            )
            assert brought.status_code == 204, brought.text
            assert taken.status_code in (204, 409), taken.text
            assert (await item(town, "brush"))["stock"] == 1
            await put(town, "stocktakes", count(("brush", 0)))


async def test_a_shelf_may_carry_a_product_before_it_arrives(town: LiveTown) -> None:
    async with town.staff("office") as office, town.staff("li") as li:
        await office.post("/v1/products", json=[product("towel", "6900000000045")])
        problem(await li.put("/v1/supermarkets/hp/shelf/gold", json={}), 404, "unknown")
        (await li.put("/v1/supermarkets/hp/shelf/towel", json={"minimum": 3})).raise_for_status()
        [line] = [one for one in (await li.get("/v1/supermarkets/hp/shelf")).json() if one["product"] == "towel"]
        assert (line["stock"], line["minimum"], line["shelf_minimum"], line["product_minimum"]) == (0, 3, 3, 0)
        assert (await li.delete("/v1/supermarkets/hp/shelf/towel")).status_code == 204


async def test_the_till_finds_the_barcodes_of_the_shelf(town: LiveTown) -> None:
    """Shelf and till normalize barcodes alike."""

    def any_digits() -> None:
        headers = {"Authorization": f"Bearer {town.tokens['office']}"}
        with httpx.Client(base_url=town.url, headers=headers) as client:
            numbers = iter(range(10**6))

            @settings(max_examples=many(60), suppress_health_check=list(HealthCheck))
            @given(st.text("0123456789", min_size=4, max_size=18))
            def run(digits: str) -> None:
                code = f"p{next(numbers)}"
                answer = client.post("/v1/products", json=[product(code, digits)])
                scanned = read_code(digits)
                if not isinstance(scanned, GoodsCode):
                    assert answer.json()["type"] == "barcode-wrong"
                elif answer.status_code == 201:
                    client.put(f"/v1/supermarkets/hp/shelf/{code}", json={})
                    lines = client.get("/v1/supermarkets/hp/shelf").json()
                    [line] = [one for one in lines if one["product"] == code]
                    assert line["barcode"] == scanned.barcode
                else:
                    assert answer.json()["type"] == "already-there"

            run()

    await asyncio.to_thread(any_digits)
