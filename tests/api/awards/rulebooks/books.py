"""The township's next book, in force from 1 July 2026, with all kinds of changes."""

from __future__ import annotations

from rules import books_path

_CHANGED = {
    'version = "2025.1"': 'version = "2026.2"\nmost_points = 100',
    "effective_from = 2025-01-01": "effective_from = 2026-07-01",
    "2024 年第 12 次": "2026 年第 6 次",
    "date = 2024-12-20": "date = 2026-06-10",
    '{ id = "h20", title = "满 20 小时", points = 5 }': '{ id = "h20", title = "满 20 小时", points = 6 }',
    'title = "季度“美丽庭院”示范户"\ncategory = "environment"\npoints = 15': (
        'title = "季度“美丽庭院”示范户"\ncategory = "environment"\npoints = 18'
    ),
}
_ADDED = """
[[rule]]
id = "D1"
title = "乱堆乱放，提醒后不改"
category = "environment"
points = -5
limits = [{ period = "month", times = 2 }]
evidence = ["照片", "提醒记录"]
reviewers = ["council", "supervisors"]

[rule.deduction]
covenant = "村规民约第八条"
adopted_by = { body = "村民代表会议", meeting = "2025 年第 9 次会议", date = 2025-12-10 }

[[campaign]]
id = "summer"
title = "夏季清洁行动"
from = 2026-07-01
until = 2026-08-31
multiply = 1.5
rules = ["A09"]
"""
NEXT = "2026.2"


def next_book() -> str:
    text = books_path().joinpath("township.toml").read_text(encoding="utf-8")
    for old, new in _CHANGED.items():
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text + _ADDED
