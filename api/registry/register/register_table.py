"""The register as villages keep it in a table: a row for each household."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from api.platform.table_files.cells import read_chinese_number, read_code, read_name, text_of, whole_number
from api.platform.table_files.file import TableFile
from api.platform.table_files.table import Column, Problem, Row, Table, read_table
from api.wire.text import plain_form, search_form

COLUMNS = (
    Column(
        "household",
        "户编号",
        read_code,
        names=("户号", "户编码", "户代码", "农户编号", "农户编码"),
        loose_names=("编号",),
    ),
    Column("village", "村", text_of(80), names=("村名", "行政村", "所在村", "村委会")),
    Column("grid", "网格", text_of(80), names=("所属网格", "网格名称", "组", "村民小组", "村组", "社")),
    Column("head", "户主姓名", read_name, names=("户主", "户主名", "姓名", "head")),
    Column(
        "people",
        "家庭人口",
        whole_number("人口名位", least=1, most=30),
        names=("人口", "人口数", "人数", "家庭人口数", "家庭人数"),
        needed=False,
        filled=False,
        summed=True,
    ),
)
_GRID_WORDS = re.compile("(?:号)?(?:网格|村民小组|小组|组|社|队)$")


@dataclass(frozen=True, slots=True)
class RegisterRow:
    """A household as the table has it. `people`: None where it doesn't say."""

    code: str
    village: str
    grid: str
    head: str
    people: int | None


@dataclass(frozen=True, slots=True)
class RegisterTable:
    """`seen`: how many households the table has, also those with a problem."""

    rows: Sequence[RegisterRow]
    places: Sequence[Row]
    problems: Sequence[Problem]
    seen: int
    table: Table


def read_register(file: TableFile, sheet: str | None = None) -> RegisterTable:
    """Raises Refused: unreadable, malformed, too-large."""
    table = read_table(file, COLUMNS, sheet)
    by_code: defaultdict[str, list[Row]] = defaultdict(list)
    for row in table.rows:
        if "household" in row.values:
            by_code[row.values["household"]].append(row)

    def count(rows: Sequence[Row]) -> str:
        return f"{len(rows)} 次（第 {'、'.join(str(row.number) for row in rows)} 行）"

    twice = [
        table.find_problem(row, "household", f"户编号 {code} 用了 {count(rows)}。")
        for code, rows in by_code.items()
        if len(rows) > 1
        for row in rows
    ]
    good = [row for row in table.rows if not row.problems and len(by_code[row.values["household"]]) == 1]
    return RegisterTable(
        rows=[
            RegisterRow(v["household"], v["village"], v["grid"], v["head"], v.get("people"))
            for v in (row.values for row in good)
        ],
        places=good,
        problems=sorted((*table.problems, *twice), key=lambda each: each.row),
        seen=len(table.rows),
        table=table,
    )


def village_key(name: str) -> str:
    """What spellings of a village's name share: `柳湾` is 柳湾村."""
    return search_form(name).removesuffix("委会").removesuffix("村")


def has_grid_word(name: str) -> bool:
    """Whether a name says by itself that it is a grid's."""
    return _GRID_WORDS.search(plain_form(name)) is not None


def grid_key(name: str) -> str:
    """What spellings of a grid's name share: 第一网格, `1网格` and 一组 are the first."""
    name = plain_form(name).replace(" ", "")
    number = read_chinese_number(_GRID_WORDS.sub("", name).removeprefix("第"))
    return search_form(name) if number is None else str(number)
