"""CSV and XLSX: what a spreadsheet reads adds up to our balances, and nothing in it runs."""

from __future__ import annotations

import csv
import re
import zipfile
from collections import defaultdict
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from xml.etree import ElementTree

import pytest

from api.bookkeeping.exports import xlsx
from tests.api.bookkeeping.exports.conftest import HOSTILE, as_owner, balances, exported
from tests.conftest import LiveTown

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
PERIOD = (date(2026, 6, 2), date(2026, 6, 18))
NINETEENTH = datetime(2026, 6, 18, 16, tzinfo=UTC)


def csv_rows(file: Path) -> list[dict[str, str]]:
    assert file.read_bytes().startswith(b"\xef\xbb\xbf")
    with file.open(encoding="utf-8-sig", newline="") as text:
        return list(csv.DictReader(text))


def xlsx_sheets(file: Path) -> dict[str, list[list[str]]]:
    """Each sheet's rows; constant memory writes its strings in place."""
    with zipfile.ZipFile(file) as archive:
        names = [
            s.get("name") for s in ElementTree.fromstring(archive.read("xl/workbook.xml")).iter(f"{MAIN}sheet")
        ]
        sheets = {}
        for number, name in enumerate(names, start=1):
            sheet = archive.read(f"xl/worksheets/sheet{number}.xml")
            assert b"<f>" not in sheet
            assert b"hyperlink" not in sheet
            sheets[str(name)] = [
                ["".join(cell.itertext()) for cell in row]
                for row in ElementTree.fromstring(sheet).iter(f"{MAIN}row")
            ]
    return sheets


def summed(rows: list[dict[str, str]]) -> dict[str, Decimal]:
    found: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        found[row["账户"]] += Decimal(row["数量"])
    return {name: amount for name, amount in found.items() if amount}


async def test_csv_adds_up_to_our_balances(month: LiveTown, tmp_path: Path) -> None:
    rows = csv_rows(await exported(month.town, tmp_path, "csv"))
    assert summed(rows) == await balances(month)
    assert "王建国" in {row["名称"] for row in rows}
    assert {(row["种类"], row["阶段"]) for row in rows} == {
        ("入库", "直接入账"), ("奖励", "预留入账"), ("兑换", "直接入账"), ("兑换", "冲正"),
    }  # fmt: skip


async def test_csv_of_a_later_period(month: LiveTown, tmp_path: Path) -> None:
    rows = csv_rows(await exported(month.town, tmp_path, "csv", *PERIOD))
    assert summed(rows) == await balances(month, NINETEENTH)
    assert {row["日期"] for row in rows} == {"2026-06-01", "2026-06-15"}


async def test_csv_runs_nothing(month: LiveTown, tmp_path: Path) -> None:
    await as_owner(
        month,
        "update household set head = '=1+1', search_key = '=1+1' || chr(10) where code = 'hp-1'",
        "update household set head = '＝1+1', search_key = '＝1+1' || chr(10) where code = 'hp-2'",
        "update household set head = ' @x', search_key = ' @x' || chr(10) where code = 'hp-3'",
    )
    rows = csv_rows(await exported(month.town, tmp_path, "csv"))
    assert {"'=1+1", "'＝1+1", "' @x"} <= {row["名称"] for row in rows}
    assert not [cell for row in rows for name, cell in row.items()
                if name != "数量" and re.match(r"\s*[=+\-@＝＋－＠]", cell)]  # fmt: skip
    # The rest of what people wrote is as they wrote it.
    assert any(HOSTILE in row["事由"] for row in rows)


async def test_a_workbook_has_entries_and_balances(month: LiveTown, tmp_path: Path) -> None:
    sheets = xlsx_sheets(await exported(month.town, tmp_path, "xlsx"))
    assert list(sheets) == ["entries", "balances"]
    head, *rows = sheets["entries"]
    ours = await balances(month)
    assert summed([dict(zip(head, row, strict=False)) for row in rows]) == ours
    assert {row[0]: int(row[4]) for row in sheets["balances"][1:] if row[4] != "0"} == ours
    assert any("更正：兑换 肥皂 3 件、洗衣液 1 件（=cmd|" in row[6] for row in rows)


async def test_days_are_dates_for_a_workbook(town: LiveTown, tmp_path: Path) -> None:
    # Excel's days, counted from 30 December 1899: 1 and 15 June 2026, and 10:00 on the latter.
    rows = xlsx_sheets(await exported(town.town, tmp_path, "xlsx"))["entries"][1:]
    assert {row[0] for row in rows} == {str((date(2026, 6, day) - date(1899, 12, 30)).days) for day in (1, 15)}
    assert [float(row[1]) % 1 for row in rows] == pytest.approx([10 / 24] * len(rows))


async def test_a_workbook_of_a_later_period(month: LiveTown, tmp_path: Path) -> None:
    sheets = xlsx_sheets(await exported(month.town, tmp_path, "xlsx", *PERIOD))
    opening = {row[0]: int(row[3]) for row in sheets["balances"][1:] if row[3] != "0"}
    closing = {row[0]: int(row[4]) for row in sheets["balances"][1:] if row[4] != "0"}
    assert opening == await balances(month, datetime(2026, 6, 1, 16, tzinfo=UTC))
    assert closing == await balances(month, NINETEENTH)


async def test_a_full_sheet_goes_on_on_the_next(
    month: LiveTown, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(xlsx, "MAX_ROWS", 20)
    sheets = xlsx_sheets(await exported(month.town, tmp_path, "xlsx"))
    assert list(sheets)[:2] == ["entries", "entries 2"]
    head = sheets["entries"][0]
    rows = [dict(zip(head, row, strict=False)) for name, sheet in sheets.items() if name.startswith("entries")
            for row in sheet[1:]]  # fmt: skip
    assert summed(rows) == await balances(month)
