"""The books as their readers ask for them, and the steps that write into them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from uuid_utils.compat import uuid7

from tests.api.asking import a_redemption, confirmed, order
from tests.api.awards.claims.conftest import hire
from tests.conftest import LiveTown

HP1, HP3 = "household:hp-1", "household:hp-3"


async def ask(town: LiveTown, path: str, by: str = "office", **query: Any) -> Any:
    async with town.staff(by) as http:
        answer = await http.get(path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()


async def send(town: LiveTown, path: str, body: Any, by: str = "office") -> Any:
    """What it answers, by a second person's confirmation where it needs one."""
    async with town.staff(by) as http:
        # Nobody corrects what they confirmed themselves.
        second = "fu" if by == "tan" or path == "/v1/imports" else "tan"
        answer = await confirmed(town, await http.post(path, json=body), second)
        assert answer.status_code == 200, answer.text
        return answer.json()


async def statement(town: LiveTown, account: str = HP1, **query: Any) -> list[dict[str, Any]]:
    """The first page, newest first."""
    entries: list[dict[str, Any]] = (await ask(town, f"/v1/accounts/{account}/statement", **query))["entries"]
    return entries


async def awarded(town: LiveTown, account: str = HP1) -> str:
    """The transaction that posted the last award of a household."""
    return next(
        e["transaction"] for e in await statement(town, account) if (e["kind"], e["phase"]) == ("award", "post")
    )


async def redeem(town: LiveTown, *lines: tuple[str, int, int]) -> str:
    """A redemption by hp-1; its id."""
    path = a_redemption()
    async with town.device(await town.shift()) as http:
        (await http.put(path, json=order(town.card, *lines))).raise_for_status()
    return path.rpartition("/")[2]


async def available(town: LiveTown, account: str = HP1) -> int:
    return int((await ask(town, f"/v1/accounts/{account}/balance"))["available"])


def correction(
    transaction: str, *lines: tuple[str, str, int], unit: str = "points", **more: Any
) -> dict[str, Any]:
    """Lines are (debit, credit, amount); none is all that is left."""
    named = [{"debit": d, "credit": c, "unit": unit, "amount": a} for d, c, a in lines]
    return {
        "id": str(uuid7()),
        "transaction": transaction,
        "reason": "记错了",
        **({"lines": named} if named else {}),
        **more,
    }


async def correct(town: LiveTown, *corrections: dict[str, Any], by: str = "qian") -> list[dict[str, Any]]:
    outcomes: list[dict[str, Any]] = await send(town, "/v1/corrections", list(corrections), by)
    return outcomes


def hold(points: int = 10, **more: Any) -> dict[str, Any]:
    return {
        "id": str(uuid7()),
        "household": "hp-1",
        "supermarket": "hp",
        "points": points,
        "expires_at": "2026-06-20T00:00:00+08:00",
        "reason": "预订化肥",
    } | more


async def reserve(town: LiveTown, *holds: dict[str, Any], by: str = "li") -> list[dict[str, Any]]:
    outcomes: list[dict[str, Any]] = await send(town, "/v1/holds", list(holds), by)
    return outcomes


async def settle(town: LiveTown, held: dict[str, Any], action: str, by: str = "fu", **more: Any) -> dict[str, Any]:
    """By another person than the one who reserved."""
    wanted = {"id": str(uuid7()), "hold": held["id"], "action": action} | more
    [outcome] = await send(town, "/v1/holds/settlements", [wanted], by)
    return dict(outcome)


def row(points: int, on: str = "2025-03-01", household: str = "hp-3", what: str = "修路") -> dict[str, Any]:
    return {"household": household, "on": on, "points": points, "what": what}


async def bring_in(
    town: LiveTown, rows: Sequence[dict[str, Any]], by: str = "office", source: str = "2025年纸质台账"
) -> list[dict[str, Any]]:
    outcomes: list[dict[str, Any]] = await send(town, "/v1/imports", {"source": source, "rows": rows}, by)
    return outcomes


async def neighbours(town: LiveTown) -> None:
    """Another village with a household, a supermarket, a committee (`far`) and a supervisor (`far-off`)."""
    async with town.staff("office") as http:
        for path, body in (
            ("/v1/villages", [{"code": "ss", "name": "山上村"}]),
            ("/v1/grids", [{"code": "ss-1", "village": "ss", "name": "一"}]),
            ("/v1/households", [{"code": "ss-1", "village": "ss", "grid": "ss-1", "head": "赵六"}]),
            ("/v1/supermarkets", [{"code": "ss", "village": "ss", "name": "山上超市"}]),
        ):
            (await http.post(path, json=body)).raise_for_status()
    await hire(town, "far", "committee", village="ss")
    await hire(town, "far-off", "supervisor", village="ss")
