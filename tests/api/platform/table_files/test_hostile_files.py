"""Files that would eat all memory or time, if they were read as they ask for it."""

from __future__ import annotations

import zipfile
import zlib
from io import BytesIO

import pytest

from api.platform.errors import Refused
from api.platform.table_files.file import MAX_BYTES, TableFile
from tests.api.platform.table_files.workbooks import open_document, replaced, with_cells, workbook

SHEET = "xl/worksheets/sheet1.xml"


def bomb(told: int, megabytes: int) -> bytes:
    """A workbook whose sheet unpacks to so many megabytes and says that it is `told` bytes long."""
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    megabyte = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    packed = megabyte * megabytes + packer.flush()
    with zipfile.ZipFile(BytesIO(replaced(workbook({"台账": [["户编号"]]}), {SHEET: packed}))) as archive:
        made = BytesIO()
        with zipfile.ZipFile(made, "w") as new:
            for part in archive.infolist():
                new.writestr(part.filename, archive.read(part))
                if part.filename == SHEET:
                    # The name, 30 bytes behind where the part begins, follows its sizes and its method.
                    info = new.getinfo(SHEET)
                    info.compress_type, info.file_size = zipfile.ZIP_DEFLATED, told
                    made.seek(info.header_offset)
                    made.write(info.FileHeader())
                    made.seek(0, 2)
    return made.getvalue()


HOSTILE = {
    "unpacked it is too large": lambda: bomb(told=3_000_000_000, megabytes=1),
    "it lies about its size": lambda: bomb(told=1000, megabytes=900),
    "too many parts": lambda: replaced(workbook({"台账": []}), {f"xl/{n}.xml": "" for n in range(2100)}),
    "a cell far away": lambda: with_cells(
        '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    ),
    "a cell where no sheet has any": lambda: with_cells('<row r="1"><c r="ZZZZZZ99999999999"><v>1</v></c></row>'),
    "a long and wide one": lambda: with_cells(
        '<row r="1"><c r="A1"><v>1</v></c></row><row r="1000000"><c r="Z1000000"><v>1</v></c></row>'
    ),
    "rows that repeat": lambda: open_document(
        {
            "台账": '<table:table-row table:number-rows-repeated="1048576"><table:table-cell '
            'office:value-type="string" table:number-columns-repeated="16384"><text:p>户</text:p>'
            "</table:table-cell></table:table-row>"
        }
    ),
    "too many columns": lambda: b"," * 1_000_000,
    "too many rows": lambda: b"1\n" * 100_001,
    "too many empty rows": lambda: b"\n" * 2_000_000,
    "a line without an end": lambda: b"x," * 900_000,
    "too many bytes": lambda: bytes(MAX_BYTES + 1),
    "an old workbook of nothing": lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\xff" * 2000,
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_it_is_refused_with_a_sentence(kind: str) -> None:
    with pytest.raises(Refused, match=r"太大|打不开") as refused:
        list(TableFile("台账", HOSTILE[kind]()).iter_readings())
    assert refused.value.code == ("unreadable" if "打不开" in refused.value.detail else "too-large")


def test_formatting_down_to_the_last_row_is_no_content() -> None:
    made = with_cells('<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576" s="0"/></row>')
    [[sheet]] = TableFile("台账", made).iter_readings()
    assert sheet.rows == [[1.0]]
