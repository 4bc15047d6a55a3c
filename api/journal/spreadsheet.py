"""Read the lines of an earlier scheme from a file: CSV in UTF-8 or GBK, or a workbook as spreadsheets save it.

Columns are found by their headings, Chinese or English, in one of the first rows; what stands above, titles and
dates, doesn't matter. A line that can't be read is told and stops nothing: whoever mends the file sees them all.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook

from api.journal.imports import Row
from api.problems import Refused

COLUMNS = {"household": "户编号", "date": "日期", "points": "积分", "what": "事由"}
HEADINGS_WITHIN = 20
MOST_BYTES = 50_000_000
MOST_ROWS = 100_000
MOST_POINTS = 1_000_000_000
LONGEST_WHAT = 200

# How workbooks begin: zip archives (xlsx, ods) and the older compound files (xls).
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_DATE = re.compile(r"([0-9]{4})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?(?: 0{1,2}:00(?::00)?)?")
_DIGITS = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})")
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
    table = enumerate(_table(path), start=1)
    try:
        lines = [(n, cells) for n, cells in table if any(_text(cell) for cell in cells)]
    except csv.Error:
        raise Refused("unreadable", f"{path} 不是 CSV 表格，请用表格软件另存为 CSV 或 XLSX 再导入。") from None
    if len(lines) > MOST_ROWS:
        raise Refused("too-large", f"{path} 超过 {MOST_ROWS} 行，请分成几个文件导入。")
    at, columns = _headings(path, lines)
    sheet = Sheet([], [])
    for line, cells in lines[at + 1 :]:
        # A row may end early where its last cells are empty.
        household, on, points, what = (cells[c] if c < len(cells) else "" for c in columns)
        try:
            sheet.rows.append(Row(line, _household(household), _date(on), _points(points), _what(what)))
        except ValueError as error:
            sheet.unreadable.append(Unreadable(line, str(error)))
    return sheet


def _table(path: Path) -> Iterator[Sequence[Any]]:
    try:
        with path.open("rb") as file:
            raw = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise Refused("unreadable", f"读不了 {path}：{error.strerror}。") from None
    if len(raw) > MOST_BYTES:
        raise Refused("too-large", f"{path} 太大，请分成几个文件导入。")
    if raw.startswith(_WORKBOOKS):
        return iter(_workbook(path, raw))
    return csv.reader(io.StringIO(_decoded(path, raw), newline=""), strict=False)


def _workbook(path: Path, raw: bytes) -> list[list[Any]]:
    """Its first sheet, from the very first cell, so that lines count as the spreadsheet shows them."""
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(raw))
        return list(book.get_sheet_by_index(0).to_python(skip_empty_area=False))
    except (CalamineError, IndexError):
        raise Refused("unreadable", f"{path} 打不开，可能已损坏或设了密码；请用表格软件另存一份再导入。") from None


def _decoded(path: Path, raw: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Refused("unreadable", f"{path} 不是 UTF-8 或 GBK 的文字，请用表格软件另存为 CSV 或 XLSX 再导入。")


def _headings(path: Path, lines: Sequence[tuple[int, Sequence[Any]]]) -> tuple[int, list[int]]:
    """Which of the lines holds the headings, and where each column stands."""
    missing = list(COLUMNS)
    for at, (_, cells) in enumerate(lines[:HEADINGS_WITHIN]):
        named = [_text(cell).lower() for cell in cells]
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
    raise Refused("malformed", f"{path} 的表头里没有 {wanted} 这几列。")


def _household(cell: Any) -> str:
    code = _text(cell)
    if not code or len(code) > 40:
        raise ValueError("没有户编号。" if not code else f"户编号“{code[:20]}…”太长。")
    return code.lower()


def _date(cell: Any) -> date:
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    text = _text(cell)
    found = _DATE.fullmatch(text) or _DIGITS.fullmatch(text)
    try:
        if found is not None:
            return date(*map(int, found.groups()))
    except ValueError:
        pass
    raise ValueError(f"日期“{text[:20]}”读不懂，请写成 2025-03-01 这样。" if text else "没有日期。")


def _points(cell: Any) -> int:
    # Full-width signs and digits, a real minus, a unit behind: all as people write them.
    text = _text(cell).translate(_PLAIN).removesuffix("分").strip()
    if not _POINTS.fullmatch(text):
        raise ValueError(f"积分“{text[:20]}”不是整数。" if text else "没有积分。")
    points = int(text.replace(",", "")) if len(text) <= 20 else MOST_POINTS + 1
    if abs(points) > MOST_POINTS:
        raise ValueError("积分太大，请核对。")
    return points


_PLAIN = str.maketrans("０１２３４５６７８９＋－−，", "0123456789+--,")


def _what(cell: Any) -> str:
    text = _text(cell)
    if not text or len(text) > LONGEST_WHAT:
        raise ValueError("没有事由。" if not text else f"事由超过 {LONGEST_WHAT} 字。")
    return text


def _text(cell: Any) -> str:
    # Every number of a spreadsheet has a fraction, also in a code that looks like a number.
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    # A zero byte is text to a file and to no database.
    return str(cell).replace("\0", "").strip()
