"""Workbooks of claims: a template to fill in, and the rows that weren't taken, with the reason for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from io import BytesIO

from xlsxwriter import Workbook
from xlsxwriter.workbook import Format
from xlsxwriter.worksheet import Worksheet

from api.awards.claim_sheets.sheet_table import MAX_CLAIMS, ClaimTable, columns_of, find_input
from api.platform.table_files.sheet import name_column
from api.platform.table_files.table import Column
from api.registry.register.template_workbook import EXAMPLE
from rules import Input, Rule

REASON = "没有报上的原因"
_NOTES = (
    "一户一行；同一户的几件事，写几行。灰色的“示例”行不会报，留着或删掉都可以。",
    "户号和户主写一样就行；两样都写的，会核对是不是同一户。有重名的，请写户号。",
    "表头不要改名，列的先后可以换；用不着的列可以删去。",
    "哪天空着的，用上传时在页面上选的日子。",
    "同一户同一天已经报过这一项、这是另一件事的，在“另一件事的理由”里写清。",
    "同一张表再传一次，不会重复申报。",
)
_EXAMPLE_VALUES = {
    "household": "0101001",
    "name": "张桂兰",
    "deed_on": "2026-06-01",
    "person": "张桂兰",
    "note": EXAMPLE,
}
_EXAMPLE_ANSWERS = {"integer": "1", "number": "1.5", "date": "2026-06-01", "sheet": "2 1 2；2 2 2"}


def make_template(rule: Rule) -> bytes:
    columns = columns_of(rule)
    made = BytesIO()
    with Workbook(made, {"in_memory": True}) as book:
        example = book.add_format({"num_format": "@", "italic": True, "font_color": "#7f7f7f"})
        sheet = _begin(book, [each.title for each in columns])
        for place, column in enumerate(columns):
            sheet.write_string(1, place, _show_example(rule, column), example)
        _offer_choices(book, sheet, rule, dict(enumerate(columns)))
        notes = book.add_worksheet("怎么填")
        notes.set_column(0, 0, 100)
        notes.write_column(0, 0, [f"「{rule.title}」{rule.points_text}", *_NOTES])
    return made.getvalue()


def make_refused(rule: Rule, table: ClaimTable, reasons: Mapping[int, str]) -> bytes:
    """The rows with these numbers as they were written, under the same headings."""
    sheet = table.table.sheet
    by_name = {each.name: each for each in columns_of(rule)}
    columns = {cell.column: by_name[name] for row in table.table.rows[:1] for name, cell in row.cells.items()}
    headings = {place: each.title for place, each in columns.items()}
    headings |= {each.column: each.text for each in table.table.unknown if each.text != REASON}
    places = sorted(headings)
    made = BytesIO()
    with Workbook(made, {"in_memory": True}) as book:
        kept = _begin(book, [*(headings[place] for place in places), REASON])
        reason_format = book.add_format({"text_wrap": True, "font_color": "#9c1c1c"})
        kept.set_column(len(places), len(places), 60)
        for number, (row, reason) in enumerate(sorted(reasons.items()), start=1):
            for to, place in enumerate(places):
                value = sheet.cell(row, place).value
                if isinstance(value, str):
                    # Never as a formula.
                    kept.write_string(number, to, value)
                else:
                    kept.write(number, to, value)
            kept.write_string(number, len(places), reason, reason_format)
        _offer_choices(
            book, kept, rule, {to: columns[place] for to, place in enumerate(places) if place in columns}
        )
    return made.getvalue()


def _begin(book: Workbook, headings: Sequence[str]) -> Worksheet:
    """Cells are texts, so that zeros before a code stay."""
    sheet = book.add_worksheet("申报")
    heading: Format = book.add_format({"bold": True, "bg_color": "#f3e6c8", "border": 1})
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, max(len(headings) - 1, 0), 16, book.add_format({"num_format": "@"}))
    for place, title in enumerate(headings):
        sheet.write_string(0, place, title, heading)
    return sheet


def _show_example(rule: Rule, column: Column) -> str:
    input = find_input(rule, column)
    if input is None:
        return _EXAMPLE_VALUES.get(column.name, "")
    return input.options[0].title if input.options else _EXAMPLE_ANSWERS.get(input.type, "")


def _offer_choices(book: Workbook, sheet: Worksheet, rule: Rule, columns: Mapping[int, Column]) -> None:
    """Drop-downs; from a sheet of their own, since a list within a cell has room for 255 signs only."""
    found: list[tuple[int, Input]] = []
    for place, column in columns.items():
        input = find_input(rule, column)
        if input is not None and input.options:
            found.append((place, input))
    if not found:
        return
    offered = book.add_worksheet("选项")
    for at, (place, input) in enumerate(found):
        offered.write_column(0, at, [each.title for each in input.options])
        letter = name_column(at)
        source = f"=选项!${letter}$1:${letter}${len(input.options)}"
        sheet.data_validation(1, place, MAX_CLAIMS, place, {"validate": "list", "source": source})
