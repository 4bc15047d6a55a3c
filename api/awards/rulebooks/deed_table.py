"""Reads deeds from a table, to try a rulebook out: its columns, and the claim of each row."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from api.platform.errors import ErrorCode, Refused
from api.platform.table_files.cells import number_text, read_date, read_name, text_of, whole_number
from api.platform.table_files.file import TableFile
from api.platform.table_files.sheet import Cell
from api.platform.table_files.table import Column, Row, Table, read_table
from api.wire.text import code_form, plain_form
from rules import Claim, Rule, Rulebook, UnknownRule, did_you_mean, parse_answers


def _read_household(cell: Cell, title: str) -> str:
    return code_form(cell.text)


def _read_rule(cell: Cell, title: str) -> str:
    return plain_form(cell.text).replace(" ", "")


def _keep_cell(cell: Cell, title: str) -> Cell:
    return cell


_COUNT = whole_number("人口户分", least=0)
COLUMNS = (
    Column("household", "户编号", _read_household, names=("户号", "户编码", "农户编号", "农户编码")),
    Column("rule", "规则", _read_rule, names=("规则编号", "条目编号")),
    Column("deed_on", "日期", read_date),
    Column("person", "姓名", read_name, needed=False, filled=False),
    Column("village", "村", text_of(80), names=("行政村", "所在村"), needed=False, filled=False),
    Column("people", "人口", _COUNT, names=("家庭人口",), needed=False, filled=False),
    Column("households", "全村户数", _COUNT, needed=False, filled=False),
    Column("balance", "余额", _COUNT, needed=False, filled=False),
)
_INPUT = "input."
# What stands in every table and says nothing of a deed.
_IDLE_HEADINGS = ("序号", "备注")


@dataclass(frozen=True, slots=True)
class Deed:
    """One row, by its number in the file: its claim, or the error in it. `household`, `rule` and `deed_on` are as
    written."""

    row: int
    household: str
    rule: str
    deed_on: str
    claim: Claim | None = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class DeedTable:
    """`notes`: what was read, and what was left out."""

    deeds: Sequence[Deed]
    notes: Sequence[str]


def read_deeds(file: TableFile, book: Rulebook, sheet: str | None = None) -> DeedTable:
    """The rows of a CSV file or a workbook. Raises Refused: unreadable, too-large, malformed."""
    columns = [*COLUMNS, *_input_columns(book)]
    table = read_table(file, columns, sheet)
    _require_known(file, table, columns)
    # Without a column for it, a village has as many households as occur in the table.
    households: dict[str, set[str]] = defaultdict(set)
    for row in table.rows:
        households[_village(row.values, book)].add(row.values.get("household", ""))
    deeds = [_read_deed(row, book, len(households[_village(row.values, book)])) for row in table.rows]
    return DeedTable(deeds, table.notes)


def _input_columns(book: Rulebook) -> list[Column]:
    taken = {name for column in COLUMNS for name in (column.title, column.name)}
    numbers: dict[str, bool] = {}
    for rule in book.rules.values():
        for input in rule.inputs:
            numbers[input.id] = numbers.get(input.id, False) or input.type in ("number", "integer")
    return [
        Column(
            _INPUT + id,
            _INPUT + id,
            _keep_cell,
            names=() if id in taken else (id,),
            needed=False,
            filled=False,
            summed=summed,
        )
        for id, summed in numbers.items()
    ]


def _require_known(file: TableFile, table: Table, columns: Sequence[Column]) -> None:
    names = [name for column in columns for name in (column.title, column.name, *column.names)]
    for cell in table.unknown:
        if cell.text not in _IDLE_HEADINGS:
            hint = did_you_mean(cell.text, names)
            raise Refused(ErrorCode.MALFORMED, f"{file.name} 的表头「{cell.text}」不是这份办法要用的列{hint}。")


def _village(values: Mapping[str, Any], book: Rulebook) -> str:
    return str(values.get("village", book.village))


def _read_deed(row: Row, book: Rulebook, households: int) -> Deed:
    texts = {name: cell.text for name, cell in row.cells.items()}
    values = row.values
    deed = Deed(
        row.number,
        values.get("household", texts["household"]),
        values.get("rule", texts["rule"]),
        texts["deed_on"],
        error="".join(problem.sentence for problem in row.problems),
    )
    if deed.error:
        return deed
    try:
        rule = book.get_rule(deed.rule)
        claim = Claim(
            rule.id,
            values["deed_on"],
            deed.household,
            village=_village(values, book),
            people=values.get("people", 1),
            person=values.get("person"),
            inputs=_answers(rule, values),
            households=values.get("households", households),
            balance=values.get("balance"),
        )
    except (ValueError, UnknownRule) as error:
        return replace(deed, error=str(error))
    return replace(deed, deed_on=values["deed_on"].isoformat(), claim=claim)


def _answers(rule: Rule, values: Mapping[str, Any]) -> dict[str, object]:
    """The answers in the columns of inputs. A choice may be given by its title, a date in any usual format."""
    cells: dict[str, Cell] = {
        name.removeprefix(_INPUT): cell for name, cell in values.items() if name.startswith(_INPUT)
    }
    strings = {id: cell.text for id, cell in cells.items()}
    for input in rule.inputs:
        if input.id not in strings:
            continue
        if input.type == "date":
            strings[input.id] = read_date(cells[input.id], "日期").isoformat()
        elif input.type == "choice":
            by_title = {option.title: option.id for option in input.options}
            strings[input.id] = by_title.get(strings[input.id], strings[input.id])
        elif input.type in ("number", "integer"):
            strings[input.id] = number_text(cells[input.id])
    # Answers that the rule doesn't ask for are kept, so that checking them reports an error.
    return {**strings, **parse_answers(rule, strings)}
