"""Read the lines of an earlier scheme from a table: CSV or a workbook.

Columns are found by their headings, Chinese or English, in one of the first rows; what stands above, titles and
dates, doesn't matter. A line that can't be read is told and stops nothing: whoever mends the file sees them all.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from api.bookkeeping.general_ledger.imports import Row
from api.platform.errors import ErrorCode, Refused
from api.platform.table_file import cell_text, parse_date, read_table

COLUMNS = {"household": "户编号", "date": "日期", "points": "积分", "what": "事由"}
HEADINGS_WITHIN = 20
MOST_POINTS = 1_000_000_000
LONGEST_WHAT = 200

_POINTS = re.compile(r"[+-]?[0-9]{1,3}(?:,[0-9]{3})+|[+-]?[0-9]+")


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A line that says no row, and why."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Sheet:
    rows: list[Row]
    unreadable: list[Unreadable]


def read(path: Path) -> Sheet:
    """Raises Refused: unreadable, malformed, too-large."""
    lines = read_table(path)
    at, columns = _headings(path, lines)
    sheet = Sheet([], [])
    for line, cells in lines[at + 1 :]:
        # A row may end early where its last cells are empty.
        household, on, points, what = (cells[c] if c < len(cells) else "" for c in columns)
        try:
            sheet.rows.append(Row(line, _household(household), parse_date(on), _points(points), _what(what)))
        except ValueError as error:
            sheet.unreadable.append(Unreadable(line, str(error)))
    return sheet


def _headings(path: Path, lines: Sequence[tuple[int, Sequence[Any]]]) -> tuple[int, list[int]]:
    """Which of the lines holds the headings, and where each column stands."""
    missing = list(COLUMNS)
    for at, (_, cells) in enumerate(lines[:HEADINGS_WITHIN]):
        named = [cell_text(cell).lower() for cell in cells]
        places = {
            english: named.index(name)
            for english, chinese in COLUMNS.items()
            for name in (chinese, english)
            if name in named
        }
        if len(places) == len(COLUMNS):
            return at, [places[english] for english in COLUMNS]
        if len(COLUMNS) - len(places) < len(missing):
            missing = [english for english in COLUMNS if english not in places]
    wanted = "、".join(f"{COLUMNS[english]}（{english}）" for english in missing)
    raise Refused(ErrorCode.MALFORMED, f"{path} 的表头里没有 {wanted} 这几列。")


def _household(cell: Any) -> str:
    code = cell_text(cell)
    if not code or len(code) > 40:
        raise ValueError("没有户编号。" if not code else f"户编号“{code[:20]}…”太长。")
    return code.lower()


def _points(cell: Any) -> int:
    # Full-width signs and digits, a real minus, a unit behind: all as people write them.
    text = cell_text(cell).translate(_PLAIN).removesuffix("分").strip()
    if not _POINTS.fullmatch(text):
        raise ValueError(f"积分“{text[:20]}”不是整数。" if text else "没有积分。")
    points = int(text.replace(",", "")) if len(text) <= 20 else MOST_POINTS + 1
    if abs(points) > MOST_POINTS:
        raise ValueError("积分太大，请核对。")
    return points


_PLAIN = str.maketrans("０１２３４５６７８９＋－−，", "0123456789+--,")


def _what(cell: Any) -> str:
    text = cell_text(cell)
    if not text or len(text) > LONGEST_WHAT:
        raise ValueError("没有事由。" if not text else f"事由超过 {LONGEST_WHAT} 字。")
    return text
