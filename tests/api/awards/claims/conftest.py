"""A claim and its steps, each by a person with the role for it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from uuid_utils.compat import uuid7

from tests.api.asking import confirmed, rows, sign_in
from tests.conftest import PASSWORD, LiveTown, run_jobs


def claim(rule: str = "A01", household: str = "hp-3", day: str = "2026-06-01", **more: Any) -> dict[str, Any]:
    """A01: one point, at most three a year, three days of notice. hp-3 has no points yet. Said to be another deed
    than any before, unless `again` is empty."""
    new = {"id": str(uuid7()), "household": household, "rule": rule, "deed_on": day}
    return {**new, "again": "同日另一件", **more}


async def declare(town: LiveTown, *claims: dict[str, Any], by: str = "wang") -> list[dict[str, Any]]:
    return await _outcomes(town, by, "/v1/claims", list(claims))


async def review(town: LiveTown, *ids: str, by: str = "zhao") -> list[dict[str, Any]]:
    return await _outcomes(town, by, "/v1/claims/review", {"claims": ids})


async def approve(town: LiveTown, *ids: str, by: str = "li") -> list[dict[str, Any]]:
    return await _outcomes(town, by, "/v1/claims/approve", {"claims": ids})


async def on_notice(town: LiveTown, rule: str = "A01") -> str:
    """The id of a claim of hp-3 that is on notice."""
    new_claim = claim(rule)
    for step in (
        await declare(town, new_claim),
        await review(town, new_claim["id"]),
        await approve(town, new_claim["id"]),
    ):
        assert step[0]["reason"] == ""
    return str(new_claim["id"])


async def status(town: LiveTown, id: str) -> str:
    [(found,)] = await rows(town, "select status from claim where id = :id", id=id)
    return str(found)


async def becomes(town: LiveTown, id: str, expected: str) -> None:
    """Run the jobs, after which the claim has this status."""
    await run_jobs(town.town)
    assert await status(town, id) == expected


async def card(town: LiveTown) -> tuple[int, int]:
    """Balance and pending points of hp-3."""
    async with town.device() as http:
        found = (await http.get(f"/v1/cards/{town.empty_card}")).json()
    return found["balance"], found["pending"]


async def hire(town: LiveTown, login: str, *roles: str, **more: str) -> None:
    """Create another person and sign in."""
    async with town.staff("office") as http:
        scope = {} if "village" in more else {"township": True}
        person = {"login": login, "name": login, "roles": roles, "password": PASSWORD, **scope, **more}
        (await confirmed(town, await http.post("/v1/people", json=[person]))).raise_for_status()
    await sign_in(town, login)


async def days_pass(town: LiveTown, days: float) -> None:
    town.clock.travel(town.clock.now() + timedelta(days=days))
    await sign_in(town, "office", "qian")


async def _outcomes(
    town: LiveTown, by: str, path: str, body: Sequence[Any] | dict[str, Any]
) -> list[dict[str, Any]]:
    async with town.staff(by) as http:
        answer = await http.post(path, json=body)
        assert answer.status_code == 200, answer.text
        outcomes: list[dict[str, Any]] = answer.json()
        return outcomes
