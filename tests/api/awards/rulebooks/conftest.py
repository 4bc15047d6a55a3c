"""Books to propose, and the steps of an adoption by two people; `office` and `ma` are in the party branch."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import httpx

from rules import books_path
from tests.conftest import TEST_RULE, LiveTown

DECISION = {"body": "乡党委", "meeting": "第 6 次会议", "decided_on": "2026-06-10", "present": "王、李、张"}


def text(version: str, points: int = 1, starts: str = "2025-01-01") -> str:
    """The township's book as another version, in which A01 gives `points`."""
    book = books_path().joinpath("township.toml").read_text(encoding="utf-8") + TEST_RULE
    book = book.replace('version = "2025.1"', f'version = "{version}"')
    book = book.replace("effective_from = 2025-01-01", f"effective_from = {starts}")
    return re.sub(r'(id = "A01".*?points = )1\b', rf"\g<1>{points}", book, count=1, flags=re.DOTALL)


async def ask(town: LiveTown, by: str, method: str, path: str, body: Any = None) -> httpx.Response:
    async with town.staff(by) as http:
        return await http.request(method, f"/v1/rulebooks{path}", json=body)


async def propose(
    town: LiveTown, book: str, day: str = "2026-07-01", by: str = "office", **decision: str
) -> httpx.Response:
    body = {"text": book, "effective_from": day, "decision": {**DECISION, **decision}}
    return await ask(town, by, "POST", "", body)


async def again(town: LiveTown, version: str, day: str, by: str = "office") -> httpx.Response:
    body = {"version": version, "effective_from": day, "decision": DECISION}
    return await ask(town, by, "POST", "/adoptions", body)


async def confirm(town: LiveTown, id: str, by: str = "ma") -> httpx.Response:
    return await ask(town, by, "POST", f"/adoptions/{id}/confirm", {"not_concerned": await ticks(town, id)})


async def ticks(town: LiveTown, id: str) -> dict[str, list[str]]:
    """All that has to be ticked to confirm an adoption."""
    detail = (await ask(town, "ma", "GET", f"/adoptions/{id}")).json()
    return {item["rule"]: list(detail["subjects"]) for item in detail.get("delicate", ())}


async def adopt(town: LiveTown, book: str, day: str = "2026-07-01") -> str:
    """Propose and confirm a book; returns the id of the adoption."""
    id = (await propose(town, book, day)).raise_for_status().json()["id"]
    (await confirm(town, id)).raise_for_status()
    return str(id)


async def states(town: LiveTown) -> Mapping[tuple[str, str], str]:
    """The states of all adoptions by version and effective day."""
    found = (await ask(town, "qian", "GET", "/adoptions")).raise_for_status().json()
    return {(a["version"], a["effective_from"]): a["state"] for a in found}
