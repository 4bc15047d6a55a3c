"""Promises as a kiosk makes them: 牙刷 (10 points) is out of stock, and `card` has 100 points."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from uuid_utils.compat import uuid7

from api.claims.use_cases import post_due
from api.clock import TravelClock
from api.database.embedded import Embedded
from tests.api.asking import rows, sign_in
from tests.api.stock.conftest import arrival, put
from tests.conftest import SEEDED, LiveTown, cloned, opened, serving, until_posted


@pytest.fixture
async def quiet(server: Embedded, seeded: LiveTown, clock: TravelClock) -> AsyncIterator[LiveTown]:
    """The small township with no upkeep beside: what happens there, a request does."""
    async with (
        cloned(server, SEEDED) as clone,
        opened(clone, clock) as base,
        serving(base, notice_interval=3600) as url,
    ):
        yield replace(seeded, url=url, town=base, clock=clock, clone=clone)


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


async def until_arrived(town: LiveTown, card: str, *wanted: bool) -> None:
    async with asyncio.timeout(10):
        while await arrived(town, card) != list(wanted):
            await asyncio.sleep(0.02)


async def restocked(town: LiveTown, quantity: int) -> None:
    await put(town, "restocks", arrival(("brush", quantity)))


async def endow(town: LiveTown, household: str, points: int) -> None:
    """The notice of an award is over only once somebody looks: a quiet township is asked to."""
    await town.award(household, points)
    await post_due(town.town)
    await until_posted(town)


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
