"""Lots: how many pieces of each remain, computed from what is on the shelf."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import hypothesis.strategies as st
import pytest
from hypothesis import given
from uuid_utils.compat import uuid7

from api.shop.stock import lots
from tests.api.asking import a_redemption, confirmed, order, problem, rows
from tests.api.awards.claims.conftest import days_pass
from tests.api.shop.stock.conftest import arrival, count, donation, put, read_alerts, read_stock
from tests.conftest import LiveTown

TODAY = date(2026, 6, 15)
LOT = st.builds(
    lots.LotQuantity,
    arrival=st.uuids(),
    line=st.integers(1, 3),
    supermarket=st.just("hp"),
    product=st.just("soap"),
    quantity=st.integers(1, 30),
    sell_by=st.none() | st.dates(TODAY, TODAY + timedelta(days=9)),
    received_on=st.dates(TODAY - timedelta(days=9), TODAY),
)


def dated(*lines: tuple[str, int, str]) -> dict[str, Any]:
    body = arrival(*((product, quantity) for product, quantity, _ in lines))
    for line, (_, _, day) in zip(body["lines"], lines, strict=True):
        line["sell_by"] = day
    return body


@given(st.lists(LOT, max_size=8, unique_by=lambda lot: (lot.arrival, lot.line)), st.integers(0, 200))
def test_remaining_pieces_add_up_and_the_first_to_expire_are_gone_first(
    received: list[lots.LotQuantity], shelf: int
) -> None:
    left = lots.compute_remaining(received, shelf)
    assert sum(lot.quantity for lot in left) == min(shelf, sum(lot.quantity for lot in received))
    had = {(lot.arrival, lot.line): lot for lot in received}
    assert all(0 < lot.quantity <= had.pop((lot.arrival, lot.line)).quantity for lot in left)
    expiring = [lot.sell_by or date.max for lot in left]
    assert expiring == sorted(expiring)
    # Lots that are gone expire no later than any that is complete.
    if left:
        assert all((lot.sell_by or date.max) <= expiring[0] for lot in had.values())


def test_lots_of_one_date_are_used_in_the_order_of_their_arrival() -> None:
    first, second = (
        lots.LotQuantity(UUID(int=n), 1, "hp", "soap", 5, TODAY, TODAY - timedelta(days=9 - n)) for n in (1, 2)
    )
    assert lots.compute_remaining([second, first], 7) == [replace(first, quantity=2), second]


async def test_a_lot_is_alerted_while_pieces_remain(town: LiveTown) -> None:
    await put(town, "restocks", dated(("soap", 4, "2026-06-20"), ("soap", 3, "2026-06-10")))
    await put(town, "donations", donation(("soap", 2)))
    # Ten without a date were there before.
    assert await read_alerts(town) == ({}, [("soap", "2026-06-10", 3), ("soap", "2026-06-20", 4)])
    async with town.device(await town.shift()) as till:
        (await till.put(a_redemption(), json=order(town.card, ("soap", 5, 5)))).raise_for_status()
    assert await read_alerts(town) == ({}, [("soap", "2026-06-20", 2)])
    assert await read_alerts(town, days=4) == ({}, [])
    assert await read_alerts(town, days=5) == ({}, [("soap", "2026-06-20", 2)])
    await put(town, "stocktakes", count(("soap", 12)))
    assert await read_alerts(town) == ({}, [])


async def test_an_expired_lot_is_alerted_while_pieces_remain(town: LiveTown) -> None:
    await put(town, "restocks", dated(("soap", 4, "2026-06-20")))
    await days_pass(town, 100)
    assert await read_alerts(town, days=0) == ({}, [("soap", "2026-06-20", 4)])
    async with town.staff("office") as http:
        [lot] = (await http.get("/v1/stock/watch")).raise_for_status().json()["dated"]
    assert (lot["days"], lot["quantity"], lot["received_on"], lot["name"]) == (-95, 4, "2026-06-15", "肥皂")


async def test_a_corrected_arrival_leaves_no_lot(town: LiveTown) -> None:
    id = uuid7()
    async with town.staff("office") as http:
        body = dated(("soap", 40, "2026-06-30"), ("soap", 4, "2026-07-02"))
        (await http.put(f"/v1/restocks/{id}", json=body)).raise_for_status()
    back = {"debit": "supermarket:hp:shelf:soap", "credit": "goods:soap:supply", "unit": "goods:soap"}
    for pieces, left in ((10, [("soap", "2026-06-30", 34)]), (34, [])):
        part = {
            "id": str(uuid7()),
            "transaction": str(id),
            "reason": "写错了",
            "lines": [back | {"amount": pieces}],
        }
        async with town.staff("qian") as http:
            answer = await confirmed(town, await http.post("/v1/corrections", json=[part]))
        [outcome] = answer.raise_for_status().json()
        assert outcome["status"] == "ok", outcome
        # Of the newest-written line first.
        assert await read_alerts(town) == ({}, left)


async def test_the_same_arrival_with_other_dates_conflicts(town: LiveTown) -> None:
    for slips, body in (("restocks", dated(("soap", 4, "2026-06-20"))), ("donations", donation(("soap", 4)))):
        path = f"/v1/{slips}/{uuid7()}"
        async with town.staff("office") as http:
            for _ in range(2):
                assert (await confirmed(town, await http.put(path, json=body))).status_code == 204
            other = dated(("soap", 4, "2026-06-21")) | {k: v for k, v in body.items() if k == "donor"}
            problem(await http.put(path, json=other), 409, "conflict")
    assert (await read_stock(town))["soap"] == 18
    assert await rows(town, "select count(*) from lot where product = 'soap'") == [(3,)]


async def test_the_office_sets_when_a_product_is_running_out(town: LiveTown) -> None:
    assert await read_alerts(town) == ({}, [])
    async with town.staff("office") as office, town.staff("li") as li:
        (await office.patch("/v1/products/soap", json={"minimum": 11})).raise_for_status()
        (await office.patch("/v1/products/rice", json={"minimum": 10})).raise_for_status()
        assert await read_alerts(town) == ({"soap": (10, 11)}, [])
        (await li.put("/v1/supermarkets/hp/shelf/soap", json={"minimum": 0})).raise_for_status()
        (await li.put("/v1/supermarkets/hp/shelf/brush", json={"minimum": 1})).raise_for_status()
        assert await read_alerts(town) == ({"brush": (0, 1)}, [])
        (await li.put("/v1/supermarkets/hp/shelf/soap", json={})).raise_for_status()
        assert await read_alerts(town) == ({"soap": (10, 11), "brush": (0, 1)}, [])
        told = (await li.get("/v1/stock/watch")).json()["low"]
    assert [(line["supermarket"], line["name"]) for line in told] == [("hp", "肥皂"), ("hp", "牙刷")]


@pytest.mark.parametrize("days", ["-1", "367", "x"])
async def test_invalid_days(town: LiveTown, days: str) -> None:
    async with town.device() as till, town.staff("li") as li:
        for http, path in ((till, "/v1/till/shelf-watch"), (li, "/v1/stock/watch")):
            problem(await http.get(path, params={"days": days}), 400, "malformed")
