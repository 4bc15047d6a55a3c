"""Freezing and lifting, as supervisors do."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
from uuid_utils.compat import uuid7

from api.platform.clock import local_date
from tests.api.asking import rows
from tests.conftest import LiveTown

WHY = "有人反映，正在核查"


def order_of(kind: str, thing: str, **more: Any) -> dict[str, Any]:
    return {"id": str(uuid7()), "kind": kind, "thing": thing, "reason": WHY, **more}


async def send(town: LiveTown, by: str, body: dict[str, Any]) -> httpx.Response:
    async with town.staff(by) as http:
        return await http.post("/v1/freezes", json=body)


async def freeze(town: LiveTown, kind: str, thing: str, by: str = "qian", **more: Any) -> str:
    """The id of the freeze."""
    body = order_of(kind, thing, **more)
    answer = await send(town, by, body)
    assert answer.status_code == 204, answer.text
    return str(body["id"])


async def freeze_rule(town: LiveTown, rule: str = "A01", by: str = "qian", **more: Any) -> str:
    return await freeze(town, "rule", rule, by, **({"village": "hp"} | more))


async def lift(town: LiveTown, id: str, by: str = "qian", reason: str = "查清了，没有问题") -> httpx.Response:
    async with town.staff(by) as http:
        return await http.post(f"/v1/freezes/{id}/lift", json={"reason": reason})


async def holding(town: LiveTown) -> list[dict[str, Any]]:
    async with town.staff("tan") as http:
        found: list[dict[str, Any]] = (await http.get("/v1/freezes")).raise_for_status().json()
    return found


def in_days(town: LiveTown, days: int) -> str:
    return (local_date(town.clock.now()) + timedelta(days=days)).isoformat()


async def kept(town: LiveTown) -> list[Any]:
    return await rows(town, "select * from freeze_order order by id")
