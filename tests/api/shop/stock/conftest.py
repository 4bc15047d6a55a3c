"""Documents of the stock, and what the books say after them."""

from __future__ import annotations

from typing import Any

import httpx
from uuid_utils.compat import uuid7

from tests.api.asking import confirmed, rows, standing
from tests.conftest import LiveTown


def arrival(*lines: tuple[str, int], supermarket: str = "hp") -> dict[str, Any]:
    return {"supermarket": supermarket, "lines": [{"product": p, "quantity": q} for p, q in lines]}


def purchase(*lines: tuple[str, int, int], supplier: str = "供销社") -> dict[str, Any]:
    """Lines are (product, quantity, cost of the line in fen)."""
    priced = [{"product": p, "quantity": q, "cost": cost} for p, q, cost in lines]
    return {"supermarket": "hp", "supplier": supplier, "lines": priced}


def donation(*lines: tuple[str, int], donor: str = "刘老师", **more: Any) -> dict[str, Any]:
    return arrival(*lines) | {"donor": donor, **more}


def count(*lines: tuple[str, int], reason: str = "月末盘点", supermarket: str = "hp") -> dict[str, Any]:
    counted = [{"product": p, "counted": n} for p, n in lines]
    return {"supermarket": supermarket, "reason": reason, "lines": counted}


async def put(town: LiveTown, documents: str, body: dict[str, Any], by: str = "office") -> httpx.Response:
    """Write a document under a new id; where it needs a second person, there is one."""
    async with town.staff(by) as http:
        answer = await confirmed(town, await http.put(f"/v1/{documents}/{uuid7()}", json=body))
        return answer.raise_for_status()


def draft_body(*lines: tuple[str, int] | tuple[str, int, str], **more: Any) -> dict[str, Any]:
    """A draft receipt as the till sends it. Lines are (product, quantity) or with a day to sell by."""
    written = [{"product": p, "quantity": q} | ({"sell_by": day[0]} if day else {}) for p, q, *day in lines]
    return {"source": "restock", "lines": written} | more


def counts(*pieces: int, **more: Any) -> dict[str, Any]:
    """What a second person counted, line by line."""
    return {"lines": [{"line": n, "counted": counted} for n, counted in enumerate(pieces, start=1)]} | more


async def add_attendant(town: LiveTown, pin: str = "1357") -> str:
    async with town.staff("office") as http:
        attendant = {"supermarket": "hp", "name": "周管理员", "pin": pin}
        (await http.post("/v1/attendants", json=attendant)).raise_for_status()
    return pin


async def write_draft(town: LiveTown, body: dict[str, Any]) -> str:
    """The id of a receipt that the attendant on shift wrote down."""
    id = str(uuid7())
    async with town.device(await town.shift()) as till:
        (await till.put(f"/v1/till/receipts/{id}", json=body)).raise_for_status()
    return id


async def read_alerts(
    town: LiveTown, days: int = 30
) -> tuple[dict[str, tuple[int, int]], list[tuple[str, str, int]]]:
    """Products running out: stock and minimum; dated lots: product, day and pieces left."""
    async with town.device() as till:
        answer = (await till.get("/v1/till/shelf-watch", params={"days": days})).raise_for_status().json()
    return (
        {line["product"]: (line["stock"], line["minimum"]) for line in answer["low"]},
        [(lot["product"], lot["sell_by"], lot["left"]) for lot in answer["dated"]],
    )


async def fill_goods_page(town: LiveTown) -> None:
    """One of everything that the desk's page of goods can show."""
    async with town.staff("office") as http:
        await http.patch("/v1/products/brush", json={"minimum": 8, "price": 12})
        for name, day in (("soap", "2026-06-10"), ("rice", "2026-06-15"), ("laundry", "2026-07-01")):
            dated = {"supermarket": "hp", "lines": [{"product": name, "quantity": 4, "sell_by": day}]}
            (await http.put(f"/v1/restocks/{uuid7()}", json=dated)).raise_for_status()
    (counted, _, _) = [
        await write_draft(town, body)
        for body in (
            draft_body(("soap", 20, "2027-06-30"), ("brush", 6), source="donation", donor="本村在外务工青年"),
            draft_body(("rice", 10, "2026-12-31"), ("soap", 24)),
            draft_body(("laundry", 12)),
        )
    ]
    async with town.staff("li") as http:
        (await http.post(f"/v1/goods-receipts/{counted}/confirm", json=counts(18, 6))).raise_for_status()
        own = {"supermarket": "hp"} | draft_body(("brush", 30))
        (await http.put(f"/v1/goods-receipts/{uuid7()}", json=own)).raise_for_status()


async def read_stock(town: LiveTown) -> dict[str, int]:
    async with town.device() as http:
        return {i["product"]: i["stock"] for i in (await http.get("/v1/till")).json()["shelf"]}


async def read_balances(town: LiveTown, *names: str) -> list[int]:
    """What was moved to these accounts less what was moved from them, by their transfers."""
    summed = """
        select a.name, sum(e.amount) from ledger.account a
          join ledger.entry e on e.township = a.township and e.account = a.id and not e.pending
         where a.name = any (:names) group by a.name
    """
    found = {name: int(total) for name, total in await rows(town, summed, names=list(names))}
    return [found.get(name, 0) for name in names]


async def read_kinds(town: LiveTown) -> list[str]:
    """The kinds of all transactions that touched goods or the fund, in the order they were written."""
    query = """
        select kind from ledger.transaction
         where kind not in ('award', 'redemption') order by recorded_at, id
    """
    return [kind for (kind,) in await rows(town, query)]


async def read_everything(town: LiveTown) -> list[Any]:
    """All that a document could change, from the API, with the books checked."""
    async with town.staff("office") as http:
        liability = (await http.get("/v1/reports/liability")).raise_for_status().json()
    state = await standing(town)
    assert state[0]["in_balance"]
    return [liability, *state]
