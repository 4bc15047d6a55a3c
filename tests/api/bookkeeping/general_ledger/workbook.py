"""The smallest workbook a spreadsheet would open: one sheet, made by hand."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from datetime import date
from html import escape
from io import BytesIO

Cell = str | int | float | date | None

_TYPES = (
    '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    '<Override PartName="/xl/workbook.xml" ContentType='
    '"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>'
)
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def workbook(*rows: Sequence[Cell]) -> bytes:
    """A None leaves its cell out; an empty row leaves out its row."""
    lines = "".join(
        f'<row r="{n}">{"".join(_cell(cell, n, at) for at, cell in enumerate(row) if cell is not None)}</row>'
        for n, row in enumerate(rows, start=1)
        if row
    )
    parts = {
        "[Content_Types].xml": _TYPES,
        "_rels/.rels": _relations(f"{_OFFICE}/officeDocument", "xl/workbook.xml"),
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>'
        '<sheet name="台账" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": _relations(f"{_OFFICE}/worksheet", "worksheets/sheet1.xml", "styles.xml"),
        "xl/styles.xml": f'<styleSheet xmlns="{_MAIN}"><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs>'
        "</styleSheet>",
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{_MAIN}"><sheetData>{lines}</sheetData></worksheet>',
    }
    made = BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return made.getvalue()


def _relations(kind: str, target: str, styles: str = "") -> str:
    also = f'<Relationship Id="r2" Type="{_OFFICE}/styles" Target="{styles}"/>' if styles else ""
    return (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="r1" Type="{kind}" Target="{target}"/>{also}</Relationships>'
    )


def _cell(cell: Cell, row: int, at: int) -> str:
    place = f"{chr(ord('A') + at)}{row}"
    if isinstance(cell, date):
        # Days are numbers, counted from the last day of 1899, and a style says that they are days.
        return f'<c r="{place}" s="1"><v>{(cell - date(1899, 12, 30)).days}</v></c>'
    if isinstance(cell, str):
        return f'<c r="{place}" t="inlineStr"><is><t>{escape(cell)}</t></is></c>'
    return f'<c r="{place}"><v>{cell}</v></c>'
