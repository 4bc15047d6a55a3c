"""Read tables from files: CSV in UTF-8 or GBK, or a spreadsheet workbook."""

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

MAX_BYTES = 50_000_000
MAX_ROWS = 100_000

# Characters that start a formula in a spreadsheet, half and full width.
_FORMULA = tuple("=+-@＝＋－＠")
# First bytes of workbooks: zip archives (xlsx, ods) and the older compound files (xls).
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_DATE = re.compile(r"([0-9]{4})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?(?: 0{1,2}:00(?::00)?)?")
_DIGITS = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})")


def read_table(path: Path) -> list[tuple[int, Sequence[Any]]]:
    """The rows that aren't empty, with their row numbers. Raises Refused: unreadable, too-large."""
    table = enumerate(_read_rows(path), start=1)
    try:
        lines = [(n, cells) for n, cells in table if any(cell_text(cell) for cell in cells)]
    except csv.Error:
        raise Refused(ErrorCode.UNREADABLE, f"{path} 不是 CSV 表格，请用表格软件另存为 CSV 或 XLSX。") from None
    if len(lines) > MAX_ROWS:
        raise Refused(ErrorCode.TOO_LARGE, f"{path} 超过 {MAX_ROWS} 行，请分成几个文件。")
    return lines


def parse_date(cell: Any) -> date:
    """The date in a cell. Raises ValueError with a sentence."""
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    text = cell_text(cell)
    found = _DATE.fullmatch(text) or _DIGITS.fullmatch(text)
    try:
        if found is not None:
            return date(*map(int, found.groups()))
    except ValueError:
        pass
    raise ValueError(f"日期“{text[:20]}”读不懂，请写成 2025-03-01 这样。" if text else "没有日期。")


def cell_text(cell: Any) -> str:
    """The text of a cell, without surrounding blanks."""
    # Spreadsheets store all numbers as floats, also codes that look like a number.
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    # The database can't store the null character.
    return str(cell).replace("\0", "").strip()


def escape_formulas(row: Sequence[object]) -> list[object]:
    """A row to be written, so that a spreadsheet takes nothing in it for a formula."""
    return [f"'{cell}" if isinstance(cell, str) and _is_formula(cell) else cell for cell in row]


def _is_formula(cell: str) -> bool:
    return cell.startswith(("\t", "\r", "\n")) or cell.lstrip().startswith(_FORMULA)


def _read_rows(path: Path) -> Iterator[Sequence[Any]]:
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise Refused(ErrorCode.UNREADABLE, f"读不了 {path}：{error.strerror}。") from None
    if len(raw) > MAX_BYTES:
        raise Refused(ErrorCode.TOO_LARGE, f"{path} 太大，请分成几个文件。")
    if raw.startswith(_WORKBOOKS):
        return iter(_read_workbook(path, raw))
    return csv.reader(io.StringIO(_decode(path, raw), newline=""), strict=False)


def _read_workbook(path: Path, raw: bytes) -> list[list[Any]]:
    """The first sheet, from its first cell, so that row numbers are those of the spreadsheet."""
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(raw))
        return list(book.get_sheet_by_index(0).to_python(skip_empty_area=False))
    except (CalamineError, IndexError):
        raise Refused(
            ErrorCode.UNREADABLE, f"{path} 打不开，可能已损坏或设了密码；请用表格软件另存一份。"
        ) from None


def _decode(path: Path, raw: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Refused(ErrorCode.UNREADABLE, f"{path} 不是 UTF-8 或 GBK 的文字，请用表格软件另存为 CSV 或 XLSX。")
