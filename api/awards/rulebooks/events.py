"""Deeds in a table, to try a rulebook out: which columns it has, and the claim that each row makes."""

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
class Event:
    """One row, by its number in the file: its claim, or why it makes none. `household`, `rule` and `deed_on` are
    as written."""

    row: int
    household: str
    rule: str
    deed_on: str
    claim: Claim | None = None
    wrong: str = ""


def read_events(path: Path, book: Rulebook) -> list[Event]:
    """The rows of a CSV file or a workbook. Raises Refused: unreadable, too-large, malformed."""
    lines = read_table(path)
    if not lines:
        raise Refused(ErrorCode.MALFORMED, f"{path} 是空的。")
    columns = _columns(path, lines[0][1], book)
    rows = [(row, _given(cells, columns)) for row, cells in lines[1:]]
    # A village has as many households as the table names in it, where the table doesn't say.
    households: dict[str, set[str]] = defaultdict(set)
    for _, given in rows:
        households[_village(given, book)].add(cell_text(given.get("household", "")))
    return [_event(row, given, book, len(households[_village(given, book)])) for row, given in rows]


def _given(cells: Sequence[Any], columns: Mapping[int, str]) -> dict[str, Any]:
    # A row may end early where its last cells are empty.
    return {
        name: cells[place] for place, name in columns.items() if place < len(cells) and cell_text(cells[place])
    }


def _village(given: Mapping[str, Any], book: Rulebook) -> str:
    return cell_text(given.get("village", book.village))


def _columns(path: Path, headings: Sequence[Any], book: Rulebook) -> Mapping[int, str]:
    """What stands in each column: one of COLUMNS, or an input as `input.NAME`."""
    inputs = {asked.id for rule in book.rules.values() for asked in rule.inputs}
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


def _event(row: int, given: Mapping[str, Any], book: Rulebook, households: int) -> Event:
    texts = {name: cell_text(cell) for name, cell in given.items()}
    event = Event(row, texts.get("household", ""), texts.get("rule", ""), texts.get("deed_on", ""))
    try:
        if not event.household or not event.rule:
            raise ValueError("没有户编号。" if not event.household else "没有规则的编号。")
        rule = book.get_rule(event.rule)
        day = parse_date(given.get("deed_on", ""))
        claim = Claim(
            rule.id,
            day,
            event.household,
            village=_village(given, book),
            people=_whole(texts, "people", 1),
            person=texts.get("person"),
            inputs=_answers(rule, given, texts),
            households=_whole(texts, "households", households),
            balance=_whole(texts, "balance", 0) if "balance" in texts else None,
        )
    except (ValueError, UnknownRule) as error:
        return replace(event, wrong=str(error))
    return replace(event, deed_on=day.isoformat(), claim=claim)


def _answers(rule: Rule, given: Mapping[str, Any], texts: Mapping[str, str]) -> dict[str, object]:
    """What stands in the columns of inputs. A choice may be written by its title, a day as people write it."""
    strings = {name.removeprefix(_INPUT): text for name, text in texts.items() if name.startswith(_INPUT)}
    for asked in rule.inputs:
        if asked.id not in strings:
            continue
        if asked.type == "date":
            strings[asked.id] = parse_date(given[_INPUT + asked.id]).isoformat()
        elif asked.type == "choice":
            by_title = {option.title: option.id for option in asked.options}
            strings[asked.id] = by_title.get(strings[asked.id], strings[asked.id])
    # What the rule doesn't ask for is kept, so that its check can say so.
    return {**strings, **parse_answers(rule, strings)}


def _whole(texts: Mapping[str, str], name: str, default: int) -> int:
    text = texts.get(name, "")
    try:
        return int(text) if text else default
    except ValueError:
        raise ValueError(f"{COLUMNS[name]}“{text[:20]}”不是整数。") from None
