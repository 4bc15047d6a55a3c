"""What a rule asks a claim for: how it is written in a book, and whether the answers given are fit for it."""

import math
import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, TypeAlias, cast, get_args

from rules.book import MOST_POINTS, Input, InputType, Option, Rule, SheetItem
from rules.claim import Claim
from rules.expression import Kind
from rules.parser.table import Table
from rules.problems import did_you_mean
from rules.variables import Answers, Fact, Past, Read, midnight

Sheet: TypeAlias = tuple[tuple[int, ...], ...]
"""A row for each judge, a score for each item."""
Recorded: TypeAlias = int | float | str | Sheet
Answer: TypeAlias = Recorded | date

_INPUT_ID = re.compile(r"[a-z][a-z0-9_]{0,31}")
# Words CEL keeps for itself: `input.in` would not parse.
_RESERVED = ("false", "in", "null", "true")
_OPTIONAL_TYPES = ("text", "photo")
_LONGEST_TEXT = 500
_SCORES = re.compile(r"[\s,，、]+")
_ROWS = re.compile(r"[;；\n]+")

_NUMBERS: Mapping[str, Callable[[str], int | float]] = {"integer": int, "number": float}
_CEL_KIND: Mapping[InputType, Kind] = {
    "integer": "integer",
    "number": "number",
    "choice": "text",
    "text": "text",
    "photo": "text",
    "date": "date",
}
_SHEET_NAMES = ("total", "points", "judges")
_MOST_JUDGES = 50


def read_inputs(rule: Table) -> tuple[Input, ...]:
    """The inputs written in a rule, with every mistake noted."""
    seen: set[str] = set()
    inputs = []
    for table in rule.tables("inputs", f"{rule.name}的填报项"):
        asked = _read_input(table)
        if asked.id and asked.id in seen:
            table.problem("id", f"编号「{asked.id}」重复了。")
        seen.add(asked.id)
        inputs.append(asked)
    return tuple(inputs)


def facts(inputs: tuple[Input, ...]) -> list[Fact]:
    """What the inputs give to the expressions of their rule."""
    return [fact for asked in inputs for fact in _facts(f"input.{asked.id}", asked)]


def _facts(name: str, asked: Input) -> list[Fact]:
    def plain(_claim: Claim, answers: Answers, _past: Past) -> object:
        # What was left out is an empty text.
        return answers.get(asked.id, "")

    def day(_claim: Claim, answers: Answers, _past: Past) -> object:
        return midnight(answers[asked.id])

    def sheet(measure: Callable[[Sheet], object]) -> Read:
        return lambda _claim, answers, _past: measure(answers[asked.id])

    def average(place: int) -> Callable[[Sheet], float]:
        return lambda rows: float(sum(row[place] for row in rows) / len(rows))

    if asked.type == "date":
        return [Fact(name, "date", day)]
    if asked.type != "sheet":
        return [Fact(name, _CEL_KIND[asked.type], plain, given=asked.id)]
    return [
        Fact(f"{name}.total", "number", sheet(_total)),
        Fact(f"{name}.points", "integer", sheet(lambda rows: math.floor(_total(rows) + 0.5))),
        Fact(f"{name}.judges", "integer", sheet(len)),
        *(Fact(f"{name}.{line.id}", "number", sheet(average(place))) for place, line in enumerate(asked.items)),
    ]


def _total(rows: Sheet) -> float:
    """The average of the judges' totals."""
    return float(sum(map(sum, rows)) / len(rows))


def typed_answers(rule: Rule, strings: Mapping[str, str]) -> dict[str, str | int | float]:
    """What was answered, numbers as numbers, without what was left empty.

    A number that is none stays text: the rulebook's own check then says in Chinese what it wants.
    """
    answers: dict[str, str | int | float] = {}
    for asked in rule.inputs:
        text = strings.get(asked.id, "")
        if not text:
            continue
        try:
            answers[asked.id] = _NUMBERS.get(asked.type, str)(text)
        except ValueError:
            answers[asked.id] = text
    return answers


def check_answers(inputs: tuple[Input, ...], given: Mapping[str, Any]) -> tuple[dict[str, Answer], list[str]]:
    """The answers in their proper types, and a Chinese sentence for each that is missing or unfit."""
    answers: dict[str, Answer] = {}
    complaints: list[str] = []
    for asked in inputs:
        value: Any = given.get(asked.id)
        # Nearly all answers are numbers within their bounds and options; what follows is for the others.
        kind = type(value)
        if kind is str and value in asked.option_ids:
            answers[asked.id] = value
            continue
        if (kind is int or kind is float) and asked.least <= value <= asked.most:
            if asked.type == "number":
                answers[asked.id] = float(value)
                continue
            if kind is int and asked.type == "integer":
                answers[asked.id] = value
                continue
        if value is None or (type(value) is str and not value.strip()):
            if asked.required:
                complaints.append(f"请填「{asked.title}」。")
            continue
        try:
            answers[asked.id] = _answer(asked, value)
        except ValueError as error:
            complaints.append(f"「{asked.title}」{error}。")
    if len(given) > len(answers):
        known = [asked.id for asked in inputs]
        complaints += [
            f"这一项不需要填「{name}」{did_you_mean(name, known)}。" for name in given if name not in known
        ]
    return answers, complaints


def _read_input(table: Table) -> Input:
    identifier = table.identifier(_INPUT_ID, "小写字母开头，只用小写字母、数字和下划线")
    if identifier in _RESERVED:
        table.problem("id", f"「{identifier}」是表达式的保留字，请换一个编号。")
    title = table.text("title", chinese=True)
    kind = cast(InputType, table.one_of("type", get_args(InputType)) or "text")
    required = table.flag("required", default=True)
    if not required and kind not in _OPTIONAL_TYPES:
        table.problem("required", "只有文字（text）和照片（photo）可以不填。")
    low = high = None
    if kind in ("integer", "number"):
        low, high = table.value("min", (int, float)), table.value("max", (int, float))
        if low is not None and high is not None and low > high:
            table.problem("min", "min 不能大于 max。")
    options = _read_options(table) if kind == "choice" else ()
    items = _read_items(table) if kind == "sheet" else ()
    judges = (table.whole("judges", 1, _MOST_JUDGES) or 1) if kind == "sheet" else 1
    table.close()
    return Input(identifier, title, kind, required, low, high, options, items, judges)


def _read_items(table: Table) -> tuple[SheetItem, ...]:
    tables = table.tables("items", f"{table.name}的评分项")
    if not tables:
        table.problem("items", "评分单（sheet）要写明评哪几项 items。")
    items: list[SheetItem] = []
    for each in tables:
        item = SheetItem(
            id=each.identifier(_INPUT_ID, "小写字母开头，只用小写字母、数字和下划线"),
            title=each.text("title", chinese=True),
            most=each.whole("max", 1, MOST_POINTS) or 1,
        )
        if "max" not in each.raw:
            each.problem("max", "缺少 max（这一项满分几分）。")
        each.close()
        if item.id in {*_SHEET_NAMES, *(other.id for other in items)}:
            each.problem("id", f"编号「{item.id}」重复了，或是评分单自己的用语（{'、'.join(_SHEET_NAMES)}）。")
        items.append(item)
    return tuple(items)


def _read_options(table: Table) -> tuple[Option, ...]:
    tables = table.tables("options", f"{table.name}的选项")
    if len(tables) < 2:
        table.problem("options", "选择题（choice）至少要有两个选项 options。")
    options: list[Option] = []
    for each in tables:
        option = Option(
            id=each.identifier(_INPUT_ID, "小写字母开头，只用小写字母、数字和下划线"),
            title=each.text("title", chinese=True),
            points=read_amount(each),
        )
        each.close()
        if option.id and option.id in {other.id for other in options}:
            each.problem("id", f"编号「{option.id}」重复了。")
        options.append(option)
    if len({option.points is None for option in options}) > 1:
        table.problem("options", "要么每个选项都写 points，要么都不写。")
    return tuple(options)


def read_amount(table: Table) -> int | None:
    """A fixed number of `points`, or None when absent or refused."""
    value = table.value("points", (int,))
    return None if value is None or refuse_amount(table, int(value)) else int(value)


def refuse_amount(table: Table, points: int) -> bool:
    """Note why an amount can't stand in a book, if it can't."""
    if points == 0:
        table.problem("points", "0 分的规则没有意义，请写 1 分以上或删去。")
    elif abs(points) > MOST_POINTS:
        table.problem("points", f"一次 {points} 分太多（最多 {MOST_POINTS}），请核对是否多写了零。")
    else:
        return False
    return True


def _answer(asked: Input, value: object) -> Answer:
    """The value in its proper type. Raises ValueError with the second half of a sentence."""
    if asked.type == "integer":
        if type(value) is not int:
            raise ValueError("要填整数")
        return _in_range(asked, value)
    if asked.type == "number":
        if type(value) not in (int, float) or not math.isfinite(cast(float, value)):
            raise ValueError("要填数字")
        return float(_in_range(asked, cast(float, value)))
    if asked.type == "date":
        return _date(value)
    if asked.type == "sheet":
        return _sheet(asked, value)
    if type(value) is not str:
        raise ValueError("要填文字")
    if asked.type == "choice":
        if value not in asked.option_ids:
            raise ValueError(f"要从 {'、'.join(option.title for option in asked.options)} 里选一个")
        return value
    if len(value) > _LONGEST_TEXT:
        raise ValueError(f"太长，最多 {_LONGEST_TEXT} 字")
    return value.strip()


def _in_range(asked: Input, value: float) -> float:
    if value < asked.least:
        raise ValueError(f"不能小于 {asked.least}")
    if value > asked.most:
        raise ValueError(f"不能大于 {asked.most}")
    return value


def _sheet(asked: Input, value: object) -> Sheet:
    """The judges' rows, from lists or from text such as `2 1 2; 2 2 2`."""
    if type(value) is str:
        try:
            value = [
                [int(score) for score in _SCORES.split(row.strip())] for row in _ROWS.split(value.strip(";； \n"))
            ]
        except ValueError:
            raise ValueError("要填每位评委的各项分数，例如 2 1 2；2 2 2") from None
    if not isinstance(value, (list, tuple)) or not all(isinstance(row, (list, tuple)) for row in value):
        raise ValueError("要填每位评委的各项分数，例如 2 1 2；2 2 2")
    if len(value) < asked.judges:
        raise ValueError(f"至少要有 {asked.judges} 位评委的分数，现在有 {len(value)} 位")
    if len(value) > _MOST_JUDGES:
        raise ValueError(f"评委太多，最多 {_MOST_JUDGES} 位")
    for number, row in enumerate(value, start=1):
        if len(row) != len(asked.items):
            raise ValueError(f"第 {number} 位评委要打 {len(asked.items)} 项，现在是 {len(row)} 项")
        for item, score in zip(asked.items, row, strict=True):
            if type(score) is not int or not 0 <= score <= item.most:
                raise ValueError(f"第 {number} 位评委的「{item.title}」要在 0 到 {item.most} 之间")
    return tuple(tuple(row) for row in value)


def _date(value: object) -> date:
    if type(value) is date:
        return value
    try:
        return date.fromisoformat(cast(str, value))
    except (TypeError, ValueError):
        raise ValueError("要填日期，例如 2026-03-08") from None
