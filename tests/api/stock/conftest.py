"""Slips of the stock, and what the books say after them."""

from __future__ import annotations

from typing import Any

import httpx
from uuid_utils.compat import uuid7

from tests.api.asking import rows, standing
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


async def put(town: LiveTown, slips: str, body: dict[str, Any], by: str = "office") -> httpx.Response:
    """A slip under an id of its own, written down."""
    async with town.staff(by) as http:
        return (await http.put(f"/v1/{slips}/{uuid7()}", json=body)).raise_for_status()


async def stock(town: LiveTown) -> dict[str, int]:
    async with town.device() as http:
        return {i["product"]: i["stock"] for i in (await http.get("/v1/till")).json()["shelf"]}


async def balances(town: LiveTown, *names: str) -> list[int]:
    """What was moved to these accounts less what was moved from them, by their transfers."""
    summed = """
        select a.name, sum(e.amount) from ledger.account a
          join ledger.entry e on e.township = a.township and e.account = a.id and not e.pending
         where a.name = any (:names) group by a.name
    """
    found = {name: int(total) for name, total in await rows(town, summed, names=list(names))}
    return [found.get(name, 0) for name in names]


async def kinds(town: LiveTown) -> list[str]:
    """The kinds of all transactions that touched goods or the fund, in the order they were written."""
    told = """
        select kind from ledger.transaction
         where kind not in ('award', 'redemption') order by recorded_at, id
    """
    return [kind for (kind,) in await rows(town, told)]


async def everything(town: LiveTown) -> list[Any]:
    """All that a slip could change, as the API tells it; the books recomputed."""
    async with town.staff("office") as http:
        liability = (await http.get("/v1/reports/liability")).raise_for_status().json()
    found = await standing(town)
    assert found[0]["in_balance"]
    return [liability, *found]
