"""The inputs of a rule: read from a book, and answers checked against them."""

import math
import re
from collections.abc import Callable, Mapping
from datetime import date
from fractions import Fraction
from typing import Any, TypeAlias, cast, get_args

from rules.book import MAX_POINTS, Input, InputType, Option, Rule, SheetItem
from rules.claim import Claim
from rules.expression import VariableType
from rules.expression.values import round_half_up
from rules.parser.table import Table
from rules.problems import did_you_mean
from rules.variables import Answers, AwardHistory, Variable, VariableReader

ScoreSheet: TypeAlias = tuple[tuple[int, ...], ...]
"""A row for each judge, a score for each item."""
JsonAnswer: TypeAlias = int | float | str | ScoreSheet
Answer: TypeAlias = JsonAnswer | date

_INPUT_ID = re.compile(r"[a-z][a-z0-9_]{0,31}")
# Reserved by expressions: `input.in` would not parse.
_RESERVED_WORDS = ("false", "in", "null", "true")
_OPTIONAL_TYPES = ("text", "photo")
_MAX_TEXT_LENGTH = 500
_SCORE_SEPARATORS = re.compile(r"[\s,，、]+")
_ROW_SEPARATORS = re.compile(r"[;；\n]+")

_NUMBER_PARSERS: Mapping[str, Callable[[str], int | float]] = {"integer": int, "number": float}
_VARIABLE_TYPES: Mapping[InputType, VariableType] = {
    "integer": "integer",
    "number": "number",
    "choice": "text",
    "text": "text",
    "photo": "text",
    "date": "date",
}
_SHEET_MEASURES = ("total", "points", "judges")
_MAX_JUDGES = 50


def read_inputs(rule: Table) -> tuple[Input, ...]:
    """The inputs of a rule; problems are reported."""
    ids: set[str] = set()
    inputs = []
    for table in rule.get_tables("inputs", f"{rule.name}的填报项"):
        input = _read_input(table)
        if input.id and input.id in ids:
            table.report("id", f"编号「{input.id}」重复了。")
        ids.add(input.id)
        inputs.append(input)
    return tuple(inputs)


def input_variables(inputs: tuple[Input, ...]) -> list[Variable]:
    """The variables that the inputs define for the expressions of their rule."""
    return [variable for input in inputs for variable in _variables(f"input.{input.id}", input)]


def _variables(name: str, input: Input) -> list[Variable]:
    def answer(_claim: Claim, answers: Answers, _history: AwardHistory) -> object:
        # An empty text where it wasn't answered.
        return answers.get(input.id, "")

    def sheet(measure: Callable[[ScoreSheet], object]) -> VariableReader:
        return lambda _claim, answers, _history: measure(answers[input.id])

    def average(place: int) -> Callable[[ScoreSheet], Fraction]:
        return lambda rows: Fraction(sum(row[place] for row in rows), len(rows))

    if input.type != "sheet":
        return [Variable(name, _VARIABLE_TYPES[input.type], answer, input_id=input.id)]
    return [
        Variable(f"{name}.total", "number", sheet(_average_total)),
        Variable(f"{name}.points", "integer", sheet(lambda rows: round_half_up(_average_total(rows)))),
        Variable(f"{name}.judges", "integer", sheet(len)),
        *(
            Variable(f"{name}.{item.id}", "number", sheet(average(place)))
            for place, item in enumerate(input.items)
        ),
    ]


def _average_total(rows: ScoreSheet) -> Fraction:
    """The average of the judges' totals."""
    return Fraction(sum(map(sum, rows)), len(rows))


def parse_answers(rule: Rule, strings: Mapping[str, str]) -> dict[str, str | int | float]:
    """The answers of a form or a table row, numbers as numbers, without empty ones.

    What isn't a number stays text, for `check_answers` to report.
    """
    answers: dict[str, str | int | float] = {}
    for input in rule.inputs:
        text = strings.get(input.id, "")
        if not text:
            continue
        try:
            answers[input.id] = _NUMBER_PARSERS.get(input.type, str)(text)
        except ValueError:
            answers[input.id] = text
    return answers


def check_answers(inputs: tuple[Input, ...], given: Mapping[str, Any]) -> tuple[dict[str, Answer], list[str]]:
    """The answers in their proper types, and a Chinese sentence for each missing or invalid one."""
    answers: dict[str, Answer] = {}
    errors: list[str] = []
    for input in inputs:
        value: Any = given.get(input.id)
        # Shortcut for most answers: options, and numbers within their bounds.
        value_type = type(value)
        if value_type is str and value in input.option_ids:
            answers[input.id] = value
            continue
        if (value_type is int or value_type is float) and input.minimum <= value <= input.maximum:
            if input.type == "number":
                answers[input.id] = float(value)
                continue
            if value_type is int and input.type == "integer":
                answers[input.id] = value
                continue
        if value is None or (type(value) is str and not value.strip()):
            if input.required:
                errors.append(f"请填「{input.title}」。")
            continue
        try:
            answers[input.id] = _convert(input, value)
        except ValueError as error:
            errors.append(f"「{input.title}」{error}。")
    if len(given) > len(answers):
        known = [input.id for input in inputs]
        errors += [f"这一项不需要填「{name}」{did_you_mean(name, known)}。" for name in given if name not in known]
    return answers, errors


def _read_input(table: Table) -> Input:
    id = table.get_id(_INPUT_ID, "小写字母开头，只用小写字母、数字和下划线")
    if id in _RESERVED_WORDS:
        table.report("id", f"「{id}」是表达式的保留字，请换一个编号。")
    title = table.get_text("title", chinese=True)
    type = cast(InputType, table.get_choice("type", get_args(InputType)) or "text")
    required = table.get_bool("required", default=True)
    if not required and type not in _OPTIONAL_TYPES:
        table.report("required", "只有文字（text）和照片（photo）可以不填。")
    low = high = None
    if type in ("integer", "number"):
        low, high = table.get_value("min", (int, float)), table.get_value("max", (int, float))
        if low is not None and high is not None and low > high:
            table.report("min", "min 不能大于 max。")
    options = _read_options(table) if type == "choice" else ()
    items = _read_items(table) if type == "sheet" else ()
    judges = (table.get_int("judges", 1, _MAX_JUDGES) or 1) if type == "sheet" else 1
    table.report_unknown_keys()
    return Input(id, title, type, required, low, high, options, items, judges)


def _read_items(table: Table) -> tuple[SheetItem, ...]:
    tables = table.get_tables("items", f"{table.name}的评分项")
    if not tables:
        table.report("items", "评分单（sheet）要写明评哪几项 items。")
    items: list[SheetItem] = []
    for each in tables:
        item = SheetItem(
            id=each.get_id(_INPUT_ID, "小写字母开头，只用小写字母、数字和下划线"),
            title=each.get_text("title", chinese=True),
            max_score=each.get_int("max", 1, MAX_POINTS) or 1,
        )
        if "max" not in each.raw:
            each.report("max", "缺少 max（这一项满分几分）。")
        each.report_unknown_keys()
        if item.id in {*_SHEET_MEASURES, *(other.id for other in items)}:
            each.report("id", f"编号「{item.id}」重复了，或是评分单自己的用语（{'、'.join(_SHEET_MEASURES)}）。")
        items.append(item)
    return tuple(items)


def _read_options(table: Table) -> tuple[Option, ...]:
    tables = table.get_tables("options", f"{table.name}的选项")
    if len(tables) < 2:
        table.report("options", "选择题（choice）至少要有两个选项 options。")
    options: list[Option] = []
    for each in tables:
        option = Option(
            id=each.get_id(_INPUT_ID, "小写字母开头，只用小写字母、数字和下划线"),
            title=each.get_text("title", chinese=True),
            points=read_fixed_points(each),
        )
        each.report_unknown_keys()
        if option.id and option.id in {other.id for other in options}:
            each.report("id", f"编号「{option.id}」重复了。")
        options.append(option)
    if len({option.points is None for option in options}) > 1:
        table.report("options", "要么每个选项都写 points，要么都不写。")
    return tuple(options)


def read_fixed_points(table: Table) -> int | None:
    """A fixed number of `points`, or None when absent or rejected."""
    value = table.get_value("points", (int,))
    return None if value is None or reject_amount(table, int(value)) else int(value)


def reject_amount(table: Table, points: int) -> bool:
    """Report an amount that no rule may have; True if it is one."""
    if points == 0:
        table.report("points", "0 分的规则没有意义，请写 1 分以上或删去。")
    elif abs(points) > MAX_POINTS:
        table.report("points", f"一次 {points} 分太多（最多 {MAX_POINTS}），请核对是否多写了零。")
    else:
        return False
    return True


def _convert(input: Input, value: object) -> Answer:
    """The value in its proper type. Raises ValueError with the end of a sentence."""
    if input.type == "integer":
        if type(value) is not int:
            raise ValueError("要填整数")
        return _check_range(input, value)
    if input.type == "number":
        if type(value) not in (int, float) or not math.isfinite(cast(float, value)):
            raise ValueError("要填数字")
        return float(_check_range(input, cast(float, value)))
    if input.type == "date":
        return _convert_date(value)
    if input.type == "sheet":
        return _convert_sheet(input, value)
    if type(value) is not str:
        raise ValueError("要填文字")
    if input.type == "choice":
        if value not in input.option_ids:
            raise ValueError(f"要从 {'、'.join(option.title for option in input.options)} 里选一个")
        return value
    if len(value) > _MAX_TEXT_LENGTH:
        raise ValueError(f"太长，最多 {_MAX_TEXT_LENGTH} 字")
    return value.strip()


def _check_range(input: Input, value: float) -> float:
    if value < input.minimum:
        raise ValueError(f"不能小于 {input.minimum}")
    if value > input.maximum:
        raise ValueError(f"不能大于 {input.maximum}")
    return value


def _convert_sheet(input: Input, value: object) -> ScoreSheet:
    """The judges' rows, from lists or from text such as `2 1 2; 2 2 2`."""
    if type(value) is str:
        try:
            value = [
                [int(score) for score in _SCORE_SEPARATORS.split(row.strip())]
                for row in _ROW_SEPARATORS.split(value.strip(";； \n"))
            ]
        except ValueError:
            raise ValueError("要填每位评委的各项分数，例如 2 1 2；2 2 2") from None
    if not isinstance(value, (list, tuple)) or not all(isinstance(row, (list, tuple)) for row in value):
        raise ValueError("要填每位评委的各项分数，例如 2 1 2；2 2 2")
    if len(value) < input.judges:
        raise ValueError(f"至少要有 {input.judges} 位评委的分数，现在有 {len(value)} 位")
    if len(value) > _MAX_JUDGES:
        raise ValueError(f"评委太多，最多 {_MAX_JUDGES} 位")
    for number, row in enumerate(value, start=1):
        if len(row) != len(input.items):
            raise ValueError(f"第 {number} 位评委要打 {len(input.items)} 项，现在是 {len(row)} 项")
        for item, score in zip(input.items, row, strict=True):
            if type(score) is not int or not 0 <= score <= item.max_score:
                raise ValueError(f"第 {number} 位评委的「{item.title}」要在 0 到 {item.max_score} 之间")
    return tuple(tuple(row) for row in value)


def _convert_date(value: object) -> date:
    if type(value) is date:
        return value
    try:
        return date.fromisoformat(cast(str, value))
    except (TypeError, ValueError):
        raise ValueError("要填日期，例如 2026-03-08") from None
