"""A list of claims under one rule as people keep it in a table: a row for each household, or for each person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial

import regex

from api.platform.errors import ErrorCode, Refused
from api.platform.table_files.cells import number_text, read_code, read_date, read_name, text_of, whole_number
from api.platform.table_files.file import TableFile
from api.platform.table_files.sheet import Cell
from api.platform.table_files.table import Column, Table, read_tables
from api.wire.text import search_form
from rules import Input, Rule

MAX_CLAIMS = 2000
MAX_BYTES = 2_000_000
"""Of the file: the page on which one decides carries it along."""
_READ_NUMBERS = whole_number("个次件人天小时亩斤元分")
_HOUSEHOLD = Column(
    "household", "户号", read_code, names=("户编号", "农户编号", "户码"), needed=False, filled=False
)
_NAME = Column(
    "name",
    "户主",
    read_name,
    names=("户主姓名", "姓名", "名字", "参加人", "参会人", "到会人", "签到", "签名"),
    needed=False,
    filled=False,
)
_DEED_ON = Column(
    "deed_on", "哪天", read_date, names=("哪一天", "日期", "时间", "做事日期"), needed=False, filled=False
)
_PERSON = Column("person", "家里谁做的", read_name, names=("谁做的", "做的人", "本人"), needed=False, filled=False)
_NOTE = Column("note", "说明", text_of(200), names=("备注",), needed=False, filled=False)
_AGAIN = Column("again", "另一件事的理由", text_of(200), names=("为什么是另一件事",), needed=False, filled=False)
_INPUT = "input."
_BETWEEN_NAMES = regex.compile(r"[\n\t、，,;；]+")


@dataclass(frozen=True, slots=True)
class ClaimSheet:
    """What was brought: a file with a table, or pasted names. `day` and `answers` (as typed, by the input's id)
    hold for rows that don't say them."""

    rule: Rule
    file: TableFile
    pasted: bool = False
    day: date | None = None
    answers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SheetRow:
    """`place`: where it is, for a person. `answers`: as typed. `problem`: why it can't be read, or empty."""

    number: int
    place: str
    household: str
    name: str
    deed_on: date | None
    person: str
    answers: Mapping[str, str]
    note: str
    again: str
    problem: str


@dataclass(frozen=True, slots=True)
class ClaimTable:
    """`notes`: what was read and what was left out."""

    rows: Sequence[SheetRow]
    table: Table
    notes: Sequence[str]


def columns_of(rule: Rule) -> list[Column]:
    """In the order in which people fill them in."""
    own = (_HOUSEHOLD, _NAME, _DEED_ON, *([_PERSON] if rule.requires_person else []))
    taken = {each.title for each in (*own, _NOTE, _AGAIN)}
    inputs = []
    for input in rule.inputs:
        if input.type == "photo":
            continue
        title = f"{input.title}（{input.id}）" if input.title in taken else input.title
        taken.add(title)
        read = partial(_read_answer, input)
        inputs.append(Column(_INPUT + input.id, title, read, needed=False, filled=False))
    return [*own, *inputs, _NOTE, _AGAIN]


def find_input(rule: Rule, column: Column) -> Input | None:
    """What a column answers."""
    return next((each for each in rule.inputs if _INPUT + each.id == column.name), None)


def require_sheet(rule: Rule) -> None:
    """Raises Refused: malformed, for a rule under which nobody can declare by sheet."""
    if any(each.type == "photo" and each.required for each in rule.inputs):
        raise Refused(ErrorCode.MALFORMED, f"「{rule.title}」要照片，不能用表格申报，请逐户申报。")


def paste(text: str) -> TableFile:
    """A list of names, one a line, as a table."""
    names = [name for part in _BETWEEN_NAMES.split(text) if (name := part.strip())]
    quoted = (name.replace('"', '""') for name in names)
    return TableFile("名单", "\n".join([_NAME.title, *(f'"{name}"' for name in quoted)]).encode())


def read_claim_table(sheet: ClaimSheet) -> ClaimTable:
    """Raises Refused: unreadable, malformed, too-large."""
    require_sheet(sheet.rule)
    if len(sheet.file.content) > MAX_BYTES:
        raise Refused(
            ErrorCode.TOO_LARGE, f"{sheet.file.name} 太大（最多 {MAX_BYTES // 1_000_000} MB），请分成几张表。"
        )
    columns = columns_of(sheet.rule)
    layouts = [_needing(columns, key) for key in (_HOUSEHOLD, _NAME)]
    [(_, table), *others] = read_tables(sheet.file, layouts)
    if not table.rows:
        raise Refused(ErrorCode.MALFORMED, f"{sheet.file.name} 里没有要报的，请填好再传。")
    if len(table.rows) > MAX_CLAIMS:
        raise Refused(ErrorCode.TOO_LARGE, f"{sheet.file.name} 超过 {MAX_CLAIMS} 行，请分成几张表。")
    there = {name for row in table.rows for name in row.cells}
    for column in columns:
        input = find_input(sheet.rule, column)
        if input is not None and input.required and column.name not in there and not sheet.answers.get(input.id):
            where = "请在页面上填。" if sheet.pasted else "请加上这一列，或在页面上填。"
            raise Refused(ErrorCode.MALFORMED, f"{sheet.file.name} 里没有「{column.title}」，{where}")
    notes = [*table.notes, *(f"“{other.sheet.name}”也像要读的表，没有读。" for _, other in others)]
    if unused := "、".join(cell.text for cell in table.unknown[:10]):
        notes.append(f"没有用到的列：{unused}。")
    return ClaimTable(list(_read_rows(sheet, table)), table, notes)


def _needing(columns: Sequence[Column], key: Column) -> list[Column]:
    """The same columns, of which this one tells rows from totals and notes."""
    return [replace(key, needed=True), *(each for each in columns if each is not key)]


def _read_rows(sheet: ClaimSheet, table: Table) -> list[SheetRow]:
    rows = []
    for row in table.rows:
        values = row.values
        name = values.get("name", "")
        # A name is who did it, unless there is a column that says so.
        person = values.get("person", "" if "person" in row.cells else name)
        answers = {
            each.id: values.get(_INPUT + each.id, sheet.answers.get(each.id, "")) for each in sheet.rule.inputs
        }
        problem = row.problems[0] if row.problems else None
        day = values.get("deed_on", sheet.day)
        sentence = "" if problem is None else problem.sentence
        place = table.sheet.place(row.number) if problem is None else problem.place
        if not sentence and not values.get("household") and not name:
            sentence = "没有写是哪一户。"
        elif not sentence and day is None:
            sentence = "没有写哪天；请在表里写，或在页面上选。"
        rows.append(
            SheetRow(
                number=row.number,
                # Its heading stands above it only here.
                place=f"第 {row.number - 1} 个" if sheet.pasted else place,
                household=values.get("household", ""),
                name=name,
                deed_on=day,
                person=person,
                answers=answers,
                note=values.get("note", ""),
                again=values.get("again", ""),
                problem=sentence,
            )
        )
    return rows


def _read_answer(input: Input, cell: Cell, title: str) -> str:
    """As somebody would type it. Raises ValueError with a sentence."""
    if input.type == "integer":
        return str(_READ_NUMBERS(cell, title))
    if input.type == "number":
        return number_text(cell)
    if input.type == "date":
        return read_date(cell, title).isoformat()
    text: str = text_of(500)(cell, title)
    if input.type != "choice":
        return text
    by_name = {search_form(name): each.id for each in input.options for name in (each.id, each.title)}
    found = by_name.get(search_form(text))
    if found is None:
        raise ValueError(
            f"{title}“{text[:20]}”不对，要从 {'、'.join(each.title for each in input.options)} 里选一个。"
        )
    return found
