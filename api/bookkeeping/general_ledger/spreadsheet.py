"""Read the rows of an earlier scheme from a table: CSV or a workbook.

Columns are found by their headings, Chinese or English, in one of the first rows; rows above it are ignored. Rows
that can't be parsed are collected, so that all errors are reported at once.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from api.bookkeeping.general_ledger.imports import ImportedRow
from api.platform.errors import ErrorCode, Refused
from api.platform.table_file import cell_text, parse_date, read_table
from api.wire.text import TextRule

HEADINGS = {"household": "户编号", "date": "日期", "points": "积分", "what": "事由"}
MAX_HEADING_ROW = 20
MAX_POINTS = 1_000_000_000
MAX_REASON_LENGTH = 200
_REASON = TextRule(50_000, as_sent=True)

_POINTS = re.compile(r"[+-]?[0-9]{1,3}(?:,[0-9]{3})+|[+-]?[0-9]+")


@dataclass(frozen=True, slots=True)
class RowError:
    """Why a row can't be parsed."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Sheet:
    rows: list[ImportedRow]
    errors: list[RowError]


def read_sheet(path: Path) -> Sheet:
    """Raises Refused: unreadable, malformed, too-large."""
    lines = read_table(path)
    heading, columns = _find_headings(path, lines)
    sheet = Sheet([], [])
    for line, cells in lines[heading + 1 :]:
        # A row may be shorter if its last cells are empty.
        household, on, points, what = (cells[c] if c < len(cells) else "" for c in columns)
        try:
            sheet.rows.append(
                ImportedRow(
                    line, _parse_household(household), parse_date(on), _parse_points(points), _parse_reason(what)
                )
            )
        except ValueError as error:
            sheet.errors.append(RowError(line, str(error)))
    return sheet


def _find_headings(path: Path, lines: Sequence[tuple[int, Sequence[Any]]]) -> tuple[int, list[int]]:
    """The index of the line with the headings, and that of each column."""
    missing = list(HEADINGS)
    for index, (_, cells) in enumerate(lines[:MAX_HEADING_ROW]):
        texts = [cell_text(cell).lower() for cell in cells]
        columns = {
            english: texts.index(heading)
            for english, chinese in HEADINGS.items()
            for heading in (chinese, english)
            if heading in texts
        }
        if len(columns) == len(HEADINGS):
            return index, [columns[english] for english in HEADINGS]
        if len(HEADINGS) - len(columns) < len(missing):
            missing = [english for english in HEADINGS if english not in columns]
    listed = "、".join(f"{HEADINGS[english]}（{english}）" for english in missing)
    raise Refused(ErrorCode.MALFORMED, f"{path} 的表头里没有 {listed} 这几列。")


def _parse_household(cell: Any) -> str:
    code = cell_text(cell)
    if not code or len(code) > 40:
        raise ValueError("没有户编号。" if not code else f"户编号“{code[:20]}…”太长。")
    return code.lower()


def _parse_points(cell: Any) -> int:
    # People write full-width digits and signs, a real minus sign, and a unit at the end.
    text = cell_text(cell).translate(_HALF_WIDTH).removesuffix("分").strip()
    if not _POINTS.fullmatch(text):
        raise ValueError(f"积分“{text[:20]}”不是整数。" if text else "没有积分。")
    points = int(text.replace(",", "")) if len(text) <= 20 else MAX_POINTS + 1
    if abs(points) > MAX_POINTS:
        raise ValueError("积分太大，请核对。")
    return points


_HALF_WIDTH = str.maketrans("０１２３４５６７８９＋－−，", "0123456789+--,")


def _parse_reason(cell: Any) -> str:
    # Rows are known again by this text, so it is checked and not put into another form.
    text = _REASON.read(cell_text(cell))
    if not text or len(text) > MAX_REASON_LENGTH:
        raise ValueError("没有事由。" if not text else f"事由超过 {MAX_REASON_LENGTH} 字。")
    return text
