"""Reads deeds from a table, to try a rulebook out: its columns, and the claim of each row."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from api.platform.errors import ErrorCode, Refused
from api.platform.table_file import cell_text, parse_date, read_table
from rules import Claim, Rule, Rulebook, UnknownRule, did_you_mean, parse_answers

COLUMNS = {
    "household": "户编号",
    "rule": "规则",
    "deed_on": "日期",
    "person": "姓名",
    "village": "村",
    "people": "人口",
    "households": "全村户数",
    "balance": "余额",
}
_REQUIRED = ("household", "rule", "deed_on")
_INPUT = "input."


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


def read_deeds(path: Path, book: Rulebook) -> list[Deed]:
    """The rows of a CSV file or a workbook. Raises Refused: unreadable, too-large, malformed."""
    lines = read_table(path)
    if not lines:
        raise Refused(ErrorCode.MALFORMED, f"{path} 是空的。")
    columns = _read_columns(path, lines[0][1], book)
    rows = [(row, _row_values(cells, columns)) for row, cells in lines[1:]]
    # Without a column for it, a village has as many households as occur in the table.
    households: dict[str, set[str]] = defaultdict(set)
    for _, values in rows:
        households[_village(values, book)].add(cell_text(values.get("household", "")))
    return [_read_deed(row, values, book, len(households[_village(values, book)])) for row, values in rows]


def _row_values(cells: Sequence[Any], columns: Mapping[int, str]) -> dict[str, Any]:
    # A row may be shorter than the headings if its last cells are empty.
    return {
        name: cells[place] for place, name in columns.items() if place < len(cells) and cell_text(cells[place])
    }


def _village(values: Mapping[str, Any], book: Rulebook) -> str:
    return cell_text(values.get("village", book.village))


def _read_columns(path: Path, headings: Sequence[Any], book: Rulebook) -> Mapping[int, str]:
    """The name of each column by its index: one of COLUMNS, or an input as `input.NAME`."""
    inputs = {input.id for rule in book.rules.values() for input in rule.inputs}
    names = {name: english for english, chinese in COLUMNS.items() for name in (chinese, english)}
    names |= {name: _INPUT + id for id in inputs for name in (_INPUT + id, id) if name not in names}
    columns: dict[int, str] = {}
    for place, cell in enumerate(headings):
        heading = cell_text(cell)
        if not heading:
            continue
        column = names.get(heading) or names.get(heading.lower())
        if column is None:
            hint = did_you_mean(heading, names)
            raise Refused(ErrorCode.MALFORMED, f"{path} 的表头「{heading}」不是这份办法要用的列{hint}。")
        if column in columns.values():
            raise Refused(ErrorCode.MALFORMED, f"{path} 的表头里「{heading}」有两列。")
        columns[place] = column
    missing = [f"{COLUMNS[name]}（{name}）" for name in _REQUIRED if name not in columns.values()]
    if missing:
        raise Refused(ErrorCode.MALFORMED, f"{path} 的表头里没有 {'、'.join(missing)} 这几列。")
    return columns


def _read_deed(row: int, values: Mapping[str, Any], book: Rulebook, households: int) -> Deed:
    texts = {name: cell_text(cell) for name, cell in values.items()}
    deed = Deed(row, texts.get("household", ""), texts.get("rule", ""), texts.get("deed_on", ""))
    try:
        if not deed.household or not deed.rule:
            raise ValueError("没有户编号。" if not deed.household else "没有规则的编号。")
        rule = book.get_rule(deed.rule)
        day = parse_date(values.get("deed_on", ""))
        claim = Claim(
            rule.id,
            day,
            deed.household,
            village=_village(values, book),
            people=_read_int(texts, "people", 1),
            person=texts.get("person"),
            inputs=_answers(rule, values, texts),
            households=_read_int(texts, "households", households),
            balance=_read_int(texts, "balance", 0) if "balance" in texts else None,
        )
    except (ValueError, UnknownRule) as error:
        return replace(deed, error=str(error))
    return replace(deed, deed_on=day.isoformat(), claim=claim)


def _answers(rule: Rule, values: Mapping[str, Any], texts: Mapping[str, str]) -> dict[str, object]:
    """The answers in the columns of inputs. A choice may be given by its title, a date in any usual format."""
    strings = {name.removeprefix(_INPUT): text for name, text in texts.items() if name.startswith(_INPUT)}
    for input in rule.inputs:
        if input.id not in strings:
            continue
        if input.type == "date":
            strings[input.id] = parse_date(values[_INPUT + input.id]).isoformat()
        elif input.type == "choice":
            by_title = {option.title: option.id for option in input.options}
            strings[input.id] = by_title.get(strings[input.id], strings[input.id])
    # Answers that the rule doesn't ask for are kept, so that checking them reports an error.
    return {**strings, **parse_answers(rule, strings)}


def _read_int(texts: Mapping[str, str], name: str, default: int) -> int:
    text = texts.get(name, "")
    try:
        return int(text) if text else default
    except ValueError:
        raise ValueError(f"{COLUMNS[name]}“{text[:20]}”不是整数。") from None
