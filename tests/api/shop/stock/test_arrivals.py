"""Procurements, donations, funding: each is one transaction, booked once."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from uuid_utils.compat import uuid7

from tests.api.asking import confirmed, problem, rows
from tests.api.awards.claims.conftest import hire
from tests.api.shop.stock.conftest import (
    arrival,
    donation,
    purchase,
    put,
    read_balances,
    read_everything,
    read_kinds,
    read_stock,
)
from tests.conftest import LiveTown

APPROPRIATION = {"amount": 500_000, "source": "appropriation", "note": "年度经费"}
GIFT = {"amount": 8_800, "source": "donation", "donor": "刘老师"}


async def test_a_procurement_moves_goods_and_money_together(town: LiveTown) -> None:
    await put(town, "funds", APPROPRIATION)
    await put(town, "restocks", purchase(("soap", 20, 7_000), ("rice", 2, 8_000), ("brush", 5, 0)), by="li")
    assert await read_stock(town) == {"soap": 30, "rice": 12, "laundry": 10, "brush": 5}
    assert await read_balances(
        town, "township:fund", "goods:soap:cost", "goods:rice:cost", "goods:brush:cost"
    ) == [
        485_000,
        7_000,
        8_000,
        0,
    ]
    [(kind, supplier, transfers)] = await rows(
        town,
        """select x.kind, x.metadata ->> 'supplier', count(*) from ledger.transaction x
             join ledger.transfer t on t.township = x.township and t.transaction = x.id
            where x.kind = 'procurement' group by 1, 2""",
    )
    # Three of goods; two of money, since what cost nothing moves none.
    assert (kind, supplier, transfers) == ("procurement", "供销社", 5)
    assert (await read_everything(town))[0]["fund"] == 485_000


async def test_without_costs_it_stays_a_restock(town: LiveTown) -> None:
    await put(town, "restocks", arrival(("soap", 5)) | {"supplier": "供销社"})
    assert await read_kinds(town) == ["restock", "restock"]
    assert await read_balances(town, "township:fund", "goods:soap:cost") == [0, 0]


async def test_the_fund_may_be_overspent(town: LiveTown) -> None:
    await put(town, "restocks", purchase(("soap", 20, 7_000)))
    assert (await read_everything(town))[0]["fund"] == -7_000


async def test_costs_on_some_lines_only_are_refused(town: LiveTown) -> None:
    before = await read_everything(town)
    body = purchase(("soap", 20, 7_000))
    body["lines"].append({"product": "rice", "quantity": 1})
    async with town.staff("office") as http:
        problem(await http.put(f"/v1/restocks/{uuid7()}", json=body), 400, "cost-incomplete")
    assert await read_everything(town) == before


async def test_donated_goods_cost_nothing(town: LiveTown) -> None:
    await put(town, "donations", donation(("soap", 7), ("brush", 2), ("soap", 1)), by="li")
    assert await read_stock(town) == {"soap": 18, "rice": 10, "laundry": 10, "brush": 2}
    assert await read_balances(town, "goods:soap:donated", "goods:soap:supply", "township:fund") == [-8, -10, 0]
    assert await read_kinds(town) == ["restock", "donation"]
    assert (await read_everything(town))[0]["fund"] == 0


async def test_a_donors_name_stays_out_of_the_books(town: LiveTown) -> None:
    await put(town, "donations", donation(("soap", 7), donor="不愿留名的人", anonymous=True))
    await put(town, "funds", GIFT | {"donor": "不愿留名的人", "anonymous": True, "note": "他说的话"})
    [(told,)] = await rows(town, "select string_agg(x::text, '') from ledger.transaction x")
    assert "留名" not in told
    assert "他说" not in told
    assert await rows(
        town, "select donor, anonymous from donation union all select donor, anonymous from funding"
    ) == [
        ("不愿留名的人", True),
        ("不愿留名的人", True),
    ]


async def test_money_comes_from_the_budget_and_from_donors(town: LiveTown) -> None:
    await put(town, "funds", APPROPRIATION)
    await put(town, "funds", GIFT)
    assert await read_balances(town, "township:appropriation", "township:donors", "township:fund") == [
        -500_000,
        -8_800,
        508_800,
    ]
    assert await read_kinds(town) == ["restock", "fund", "fund"]
    assert (await read_everything(town))[0]["fund"] == 508_800


@pytest.mark.parametrize(
    ("body", "word"),
    [
        (APPROPRIATION | {"donor": "刘老师"}, "donor-unexpected"),
        (APPROPRIATION | {"anonymous": True}, "donor-unexpected"),
        (GIFT | {"donor": ""}, "donor-missing"),
        (GIFT | {"amount": 0}, "malformed"),
        (GIFT | {"amount": -1}, "malformed"),
        (GIFT | {"amount": 1.5}, "malformed"),
        (GIFT | {"amount": 10**30}, "malformed"),
        (GIFT | {"source": "lottery"}, "malformed"),
    ],
)
async def test_invalid_funding_changes_nothing(town: LiveTown, body: dict[str, Any], word: str) -> None:
    before = await read_everything(town)
    async with town.staff("office") as http:
        problem(await http.put(f"/v1/funds/{uuid7()}", json=body), 400, word)
    assert await read_everything(town) == before


RETRIES: list[tuple[str, dict[str, Any], list[dict[str, Any]]]] = [
    (
        "restocks",
        purchase(("soap", 5, 700)),
        [
            purchase(("soap", 5, 701)),
            purchase(("soap", 5, 0)),
            purchase(("soap", 6, 700)),
            purchase(("soap", 5, 700), supplier="百货公司"),
            arrival(("soap", 5)),
        ],
    ),
    (
        "donations",
        donation(("soap", 5)),
        [
            donation(("soap", 6)),
            donation(("rice", 5)),
            donation(("soap", 5), donor="王老师"),
            donation(("soap", 5), anonymous=True),
        ],
    ),
    (
        "funds",
        GIFT,
        [
            GIFT | {"amount": 1},
            GIFT | {"donor": "王老师"},
            GIFT | {"anonymous": True},
            GIFT | {"note": "x"},
            APPROPRIATION | {"amount": GIFT["amount"]},
        ],
    ),
]


@pytest.mark.parametrize(("documents", "body", "others"), RETRIES)
async def test_the_same_id_counts_once_and_with_other_content_conflicts(
    town: LiveTown, documents: str, body: dict[str, Any], others: list[dict[str, Any]]
) -> None:
    path = f"/v1/{documents}/{uuid7()}"
    async with town.staff("office") as http:
        answers = await asyncio.gather(*(http.put(path, json=body) for _ in range(5)))
        assert len({(a.status_code, a.content) for a in answers}) == 1, [a.text for a in answers]
        assert (await confirmed(town, answers[0])).status_code == 204
        assert (await http.put(path, json=body)).status_code == 204
        after = await read_everything(town)
        for other in others:
            problem(await http.put(path, json=other), 409, "conflict")
        # An id belongs to one document, of whatever kind.
        for sort, another, _ in RETRIES:
            if sort != documents:
                problem(await http.put(f"/v1/{sort}/{path.rpartition('/')[2]}", json=another), 409, "conflict")
    assert await read_everything(town) == after
    assert len(await read_kinds(town)) == 2


async def test_another_villages_committee_has_no_access_to_this_shelf(town: LiveTown) -> None:
    async with town.staff("office") as http:
        (await http.post("/v1/villages", json=[{"code": "other", "name": "山那边村"}])).raise_for_status()
    await hire(town, "zhou", "committee", village="other")
    before = await read_everything(town)
    async with town.staff("zhou") as http:
        for documents, body in (("restocks", purchase(("soap", 5, 700))), ("donations", donation(("soap", 5)))):
            problem(await http.put(f"/v1/{documents}/{uuid7()}", json=body), 404, "unknown")
    assert await read_everything(town) == before


@pytest.mark.parametrize("documents", ["restocks", "donations"])
async def test_invalid_goods_change_nothing(town: LiveTown, documents: str) -> None:
    body = purchase if documents == "restocks" else lambda *lines: donation(*(line[:2] for line in lines))
    before = await read_everything(town)
    async with town.staff("office") as http:
        for wrong, status, word in (
            (body(("gold", 1, 1)), 404, "unknown"),
            (body(("soap", 1, 1), ("gold", 1, 1)), 404, "unknown"),
            (body(("soap", 1, 1)) | {"supermarket": "x"}, 404, "unknown"),
            (body(), 400, "malformed"),
            (body(("soap", 0, 1)), 400, "malformed"),
        ):
            problem(await http.put(f"/v1/{documents}/{uuid7()}", json=wrong), status, word)
        for cost in (-1, 1.5, 10**30):
            problem(
                await http.put(f"/v1/{documents}/{uuid7()}", json=purchase(("soap", 1, cost))), 400, "malformed"
            )
        unnamed = donation(("soap", 1), donor="")
        problem(await http.put(f"/v1/donations/{uuid7()}", json=unnamed), 400, "malformed")
    assert await read_everything(town) == before
