"""A township that isn't founded yet."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec

from api import wire
from api.desk.founding import questions

FIRST, SECOND = "shuixiang lanhua", "qingshan zhulin"
TODAY = date(2026, 6, 15)
ANSWERS: dict[str, str] = {
    "township": "青山乡",
    "first_name": "王芳",
    "first_login": "wangfang",
    "second_name": "李明",
    "second_login": "liming",
    "notice_days": "5",
    "pin_above": "40",
    "lease_most": "150",
    "lease_days": "4",
    "stocktake_points": "100",
    "price_percent": "10",
    "cards": "2",
    "first_cards": "9",
    "expiry": "rolling",
    "months": "18",
    "rulebook": "township",
    "body": "青山乡党委",
    "meeting": "2026 年第 1 次会议",
    "decided_on": "2026-06-01",
    "effective_from": "2026-06-01",
}


def founding(second_password: str | None = None, **answers: str) -> wire.Founding:
    """What comes of these answers, as they are read."""
    asked = (
        questions.TOWNSHIP,
        *questions.FIRST,
        *questions.SECOND,
        *questions.DEFAULTS,
        *questions.BOUNDS,
        questions.EXPIRY,
        questions.MONTHS,
        questions.RULEBOOK,
        *questions.ask_decision(TODAY),
    )
    given = ANSWERS | answers
    values: dict[str, Any] = {each.name: each.read(given[each.name]) for each in asked}
    return questions.build_founding(values, FIRST, second_password)


def with_password(wanted: wire.Founding, password: str) -> wire.Founding:
    return msgspec.structs.replace(wanted, first=msgspec.structs.replace(wanted.first, password=password))
