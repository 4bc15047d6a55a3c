"""Files as people keep them: encodings, headings, and cells that are almost right."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from api.bookkeeping.general_ledger.earlier_rows import ImportedRow
from api.bookkeeping.general_ledger.spreadsheet import OpeningTable, read_opening
from api.platform.errors import Refused
from api.platform.table_files.file import TableFile
from tests.api.bookkeeping.general_ledger.workbook import workbook

TEXT = "户编号,日期,积分,事由\nhp-1,2025-03-01,5,修路\nhp-2,2025-03-02,-3,换肥皂\n"
ROWS = [
    ImportedRow(2, "hp-1", date(2025, 3, 1), 5, "修路"),
    ImportedRow(3, "hp-2", date(2025, 3, 2), -3, "换肥皂"),
]


def read(content: bytes | str) -> OpeningTable:
    return read_opening(TableFile("台账.csv", content.encode() if isinstance(content, str) else content))


def problems(found: OpeningTable) -> list[str]:
    return [str(problem) for problem in found.table.problems]


@pytest.mark.parametrize(
    "content",
    [
        TEXT.encode(),
        TEXT.encode("utf-8-sig"),
        TEXT.encode("gbk"),
        TEXT.encode("gb18030"),
        TEXT.replace("\n", "\r\n").encode(),
        TEXT.replace("户编号,日期,积分,事由", "household,Date,POINTS, what ").encode(),
    ],
    ids=["utf-8", "byte order mark", "gbk", "gb18030", "windows", "english"],
)
def test_text_in_any_of_its_encodings(content: bytes) -> None:
    found = read(content)
    assert (found.rows, problems(found), found.table.notes) == (ROWS, [], [])


def test_headings_in_any_order_below_a_title() -> None:
    text = "2025年积分台账,,,,\n,,,,\n序号,事由,积分,日期,户编号\n1,修路,5,2025-03-01,hp-1\n,,,,\n"
    text += "2,换肥皂,-3,2025-03-02,hp-2\n"
    assert [(r.line, r.household, r.points) for r in read(text).rows] == [
        (4, "hp-1", 5),
        (6, "hp-2", -3),
    ]


@pytest.mark.parametrize(
    "day", ["2025-3-1", "2025/03/01", "2025.3.1", "2025年3月1日", "20250301", "2025-03-01 00:00:00"]
)
def test_days_as_people_write_them(day: str) -> None:
    assert read(f"户编号,日期,积分,事由\nhp-1,{day},5,修路\n").rows == ROWS[:1]


@pytest.mark.parametrize(
    ("points", "meant"),
    [("+5", 5), ("-5", -5), ("−5", -5), ("－５", -5), ("5分", 5), (" 5 ", 5), ('"1,005"', 1005), ("005", 5)],
)
def test_points_as_people_write_them(points: str, meant: int) -> None:
    [row] = read(f"户编号,日期,积分,事由\nHP-1,2025-03-01,{points},修路\n").rows
    assert (row.household, row.points) == ("hp-1", meant)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (",2025-03-01,5,修路", "第 4 行 A 列：没有户编号。"),
        ("hp-1,,5,修路", "第 4 行 B 列：没有日期。"),
        ("hp-1,2025-02-30,5,修路", "第 4 行 B 列：日期“2025-02-30”读不懂，请写成 2025-03-01 这样。"),
        ("hp-1,去年,5,修路", "第 4 行 B 列：日期“去年”读不懂，请写成 2025-03-01 这样。"),
        ("hp-1,45717,5,修路", "第 4 行 B 列：日期“45717”读不懂，请写成 2025-03-01 这样。"),
        ("hp-1,2025-03-01,,修路", "第 4 行 C 列：没有积分。"),
        ("hp-1,2025-03-01,五,修路", "第 4 行 C 列：积分“五”不是整数。"),
        ("hp-1,2025-03-01,5.5,修路", "第 4 行 C 列：积分“5.5”不是整数。"),
        ("hp-1,2025-03-01,99999999999999999999999,修路", "第 4 行 C 列：积分太大，请核对。"),
        ("hp-1,2025-03-01,5,", "第 4 行 D 列：没有事由。"),
        (f"hp-1,2025-03-01,5,{'长' * 201}", "第 4 行 D 列：事由超过 200 字。"),
    ],
)
def test_a_line_that_says_no_row_stops_no_other(line: str, reason: str) -> None:
    sheet = read(TEXT + line + "\n")
    assert sheet.rows == ROWS
    assert problems(sheet) == [reason]


def test_a_workbook_counts_its_lines_as_the_spreadsheet_shows_them() -> None:
    content = workbook(
        (),
        ("示范村2025年台账",),
        (),
        (None, "户编号", "日期", "积分", "事由"),
        (None, "hp-1", date(2025, 3, 1), 5, "修路 & 植树"),
        (None, 12, "2025年3月2日", -3.0, 7),
        (None, "hp-1", date(2025, 3, 1), 5.5, "修路"),
        (None, "hp-1", date(2025, 3, 1), 5),
    )
    sheet = read(content)
    assert sheet.rows == [
        ImportedRow(5, "hp-1", date(2025, 3, 1), 5, "修路 & 植树"),
        ImportedRow(6, "12", date(2025, 3, 2), -3, "7"),
    ]
    assert problems(sheet) == ["第 7 行 D 列：积分“5.5”不是整数。", "第 8 行 E 列：没有事由。"]


@pytest.mark.parametrize(
    ("content", "word", "said"),
    [
        (b"", "malformed", "是空的，要有 户编号（household）"),
        ("户编号,日期,事由\n".encode(), "malformed", "没有 积分（points） 这"),
        (workbook(("日期", "积分")), "malformed", "户编号（household）、事由（what）"),
        (b"PK\x03\x04 and nothing behind it", "unreadable", "打不开"),
        (b"\xd0\xcf\x11\xe0" * 200, "unreadable", "打不开"),
        (b"\x00\xff\xfe\xff\x80\x80", "unreadable", "UTF-8"),
    ],
    ids=["empty", "a column missing", "two missing", "broken archive", "broken old one", "neither"],
)
def test_a_file_that_is_no_ledger(content: bytes, word: str, said: str) -> None:
    with pytest.raises(Refused) as refused:
        read(content)
    assert (refused.value.code, said in refused.value.detail) == (word, True), refused.value.detail


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="没有这个文件或文件夹"):
        TableFile.open(tmp_path / "missing.csv")
