"""What the tests of households that change ask again and again."""

from __future__ import annotations

from typing import Any

import httpx

from tests.api.asking import confirmed
from tests.conftest import LiveTown

DAY = "2026-06-10"


async def ask(town: LiveTown, household: str, act: str, by: str = "office", **values: Any) -> httpx.Response:
    async with town.staff(by) as http:
        body = {"effective_on": DAY, "reason": "村里核实过", **values}
        return await http.post(f"/v1/households/{household}/{act}", json=body)


async def done(town: LiveTown, household: str, act: str, by: str = "office", **values: Any) -> httpx.Response:
    """Proposed, and confirmed by a second person."""
    return await confirmed(town, await ask(town, household, act, by, **values))


async def change(town: LiveTown, household: str, by: str = "office", **values: Any) -> httpx.Response:
    async with town.staff(by) as http:
        body = {"effective_on": DAY, "reason": "村里核实过", **values}
        return await http.patch(f"/v1/households/{household}", json=body)


async def balance(town: LiveTown, household: str) -> int:
    async with town.staff("office") as http:
        answer = await http.get(f"/v1/accounts/household:{household}/balance")
        return int(answer.raise_for_status().json()["posted"])


async def show(town: LiveTown, household: str) -> dict[str, Any]:
    async with town.staff("office") as http:
        view: dict[str, Any] = (await http.get(f"/v1/households/{household}")).raise_for_status().json()
        return view


async def changes(town: LiveTown, household: str) -> list[dict[str, Any]]:
    async with town.staff("office") as http:
        found: list[dict[str, Any]] = (
            (await http.get(f"/v1/households/{household}/changes")).raise_for_status().json()
        )
        return found
