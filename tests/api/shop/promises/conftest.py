"""Promises as a kiosk makes them: 牙刷 (10 points) is out of stock, and `card` has 100 points."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
from uuid_utils.compat import uuid7

from tests.api.asking import rows, sign_in
from tests.api.shop.stock.conftest import arrival, put
from tests.conftest import LiveTown, run_jobs


def a_promise(id: UUID | str | None = None) -> str:
    return f"/v1/promises/{id or uuid7()}"


def wish(card: str, product: str = "brush", quantity: int = 1, price: int = 10, **more: Any) -> dict[str, Any]:
    return {"card": card, "product": product, "quantity": quantity, "price": price, **more}


async def promised(http: httpx.AsyncClient, card: str, quantity: int = 1) -> str:
    """The path of a new promise of brushes."""
    path = a_promise()
    (await http.put(path, json=wish(card, quantity=quantity))).raise_for_status()
    return path


async def collected(http: httpx.AsyncClient, path: str, card: str, **more: Any) -> dict[str, Any]:
    answer = (await http.put(f"{path}/collection", json={"card": card, **more})).raise_for_status()
    receipt: dict[str, Any] = answer.json()
    return receipt


async def viewed(town: LiveTown, card: str) -> dict[str, Any]:
    async with town.device() as http:
        view: dict[str, Any] = (await http.get(f"/v1/cards/{card}")).raise_for_status().json()
    return view


async def arrived(town: LiveTown, card: str) -> list[bool]:
    """Of each open promise, whether the household can collect it; by what was promised first."""
    promises = (await viewed(town, card))["promises"]
    return [p["arrived"] for p in sorted(promises, key=lambda p: str(p["id"]))]


async def arrives(town: LiveTown, card: str, *wanted: bool) -> None:
    await run_jobs(town.town)
    assert await arrived(town, card) == list(wanted)


async def restocked(town: LiveTown, quantity: int) -> None:
    await put(town, "restocks", arrival(("brush", quantity)))


async def days_later(town: LiveTown, days: int) -> None:
    town.clock.travel(town.clock.now() + timedelta(days=days))
    await sign_in(town, "office", "li")


async def in_balance(town: LiveTown) -> bool:
    async with town.staff("office") as http:
        report = (await http.get("/v1/report")).raise_for_status().json()
    return bool(report["in_balance"])


async def open_holds(town: LiveTown) -> int:
    """How many transactions for promises are pending in the books and not settled."""
    found = await rows(
        town,
        """select count(*) from ledger.transaction x
            where x.kind = 'promise' and x.phase = 'pending'
              and not exists (select from ledger.settlement s
                               where s.township = x.township and s.target = x.id)""",
    )
    return int(found[0][0])
