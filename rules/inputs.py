"""What a rule asks a claim for: how it is written in a book, and whether the answers given are fit for it."""

import math
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import TypeAlias, cast, get_args

from rules.book import MOST_POINTS, Input, InputType, Option
from rules.expression import Declarations, Kind
from rules.fields import Table
from rules.problems import did_you_mean

Answer: TypeAlias = int | float | str | date

_INPUT_ID = re.compile(r"[a-z][a-z0-9_]{0,31}")
# Words CEL keeps for itself: `input.in` would not parse.
_RESERVED = ("false", "in", "null", "true")
_OPTIONAL_TYPES = ("text", "photo")
_LONGEST_TEXT = 500
_LARGEST_NUMBER = 10**12

_CEL_KIND: Mapping[InputType, Kind] = {
    "integer": "integer",
    "number": "number",
    "choice": "text",
    "text": "text",
    "photo": "text",
    "date": "date",
}


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


def declarations(inputs: tuple[Input, ...]) -> Declarations:
    """The names a rule's expressions may use, with their types."""
    own: list[tuple[str, Kind]] = [(f"input.{asked.id}", _CEL_KIND[asked.type]) for asked in inputs if asked.id]
    return (*own, ("household.people", "integer"), ("household.village", "text"))


def check_answers(inputs: tuple[Input, ...], given: Mapping[str, object]) -> tuple[dict[str, Answer], list[str]]:
    """The answers in their proper types, and a Chinese sentence for each that is missing or unfit."""
    answers: dict[str, Answer] = {}
    complaints = []
    for asked in inputs:
        value = given.get(asked.id)
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


def cel_values(inputs: tuple[Input, ...], answers: Mapping[str, Answer]) -> dict[str, object]:
    """The answers under their dotted names. What was left out is an empty text, a date its midnight UTC."""
    values: dict[str, object] = {}
    for asked in inputs:
        answer = answers.get(asked.id, "")
        if isinstance(answer, date):
            answer = datetime(answer.year, answer.month, answer.day, tzinfo=UTC)
        values["input." + asked.id] = answer
    return values


def _read_input(table: Table) -> Input:
    identifier = table.identifier(_INPUT_ID, "小写字母开头,只用小写字母、数字和下划线")
    if identifier in _RESERVED:
        table.problem("id", f"「{identifier}」是表达式的保留字,请换一个编号。")
    title = table.text("title", chinese=True)
    kind = cast(InputType, table.one_of("type", get_args(InputType)) or "text")
    required = table.flag("required", default=True)
    if not required and kind not in _OPTIONAL_TYPES:
        table.problem("required", "只有文字(text)和照片(photo)可以不填。")
    low = high = None
    if kind in ("integer", "number"):
        low, high = table.value("min", (int, float)), table.value("max", (int, float))
        if low is not None and high is not None and low > high:
            table.problem("min", "min 不能大于 max。")
    options = _read_options(table) if kind == "choice" else ()
    table.close()
    return Input(identifier, title, kind, required, low, high, options)


def _read_options(table: Table) -> tuple[Option, ...]:
    tables = table.tables("options", f"{table.name}的选项")
    if len(tables) < 2:
        table.problem("options", "选择题(choice)至少要有两个选项 options。")
    options: list[Option] = []
    for each in tables:
        option = Option(
            id=each.identifier(_INPUT_ID, "小写字母开头,只用小写字母、数字和下划线"),
            title=each.text("title", chinese=True),
            points=read_amount(each),
        )
        each.close()
        if option.id and option.id in {other.id for other in options}:
            each.problem("id", f"编号「{option.id}」重复了。")
        options.append(option)
    if len({option.points is None for option in options}) > 1:
        table.problem("options", "要么每个选项都写 points,要么都不写。")
    return tuple(options)


def read_amount(table: Table) -> int | None:
    """A fixed number of `points`, or None when absent or refused."""
    value = table.value("points", (int,))
    return None if value is None or refuse_amount(table, int(value)) else int(value)


def refuse_amount(table: Table, points: int) -> bool:
    """Note why an amount can't stand in a book, if it can't."""
    if points < 0:
        table.problem(
            "points", "不能写扣分:扣分须经村民会议逐条表决后才能启用,现在未启用。请删去,或改为“不得分”。"
        )
    elif points == 0:
        table.problem("points", "0 分的规则没有意义,请写 1 分以上或删去。")
    elif points > MOST_POINTS:
        table.problem("points", f"一次 {points} 分太多(最多 {MOST_POINTS}),请核对是否多写了零。")
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
    if type(value) is not str:
        raise ValueError("要填文字")
    if asked.type == "choice":
        if value not in {option.id for option in asked.options}:
            raise ValueError(f"要从 {'、'.join(option.title for option in asked.options)} 里选一个")
        return value
    if len(value) > _LONGEST_TEXT:
        raise ValueError(f"太长,最多 {_LONGEST_TEXT} 字")
    return value.strip()


def _in_range(asked: Input, value: float) -> float:
    low = -_LARGEST_NUMBER if asked.low is None else asked.low
    high = _LARGEST_NUMBER if asked.high is None else asked.high
    if value < low:
        raise ValueError(f"不能小于 {low}")
    if value > high:
        raise ValueError(f"不能大于 {high}")
    return value


def _date(value: object) -> date:
    if type(value) is date:
        return value
    try:
        return date.fromisoformat(cast(str, value))
    except (TypeError, ValueError):
        raise ValueError("要填日期,例如 2026-03-08") from None
