"""A moral council of several members, and claims that wait for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import httpx

from api import wire
from api.platform.access import Staff
from api.registry.people.queries import find_staff_by_login
from tests.api.asking import confirmed
from tests.api.awards.claims.conftest import claim, declare
from tests.conftest import PASSWORD, LiveTown

COUNCIL = ("an", "bo", "cai")
"""Members of the village's moral council beside zhao, who leads a grid too."""


async def hire_all(town: LiveTown, *people: dict[str, Any]) -> None:
    """Of the village hp, unless it says otherwise."""
    persons = [{"name": each["login"], "password": PASSWORD, "village": "hp", **each} for each in people]
    async with town.staff("office") as http:
        (await confirmed(town, await http.post("/v1/people", json=persons))).raise_for_status()


async def hire_council(town: LiveTown) -> None:
    """bo lives in hp-2."""
    own = {"bo": {"household": "hp-2"}}
    await hire_all(town, *({"login": login, "roles": ["council"], **own.get(login, {})} for login in COUNCIL))


async def set_quorum(town: LiveTown, number: int) -> None:
    async with town.staff("office") as http:
        now = (await http.get("/v1/township-defaults")).json()
        wanted = {name: now[name] for name in wire.TownshipDefaults.__struct_fields__} | {"council_quorum": number}
        (await confirmed(town, await http.put("/v1/township-defaults", json=wanted))).raise_for_status()


async def staff_of(town: LiveTown, login: str) -> Staff:
    async with town.town.unit_of_work() as uow:
        staff = await find_staff_by_login(uow, login)
    assert staff is not None
    return staff


async def for_council(town: LiveTown, household: str = "hp-3", **more: Any) -> str:
    """The id of a claim that waits for the moral council, and then for the village committee."""
    new = claim("T1", household, inputs={"points": 7}, **more)
    [outcome] = await declare(town, new)
    assert outcome["status"] == "declared", outcome
    return str(new["id"])


async def act(town: LiveTown, by: str, id: str, act: str, reason: str | None = None) -> httpx.Response:
    """Refuse, return, withdraw."""
    async with town.staff(by) as http:
        return await http.post(f"/v1/claims/{id}/{act}", json=None if reason is None else {"reason": reason})


def statuses(outcomes: Sequence[dict[str, Any]]) -> list[str]:
    return [outcome["status"] for outcome in outcomes]
