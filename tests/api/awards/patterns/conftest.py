"""July in the village hp, in which nothing happened before it is planted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.api.asking import sign_in
from tests.api.awards.claims.conftest import approve, claim, declare, review
from tests.conftest import LiveTown

JULY = datetime(2026, 7, 20, 2, 0, tzinfo=UTC)
DAY = "2026-07-10"


@pytest.fixture
async def july(town: LiveTown) -> LiveTown:
    town.clock.travel(JULY)
    await sign_in(town, *town.tokens)
    return town


def passes(town: LiveTown, **time: float) -> None:
    town.clock.travel(town.clock.now() + timedelta(**time))


async def declare_many(
    town: LiveTown, household: str, number: int, by: str = "wang", points: int = 4
) -> list[str]:
    claims = [claim("T1", household, DAY, inputs={"points": points}) for _ in range(number)]
    outcomes = await declare(town, *claims, by=by)
    assert {outcome["status"] for outcome in outcomes} == {"declared"}, outcomes
    return [str(each["id"]) for each in claims]


async def sign(town: LiveTown, *ids: str, reviewer: str = "zhao", approver: str = "li") -> None:
    """Reviewed and approved, each after twenty minutes and each as one batch."""
    passes(town, minutes=20)
    assert {outcome["status"] for outcome in await review(town, *ids, by=reviewer)} == {"reviewed"}
    passes(town, minutes=20)
    assert {outcome["status"] for outcome in await approve(town, *ids, by=approver)} == {"approved"}


async def award_many(town: LiveTown, household: str, number: int, by: str = "wang", points: int = 4) -> list[str]:
    ids = await declare_many(town, household, number, by, points)
    await sign(town, *ids)
    return ids


async def patterns(town: LiveTown, by: str = "qian", period: str = "2026-07", **query: str) -> dict[str, Any]:
    async with town.staff(by) as http:
        answer = await http.get("/v1/patterns", params={"period": period, **query})
    found: dict[str, Any] = answer.raise_for_status().json()
    return found
