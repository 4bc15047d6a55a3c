"""Drafts of the small township's book, and their simulation over its recorded claims."""

from __future__ import annotations

from typing import Any

from rules import books_path
from tests.conftest import TEST_RULE, LiveTown

OVERLAY = """
[overlay]
base = "2025.1"
village = "河畔村"
title = "河畔村补充办法"
version = "河畔 2026.1"
effective_from = 2026-07-01
adopted_by = { body = "河畔村村民代表会议", meeting = "2026 年第 1 次会议", date = 2026-06-10 }

[[retire]]
id = "A01"
why = "本村不办培训"
"""


def draft(*changes: tuple[str, str]) -> str:
    """The book in force, with changes."""
    text = books_path().joinpath("township.toml").read_text(encoding="utf-8") + TEST_RULE
    text = text.replace('version = "2025.1"', 'version = "2026.1"')
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return text


DOUBLED = draft(('"input.points"', '"input.points * 2"'))


async def post_simulation(town: LiveTown, text: str, by: str = "office", **more: Any) -> dict[str, Any]:
    async with town.staff(by) as http:
        answer = await http.post("/v1/rulebooks/simulations", json={"text": text, **more})
        assert answer.status_code == 200, answer.text
        result: dict[str, Any] = answer.json()
        return result
