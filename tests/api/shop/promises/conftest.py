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


def promise_path(id: UUID | str | None = None) -> str:
    return f"/v1/promises/{id or uuid7()}"


def promise_body(
    card: str, product: str = "brush", quantity: int = 1, price: int = 10, **more: Any
) -> dict[str, Any]:
    return {"card": card, "product": product, "quantity": quantity, "price": price, **more}


async def make_promise(http: httpx.AsyncClient, card: str, quantity: int = 1) -> str:
    """The path of a new promise of brushes."""
    path = promise_path()
    (await http.put(path, json=promise_body(card, quantity=quantity))).raise_for_status()
    return path


async def collect(http: httpx.AsyncClient, path: str, card: str, **more: Any) -> dict[str, Any]:
    answer = (await http.put(f"{path}/collection", json={"card": card, **more})).raise_for_status()
    receipt: dict[str, Any] = answer.json()
    return receipt


async def view_card(town: LiveTown, card: str) -> dict[str, Any]:
    async with town.device() as http:
        view: dict[str, Any] = (await http.get(f"/v1/cards/{card}")).raise_for_status().json()
    return view


async def read_arrived(town: LiveTown, card: str) -> list[bool]:
    """Whether each open promise can be collected, in the order of promising."""
    promises = (await view_card(town, card))["promises"]
    return [p["arrived"] for p in sorted(promises, key=lambda p: str(p["id"]))]


async def assert_arrived(town: LiveTown, card: str, *expected: bool) -> None:
    await run_jobs(town.town)
    assert await read_arrived(town, card) == list(expected)


async def restock(town: LiveTown, quantity: int) -> None:
    await put(town, "restocks", arrival(("brush", quantity)))


async def pass_days(town: LiveTown, days: int) -> None:
    town.clock.travel(town.clock.now() + timedelta(days=days))
    await sign_in(town, "office", "li")


async def books_balance(town: LiveTown) -> bool:
    async with town.staff("office") as http:
        report = (await http.get("/v1/report")).raise_for_status().json()
    return bool(report["in_balance"])


async def count_open_holds(town: LiveTown) -> int:
    """How many transactions for promises are pending and not settled."""
    counted = await rows(
        town,
        """select count(*) from ledger.transaction x
            where x.kind = 'promise' and x.phase = 'pending'
              and not exists (select from ledger.settlement s
                               where s.township = x.township and s.target = x.id)""",
    )
    return int(counted[0][0])
