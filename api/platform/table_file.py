"""Tables as people keep them: CSV in UTF-8 or GBK, or a workbook as spreadsheets save it."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook

from api.platform.errors import ErrorCode, Refused

MOST_BYTES = 50_000_000
MOST_ROWS = 100_000

# What a spreadsheet would take for the beginning of a formula, in either width.
_FORMULA = tuple("=+-@＝＋－＠")
# How workbooks begin: zip archives (xlsx, ods) and the older compound files (xls).
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_DATE = re.compile(r"([0-9]{4})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?(?: 0{1,2}:00(?::00)?)?")
_DIGITS = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})")


def read_table(path: Path) -> list[tuple[int, Sequence[Any]]]:
    """The rows that aren't empty, each with its number in the file. Raises Refused: unreadable, too-large."""
    table = enumerate(_table(path), start=1)
    try:
        lines = [(n, cells) for n, cells in table if any(text_of(cell) for cell in cells)]
    except csv.Error:
        raise Refused(ErrorCode.UNREADABLE, f"{path} 不是 CSV 表格，请用表格软件另存为 CSV 或 XLSX。") from None
    if len(lines) > MOST_ROWS:
        raise Refused(ErrorCode.TOO_LARGE, f"{path} 超过 {MOST_ROWS} 行，请分成几个文件。")
    return lines


def day_of(cell: Any) -> date:
    """The day in a cell. Raises ValueError with a sentence."""
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    text = text_of(cell)
    found = _DATE.fullmatch(text) or _DIGITS.fullmatch(text)
    try:
        if found is not None:
            return date(*map(int, found.groups()))
    except ValueError:
        pass
    raise ValueError(f"日期“{text[:20]}”读不懂，请写成 2025-03-01 这样。" if text else "没有日期。")


def text_of(cell: Any) -> str:
    """What stands in a cell, without blanks around it."""
    # Every number of a spreadsheet has a fraction, also in a code that looks like a number.
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    # A zero byte is text to a file and to no database.
    return str(cell).replace("\0", "").strip()


def harmless(row: Sequence[object]) -> list[object]:
    """A row to be written, as a spreadsheet reads it: nothing in it is taken for a formula."""
    return [f"'{cell}" if isinstance(cell, str) and _is_formula(cell) else cell for cell in row]


def _is_formula(cell: str) -> bool:
    return cell.startswith(("\t", "\r", "\n")) or cell.lstrip().startswith(_FORMULA)


def _table(path: Path) -> Iterator[Sequence[Any]]:
    try:
        with path.open("rb") as file:
            raw = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise Refused(ErrorCode.UNREADABLE, f"读不了 {path}：{error.strerror}。") from None
    if len(raw) > MOST_BYTES:
        raise Refused(ErrorCode.TOO_LARGE, f"{path} 太大，请分成几个文件。")
    if raw.startswith(_WORKBOOKS):
        return iter(_workbook(path, raw))
    return csv.reader(io.StringIO(_decoded(path, raw), newline=""), strict=False)


def _workbook(path: Path, raw: bytes) -> list[list[Any]]:
    """Its first sheet, from the very first cell, so that lines count as the spreadsheet shows them."""
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(raw))
        return list(book.get_sheet_by_index(0).to_python(skip_empty_area=False))
    except (CalamineError, IndexError):
        raise Refused(
            ErrorCode.UNREADABLE, f"{path} 打不开，可能已损坏或设了密码；请用表格软件另存一份。"
        ) from None


def _decoded(path: Path, raw: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Refused(ErrorCode.UNREADABLE, f"{path} 不是 UTF-8 或 GBK 的文字，请用表格软件另存为 CSV 或 XLSX。")
