"""Tables in files as people keep them, whatever the columns are."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.platform.errors import Refused
from api.platform.table_files.cells import read_code, read_date, read_name, read_points, text_of
from api.platform.table_files.file import TableFile
from api.platform.table_files.table import Column, Table, read_table
from tests.api.platform.table_files.workbooks import open_document, workbook

COLUMNS = (
    Column("household", "户编号", read_code, loose_names=("编号",)),
    Column("date", "日期", read_date),
    Column("points", "积分", read_points, names=("分值",), summed=True),
    Column("what", "事由", text_of(200)),
    Column("head", "户主", read_name, needed=False, filled=False),
)
HEADINGS = ["户编号", "日期", "积分", "事由"]
DEED = ["v01-01-001", "2025-03-01", 5, "打扫巷道"]
READ = ("v01-01-001", date(2025, 3, 1), 5, "打扫巷道")


def read(content: bytes | str, sheet: str | None = None) -> Table:
    content = content.encode() if isinstance(content, str) else content
    return read_table(TableFile("台账", content), COLUMNS, sheet)


def values(table: Table) -> list[tuple[Any, ...]]:
    return [tuple(row.values.get(name) for name in ("household", "date", "points", "what")) for row in table.rows]


def problems(table: Table) -> list[str]:
    return [str(problem) for problem in table.problems]


def refusal(content: bytes | str, sheet: str | None = None) -> tuple[str, str]:
    with pytest.raises(Refused) as refused:
        read(content, sheet)
    return refused.value.code, refused.value.detail


def csv(*cells: str, head: str = "户编号,日期,积分,事由") -> str:
    return f"{head}\n{','.join(cells)}\n"


def text(*rows: Sequence[Any]) -> str:
    return "".join("\t".join(map(str, row)) + "\n" for row in rows)


# Sheets


def test_the_sheet_with_the_headings_is_read_wherever_it_is() -> None:
    table = read(workbook({"填表说明": [["请在第二张表填写"]], "台账": [HEADINGS, DEED], "空": []}))
    assert (values(table), table.notes) == ([READ], ["读的是工作表“台账”。"])


def test_of_several_tables_the_first_is_read_and_the_others_are_told() -> None:
    content = workbook({"一月": [HEADINGS, DEED], "二月": [HEADINGS, [*DEED[:2], 8, "修渠"]]})
    assert read(content).notes == ["读的是工作表“一月”。", "“二月”也像要读的表，没有读。"]
    chosen = read(content, "二月")
    assert ([row[2] for row in values(chosen)], chosen.notes) == ([8], ["读的是工作表“二月”。"])
    assert refusal(content, "三月") == ("malformed", "台账 里没有工作表“三月”，有的是：“一月”、“二月”。")


def test_a_hidden_sheet_is_read_only_where_somebody_asks_for_it() -> None:
    both = workbook({"旧": [HEADINGS, [*DEED[:2], 99, "旧的"]], "新": [HEADINGS, DEED]}, hidden=["旧"])
    table = read(both)
    assert (values(table), table.notes) == ([READ], ["读的是工作表“新”。", "隐藏的工作表“旧”没有读。"])
    alone = workbook({"说明": [["看"]], "旧": [HEADINGS, DEED]}, hidden=["旧"])
    assert "只有隐藏的工作表“旧”" in refusal(alone)[1]
    assert values(read(alone, "旧")) == [READ]


def test_a_problem_names_its_sheet_where_there_are_several() -> None:
    content = workbook({"说明": [["看"]], "台账": [HEADINGS, ["v01-01-001", "去年", 5, "修路"]]})
    assert problems(read(content))[0].startswith("“台账”第 2 行 B 列：日期“去年”读不懂")


def test_a_sheet_with_nothing_but_headings_is_passed_over() -> None:
    table = read(workbook({"模板": [HEADINGS], "台账": [HEADINGS, DEED]}))
    assert (values(table), table.notes) == ([READ], ["读的是工作表“台账”。"])
    assert refusal(workbook({"模板": [HEADINGS]})) == ("malformed", "台账 只有表头，下面没有内容。")


# Merged cells


def test_a_heading_over_two_filled_columns_is_refused() -> None:
    headings = ["户编号", "日期", "积分", "", "事由"]
    row: list[Any] = ["v01-01-001", "2025-03-01", 5, "", "打扫巷道"]
    both = [*row[:3], 7, row[4]]
    told = "台账 的表头「积分」合并了几列（C1:D1），请只留一列。"
    assert refusal(workbook({"台账": [headings, both]}, {"台账": ["C1:D1"]}))[1] == told
    assert values(read(workbook({"台账": [headings, row]}, {"台账": ["C1:D1"]}))) == [READ]


def test_a_merged_household_is_that_of_each_row_it_covers() -> None:
    rows: list[list[Any]] = [
        ["某村积分台账（2025年）", "", "", ""],
        HEADINGS,
        DEED,
        ["", "2025-03-02", 8, "修渠"],
        ["", "2025-03-03", 3, "帮邻居"],
        ["v01-01-002", "2025-03-01", 5, "打扫巷道"],
    ]
    table = read(workbook({"台账": rows}, {"台账": ["A1:D1", "A3:A5"]}))
    assert [(row[0], row[2]) for row in values(table)] == [
        ("v01-01-001", 5),
        ("v01-01-001", 8),
        ("v01-01-001", 3),
        ("v01-01-002", 5),
    ]
    assert table.notes == []


def test_merged_points_are_refused_at_each_of_their_cells() -> None:
    rows: list[list[Any]] = [HEADINGS, DEED, ["v01-01-002", "2025-03-02", "", "修渠"]]
    assert problems(read(workbook({"台账": rows}, {"台账": ["C2:C3"]}))) == [
        "第 2 行 C 列：积分的单元格合并了（C2:C3），请拆开，逐行填写。",
        "第 3 行 C 列：积分的单元格合并了（C2:C3），请拆开，逐行填写。",
    ]


def test_merged_cells_reach_into_no_other_column_and_make_no_row() -> None:
    rows: list[list[Any]] = [HEADINGS, [*DEED, "备注"], ["", "", "", "", ""], ["", "2025-03-02", 8, "修渠"]]
    table = read(workbook({"台账": rows}, {"台账": ["A2:A3", "D2:E2"]}))
    assert values(table)[0] == READ
    assert problems(table) == ["第 4 行 A 列：没有户编号。"]


def test_merged_cells_of_an_open_document() -> None:
    def row(*cells: str) -> str:
        return f"<table:table-row>{''.join(cells)}</table:table-row>"

    def cell(text: str, more: str = "") -> str:
        return f'<table:table-cell {more} office:value-type="string"><text:p>{text}</text:p></table:table-cell>'

    rows = (
        row(*map(cell, HEADINGS)),
        row(cell("v01-01-001", 'table:number-rows-spanned="2"'), *map(cell, ("2025-03-01", "5", "打扫巷道"))),
        row("<table:covered-table-cell/>", *map(cell, ("2025-03-02", "8", "修渠"))),
    )
    table = read(open_document({"说明": row(cell("看")), "台账": "".join(rows)}))
    assert [(each[0], each[2]) for each in values(table)] == [("v01-01-001", 5), ("v01-01-001", 8)]
    assert problems(table) == []


# Headings, totals and notes


@pytest.mark.parametrize(
    "headings",
    [
        ["户 编 号", "日期", "积\n分", "事由（详）"],
        ["*户编号：", "　日　期", "积分(分)", "【事由】事由"],
        ["编号", "日\r\n期*", "分值", "事由\n（写清楚）"],
        ["\ufeff户编号", "日\u200b期", "ｐｏｉｎｔｓ", "What"],
    ],
)
def test_headings_as_people_write_them(headings: list[str]) -> None:
    assert values(read(text(["标题"], [f'"{heading}"' for heading in headings], DEED))) == [READ]


@pytest.mark.parametrize("merged", [["A1:A2", "B1:D1"], []], ids=["merged", "left empty"])
def test_two_rows_of_headings(merged: list[str]) -> None:
    rows: list[list[Any]] = [["户编号", "积分情况", "", ""], ["", "日期", "积分", "事由"], DEED]
    assert values(read(workbook({"台账": rows}, {"台账": merged}))) == [READ]


def test_a_better_heading_wins_and_two_of_a_kind_are_refused() -> None:
    assert values(read("编号,户编号,日期,积分,事由\n1,v01-01-001,2025-03-01,5,打扫巷道\n")) == [READ]
    assert (
        refusal(csv("a", "b", head="户编号,日期,积分,分值,事由"))[1] == "台账 的表头里「分值」有两列，请只留一列。"
    )


@pytest.mark.parametrize(
    "row",
    [
        ["合计", "", 5, ""],
        ["合 计：", "", 5, ""],
        ["", "", "共计（1行）", ""],
        ["", "小计", 5, ""],
        ["v01-01-001", "小计", 5, ""],
        ["柳湾村小计", "", 5, ""],
        ["本页合计", "", 5, ""],
        ["总　计", "", "5.00", ""],
        ["合计：1户", "", 5, ""],
        ["合计（大写）：伍分整", "", 5, ""],
        ["总户数：2户，5分", "", 5, ""],
        ["共 1 户", "", "5分", ""],
        ["", "", 5, ""],
        HEADINGS,
        ["填表人：王某", "", "", "2026年1月5日"],
        ["以上由村委会核对", "", "", ""],
        ["制表人 张三", "", "", "2026-01-05"],
        ["柳湾村村民委员会（盖章）", "", "", "2026-01-05"],
        ["", "", "", "2026年1月5日"],
    ],
)
def test_what_is_no_row_is_left_out_and_told(row: list[Any]) -> None:
    table = read(text(HEADINGS, DEED, row))
    assert (values(table), problems(table)) == ([READ], [])
    assert [note.startswith("不算在内：第 3 行（") for note in table.notes] == [True]


@pytest.mark.parametrize(
    "row", [["v01-01-001", "去年", 5, "合计"], ["何小计", "2025-03-01", 5, "修路"], ["v01-01-001", "", "", ""]]
)
def test_a_row_with_a_mistake_is_no_total(row: list[Any]) -> None:
    table = read(text(HEADINGS, DEED, row))
    assert (table.notes, {problem.row for problem in table.problems}) == ([], {3})


def test_numbered_lines_that_nobody_filled_in_are_no_rows() -> None:
    assert values(read("序号,户编号,日期,积分,事由\n1,v01-01-001,2025-03-01,5,打扫巷道\n2,,,,\n3,,,,\n")) == [READ]


def test_every_problem_is_told_at_once() -> None:
    assert problems(read(csv("户 1", "", "五", "修路"))) == [
        "第 2 行 A 列：户编号“户1”里只能有字母、数字和短横。",
        "第 2 行 B 列：没有日期。",
        "第 2 行 C 列：积分“五”不是整数。",
    ]


# Text files


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "gb18030"])
@pytest.mark.parametrize("separator", [",", "\t", ";", "，", "；", "|"])
def test_text_in_every_encoding_and_with_every_separator(encoding: str, separator: str) -> None:
    written = "".join(f"{separator.join(map(str, row))}\r\n" for row in (HEADINGS, DEED))
    assert values(read(written.encode(encoding))) == [READ]


def test_big_endian_text_with_its_mark() -> None:
    assert values(read(b"\xfe\xff" + csv(*map(str, DEED)).encode("utf-16-be"))) == [READ]


def test_the_separator_is_the_one_that_makes_the_headings() -> None:
    written = "户编号;日期;积分;事由\nv01-01-001;2025-03-01;5;扫地, 擦窗, 浇花, 修路, 栽树, 挑水\n"
    assert values(read(written))[0][3] == "扫地, 擦窗, 浇花, 修路, 栽树, 挑水"


def test_a_quotation_mark_that_nobody_closes_swallows_no_rows() -> None:
    code, detail = refusal(csv("v01-01-001", "2025-03-01", "5", '"修路') + "v01-01-001,2025-03-02,8,修渠\n")
    assert (code, "引号不成对" in detail) == ("unreadable", True)


def test_a_text_with_an_unquoted_separator_loses_nothing_silently() -> None:
    assert problems(read(csv(*map(str, DEED), "修渠"))) == [
        "第 2 行 E 列：格子比表头多；一格里有分隔的符号时，请用引号括起来。"
    ]
    assert values(read(csv(*map(str, DEED), "", ""))) == [READ]


@pytest.mark.parametrize("begins", ["<html>", "%PDF-1.7", "{\\rtf1"])
def test_another_document_by_the_name_of_a_table_is_told(begins: str) -> None:
    assert refusal(begins + csv(*map(str, DEED))) == (
        "unreadable",
        "台账 不是表格（是网页、PDF 之类的文件）；请用表格软件打开，另存为 XLSX。",
    )


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "台账.csv")
    for path in (tmp_path, tmp_path / "台账.csv"):
        with pytest.raises(Refused, match="不是文件"):
            TableFile.open(path)


# Cells


@pytest.mark.parametrize(
    ("code", "why"),
    [(110101199001011234, "超过 15 位"), (date(2025, 1, 2), "改成的日期"), ("2025-01-02", "改成的日期")],
)
def test_a_code_that_a_spreadsheet_has_changed_is_refused(code: Any, why: str) -> None:
    assert why in problems(read(workbook({"台账": [HEADINGS, [code, *DEED[1:]]]})))[0]


@pytest.mark.parametrize(
    "day",
    [
        "2025/3/1 14:30",
        "2025-03-01T00:00:00",
        "2025-03-01 23:59:59.999",
        "２０２５－０３－０１",
        "2025—3—1",
        "2025−03−01",
        "2025 年 3 月 1 日",
        "2025年3月1号",
        "2025年3月1日 星期六",
        "2025/3/1 下午 2:30",
        "2025.3.1(周六)",
        "\u200e2025-03-01\u200b",
        "2025-02-28T16:00:00Z",
        "2025-03-01T07:00:00+08:00",
        "二〇二五年三月一日",
        "二零二五年三月一号 星期六",
        "2025年三月1日",
        "2025年3月1日 8时30分",
        "2025年3月1日上午",
        "'2025-03-01",
    ],
)
def test_days(day: str) -> None:
    assert values(read(csv("v01-01-001", day, "5", "打扫巷道"))) == [READ]


def test_days_and_figures_of_a_workbook() -> None:
    afternoon = datetime.fromisoformat("2025-03-01T14:30")
    rows = [["v01-01-001", afternoon, points, "打扫巷道"] for points in (5, 0.1 * 3 * 10 + 2)]
    assert values(read(workbook({"台账": [HEADINGS, *rows]}))) == [READ, READ]


@pytest.mark.parametrize(
    ("points", "meant"),
    [
        ("5.0", 5),
        ("5.00分", 5),
        ('"1,000.00"', 1000),
        ("＋５", 5),
        ("— 5", -5),
        ("5\u200b", 5),
        ("'5", 5),
        ("(5)", None),
        ("5\xa0", 5),
        ("5.5", None),
        ("1e3", None),
        ('"1,00"', None),
        ("5 5", None),
        ("٥", None),
    ],
)
def test_points(points: str, meant: int | None) -> None:
    [found] = values(read(csv("v01-01-001", "2025-03-01", points, "打扫巷道")))
    assert found[2] == meant


@pytest.mark.parametrize(
    "code",
    [
        "V01-01-001",
        "ｖ０１－０１－００１",
        "v01—01–001",
        "v01‑01−001",
        "v01-01-\u200b001",
        "\u2060v01\xad-01-001\xa0",
        "v01 - 01 - 001",
        "　v01-01-001",
        "'v01-01-001",
    ],
)
def test_codes_however_their_signs_were_typed(code: str) -> None:
    assert values(read(csv(code, "2025-03-01", "5", "打扫巷道"))) == [READ]


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("王 伟", "王伟"),
        ("王　　伟", "王伟"),
        ("欧阳 英福", "欧阳英福"),
        ("王\n伟", "王伟"),
        ("王\u200b伟\ufeff", "王伟"),
        ("𠮷 小世", "𠮷小世"),
        ("阿不都热依木.买买提", "阿不都热依木·买买提"),
        ("阿不都热依木•买买提", "阿不都热依木·买买提"),
        ("阿不都热依木 ・ 买买提", "阿不都热依木·买买提"),
        ("Tashi  Dolma", "Tashi Dolma"),
        ("བཀྲ་ཤིས", "བཀྲ་ཤིས"),
    ],
)
def test_names(written: str, name: str) -> None:
    table = read(workbook({"台账": [[*HEADINGS, "户主"], [*DEED, written]]}))
    assert table.rows[0].values["head"] == name


def test_a_sign_that_only_one_machine_knows_is_named() -> None:
    table = read(workbook({"台账": [[*HEADINGS, "户主"], [*DEED, "李\ue000"]]}))
    assert problems(table) == ["第 2 行 E 列：户主“李□”里有自造的字，别的电脑显示不出来，请换成标准的字。"]


def test_a_reason_stays_sign_by_sign_unless_it_could_not_be_read() -> None:
    rows: list[list[Any]] = [HEADINGS, [*DEED[:3], "修  路　到頭"], [*DEED[:3], "修路\n到頭\u200b"]]
    assert [row[3] for row in values(read(workbook({"台账": rows})))] == ["修  路　到頭", "修路 到頭"]


signs = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


@given(st.lists(st.lists(signs, max_size=6), max_size=6))
def test_whatever_a_file_says_is_a_value_or_a_sentence(rows: list[list[str]]) -> None:
    try:
        table = read(text(HEADINGS, *rows))
    except Refused:
        return
    assert all(row.problems or len(row.values) == len(HEADINGS) for row in table.rows)
