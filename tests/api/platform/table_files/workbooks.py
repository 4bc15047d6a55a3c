"""Workbooks as people make them, and some as nobody should."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any

import xlsxwriter
from xlsxwriter.utility import xl_cell_to_rowcol

Cells = Sequence[Sequence[Any]]


def workbook(
    sheets: Mapping[str, Cells], merged: Mapping[str, Sequence[str]] | None = None, hidden: Sequence[str] = ()
) -> bytes:
    """`merged`: by sheet, areas as A1:A3, each with the value of its first cell."""
    made = BytesIO()
    with xlsxwriter.Workbook(made, {"in_memory": True, "default_date_format": "yyyy-mm-dd hh:mm"}) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for number, row in enumerate(rows):
                for column, value in enumerate(row):
                    if value != "":
                        sheet.write(number, column, value)
            for area in (merged or {}).get(name, ()):
                top, left = xl_cell_to_rowcol(area.partition(":")[0])
                sheet.merge_range(area, rows[top][left])
            if name in hidden:
                sheet.hide()
            else:
                # The first one is active otherwise, and can't be hidden then.
                sheet.activate()
    return made.getvalue()


_SPREADSHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def with_cells(cells: str) -> bytes:
    """A workbook whose one sheet has this XML for its rows."""
    sheet = f'<worksheet xmlns="{_SPREADSHEET}"><sheetData>{cells}</sheetData></worksheet>'
    return replaced(workbook({"台账": [["户编号"]]}), {"xl/worksheets/sheet1.xml": sheet})


def replaced(content: bytes, parts: Mapping[str, str | bytes]) -> bytes:
    """The archive with some parts of it put in place of its own, or added."""
    made = BytesIO()
    with zipfile.ZipFile(BytesIO(content)) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            if name not in parts:
                new.writestr(name, old.read(name))
        for name, part in parts.items():
            new.writestr(name, part)
    return made.getvalue()


def open_document(tables: Mapping[str, str]) -> bytes:
    """The smallest OpenDocument spreadsheet: tables by name, as XML of their rows."""
    namespaces = " ".join(
        f'xmlns:{short}="urn:oasis:names:tc:opendocument:xmlns:{short}:1.0"'
        for short in ("office", "table", "text")
    )
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    body = "".join(f'<table:table table:name="{name}">{rows}</table:table>' for name, rows in tables.items())
    made = BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", kind, zipfile.ZIP_STORED)
        archive.writestr(
            "META-INF/manifest.xml",
            '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
            f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{kind}"/></manifest:manifest>',
        )
        archive.writestr(
            "content.xml",
            f"<office:document-content {namespaces}><office:body><office:spreadsheet>{body}"
            "</office:spreadsheet></office:body></office:document-content>",
        )
    return made.getvalue()
