"""The table of an earlier scheme in a file: which columns it has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from api.bookkeeping.general_ledger.earlier_rows import ImportedRow
from api.platform.table_files.cells import read_code, read_date, read_points, text_of
from api.platform.table_files.file import TableFile
from api.platform.table_files.table import Column, Table, read_table

COLUMNS = (
    Column(
        "household",
        "户编号",
        read_code,
        names=("户号", "户编码", "户代码", "农户编号", "农户编码", "家庭编号", "住户编号"),
        loose_names=("编号", "编码", "户"),
    ),
    Column("date", "日期", read_date, names=("得分日期", "积分日期", "发生日期", "年月日", "时间")),
    Column("points", "积分", read_points, names=("分值", "得分", "分数", "积分数", "积分值"), summed=True),
    Column("what", "事由", text_of(200), names=("积分事由", "得分事由", "事项", "积分事项", "事迹", "内容")),
)


@dataclass(frozen=True, slots=True)
class OpeningTable:
    """`table`: where the rows stand, and what can't be read."""

    rows: Sequence[ImportedRow]
    table: Table


def read_opening(file: TableFile, sheet: str | None = None) -> OpeningTable:
    """Raises Refused: unreadable, malformed, too-large."""
    table = read_table(file, COLUMNS, sheet)
    rows = [
        ImportedRow(row.number, values["household"], values["date"], values["points"], values["what"])
        for row in table.rows
        if not row.problems
        for values in [row.values]
    ]
    return OpeningTable(rows, table)
