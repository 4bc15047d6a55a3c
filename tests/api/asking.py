"""What tests of the API ask again and again: is it a proper refusal, and did anything change?"""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import text
from uuid_utils.compat import uuid7

from tests.conftest import PASSWORD, LiveTown
from tests.databases import owner_engine

CHINESE_SENTENCE = re.compile(r"[\u4e00-\u9fff].*[。]?$")


def problem(answer: httpx.Response, status: int, word: str) -> dict[str, Any]:
    """An RFC 9457 problem detail of this kind, with a Chinese sentence; its `extra`."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
    body = answer.json()
    assert (body["type"], body["status"]) == (word, status)
    assert CHINESE_SENTENCE.search(body["detail"]), body["detail"]
    extra: dict[str, Any] = body.get("extra", {})
    return extra


async def standing(live: LiveTown) -> list[Any]:
    """Everything that a redemption, claim or restock could change, as the API tells it."""
    async with live.device() as device, live.staff("office") as office:
        answers = [
            await office.get("/v1/report"),
            await device.get("/v1/till"),
            await device.get(f"/v1/cards/{live.card}"),
            await device.get(f"/v1/cards/{live.poor_card}"),
        ]
    return [a.raise_for_status().json() for a in answers]


def order(card: str, *lines: tuple[str, int, int]) -> dict[str, Any]:
    """The body of a redemption; lines are (product, quantity, price)."""
    return {"card": card, "lines": [{"product": p, "quantity": q, "price": price} for p, q, price in lines]}


def a_redemption(id: UUID | str | None = None) -> str:
    return f"/v1/redemptions/{id or uuid7()}"


async def rows(live: LiveTown, query: str, **values: object) -> list[Any]:
    """What the database itself says, by the owner's door."""
    async with owner_engine(live.clone).connect() as connection:
        return list(await connection.execute(text(query), values))


async def sign_in(live: LiveTown, *logins: str) -> None:
    """Again, after the twelve hours of a sign-in, or for the first time."""
    async with httpx.AsyncClient(base_url=live.url, verify=False) as http:
        for login in logins:
            answer = await http.post("/v1/sign-in", json={"login": login, "password": PASSWORD})
            live.tokens = live.tokens | {login: answer.raise_for_status().json()["token"]}


async def confirmed(live: LiveTown, answer: httpx.Response, by: str = "tan") -> httpx.Response:
    """What a request comes to: where it is a proposal, once a second person has confirmed it."""
    if answer.status_code != 202:
        return answer
    proposal = answer.json()
    assert proposal["status"] == "waiting", proposal
    await sign_in(live, by)
    async with live.staff(by) as http:
        return await http.post(f"/v1/proposals/{proposal['id']}/confirm")


async def set_bounds(live: LiveTown, **bounds: int) -> None:
    """Up to where one person decides alone; what isn't named has no bound."""
    most = {"stocktake_points": 1_000_000, "price_percent": 100_000, "cards": 5000, "first_cards": 5000}
    async with live.staff("office") as http:
        answer = await http.put("/v1/approval-policy", json=most | bounds)
    (await confirmed(live, answer)).raise_for_status()


async def lift_bounds(live: LiveTown) -> None:
    """One person alone may do whatever has a bound."""
    await set_bounds(live)
