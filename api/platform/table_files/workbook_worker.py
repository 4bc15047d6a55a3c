"""Reads a workbook in a process of its own: `python -m api.platform.table_files.workbook_worker`.

A few kilobytes of a workbook can stand for terabytes, in an archive or by one cell far away, and the library that
reads them ends its process when memory runs out. So memory and time have a limit here, and whoever asked goes on.
The file comes on standard input, a `Reading` goes to standard output.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from io import BytesIO
from typing import Any
from xml.etree.ElementTree import ParseError, iterparse
from zipfile import BadZipFile, ZipFile

import msgspec
from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from api.platform.process_limits import OUT_OF_MEMORY_ERRORS, limit_process

MAX_MEMORY = 768 << 20
MAX_SECONDS = 60
MAX_UNPACKED = 200_000_000
MAX_PARTS = 2000
MAX_CELLS = 3_000_000
_ODS_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"

Area = tuple[int, int, int, int]
"""Top, left, bottom, right, all from 0."""


class ReadSheet(msgspec.Struct, frozen=True):
    name: str
    hidden: bool
    merged: list[Area]
    rows: list[list[str | int | float | bool]]


class Reading(msgspec.Struct, frozen=True):
    """`refused`: unreadable or too-large; then there are no sheets."""

    sheets: list[ReadSheet] = []
    refused: str = ""


class _TooLarge(Exception):
    pass


def read(content: bytes) -> Reading:
    try:
        is_archive = content.startswith(b"PK")
        if is_archive:
            _require_modest(content)
        book = CalamineWorkbook.from_filelike(BytesIO(content))
        merged = _merged_in_ods(content) if is_archive else None
        tables = [sheet for sheet in book.sheets_metadata if sheet.typ is SheetTypeEnum.WorkSheet]
        sheets = []
        for place, sheet in enumerate(tables):
            found = book.get_sheet_by_name(sheet.name)
            areas = _areas(found) if merged is None else merged[place]
            hidden = sheet.visible is not SheetVisibleEnum.Visible
            sheets.append(ReadSheet(sheet.name, hidden, areas, list(_rows(found))))
        return Reading(sheets)
    except (_TooLarge, *OUT_OF_MEMORY_ERRORS):
        return Reading(refused="too-large")
    except (CalamineError, BadZipFile, ParseError, ValueError, LookupError, NotImplementedError):
        return Reading(refused="unreadable")


def _require_modest(content: bytes) -> None:
    """By what the archive says of itself, before anything is unpacked; if that is a lie, the limit on memory
    holds."""
    with ZipFile(BytesIO(content)) as archive:
        parts = archive.infolist()
    if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED:
        raise _TooLarge


def _areas(sheet: CalamineSheet) -> list[Area]:
    return [(top, left, bottom, right) for (top, left), (bottom, right) in sheet.merged_cell_ranges or ()]


def _rows(sheet: CalamineSheet) -> Iterator[list[Any]]:
    if (sheet.total_height or 0) * (sheet.total_width or 0) > MAX_CELLS:
        raise _TooLarge
    for row in sheet.to_python(skip_empty_area=False):
        cells = [cell if isinstance(cell, str | int | float | bool) else str(cell) for cell in row]
        while cells and cells[-1] == "":
            cells.pop()
        yield cells


def _merged_in_ods(content: bytes) -> list[list[Area]] | None:
    """The merged cells of each table of an OpenDocument file, which the library doesn't tell; None for others."""
    with ZipFile(BytesIO(content)) as archive:
        if "content.xml" not in archive.namelist():
            return None
        tables: list[list[Area]] = []
        row = column = 0
        with archive.open("content.xml") as document:
            for event, element in iterparse(document, ("start", "end")):
                tag = element.tag.removeprefix(_ODS_TABLE)
                if event == "end":
                    if tag == "table-row":
                        row += int(element.get(f"{_ODS_TABLE}number-rows-repeated", 1))
                        element.clear()
                elif tag == "table":
                    tables.append([])
                    row = 0
                elif tag == "table-row":
                    column = 0
                elif tag in ("table-cell", "covered-table-cell"):
                    down = int(element.get(f"{_ODS_TABLE}number-rows-spanned", 1))
                    across = int(element.get(f"{_ODS_TABLE}number-columns-spanned", 1))
                    if down > 1:
                        tables[-1].append((row, column, row + down - 1, column + across - 1))
                    column += int(element.get(f"{_ODS_TABLE}number-columns-repeated", 1))
        return tables


def _main() -> None:
    limit_process(MAX_MEMORY, MAX_SECONDS)
    sys.stdout.buffer.write(msgspec.msgpack.encode(read(sys.stdin.buffer.read())))


if __name__ == "__main__":
    _main()
