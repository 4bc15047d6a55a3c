"""Objections as people raise and decide them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import httpx
from uuid_utils.compat import uuid7

from api import wire
from api.awards.objections.deciding import withdraw_by_card
from api.awards.objections.raising import raise_by_card
from tests.api.asking import rows
from tests.conftest import LiveTown

TEXT = "那天他家没有人来"
REASON = "到场核实过"


async def object_by_card(town: LiveTown, card: str, claim: str, text: str = TEXT) -> str:
    """The id of the objection."""
    new = wire.CardObjection(id=uuid7(), claim=UUID(claim), text=text)
    await raise_by_card(town.town, card, new)
    return str(new.id)


async def withdraw(town: LiveTown, card: str, objection: str) -> None:
    await withdraw_by_card(town.town, card, UUID(objection))


def at_desk(claim: str, **more: Any) -> dict[str, Any]:
    """The body of one that is taken down for somebody without a household."""
    named = {} if "household" in more or more.get("way") == "finding" else {"objector": "路过的老周"}
    return {"id": str(uuid7()), "claim": claim, "way": "person", "text": TEXT, **named, **more}


async def take_down(town: LiveTown, by: str, body: dict[str, Any]) -> httpx.Response:
    async with town.staff(by) as http:
        return await http.post("/v1/objections", json=body)


async def end(town: LiveTown, by: str, id: str, act: str, reason: str = REASON) -> httpx.Response:
    """`act`: uphold, dismiss or withdraw."""
    async with town.staff(by) as http:
        return await http.post(f"/v1/objections/{id}/{act}", json={"reason": reason})


async def notice(town: LiveTown, claim: str) -> tuple[datetime, datetime | None]:
    """Until when it is on notice, and since when it is stopped."""
    [(until, stopped)] = await rows(
        town, "select notice_until, notice_stopped_at from claim where id = :id", id=claim
    )
    return until, stopped


async def outcome(town: LiveTown, id: str) -> str | None:
    [(found,)] = await rows(town, "select outcome from objection where id = :id", id=id)
    return None if found is None else str(found)


async def take_off(town: LiveTown, claim: str, by: str, reason: str = REASON) -> None:
    """Off the notice, by a supervisor who upholds what another has found."""
    found = at_desk(claim, way="finding")
    (await take_down(town, "tan", found)).raise_for_status()
    (await end(town, by, found["id"], "uphold", reason)).raise_for_status()
