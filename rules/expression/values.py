"""The values of expressions and what can be done with them.

Numbers are exact: whole numbers are int, decimals are fractions as they are written, so that 0.1 + 0.2 is 0.3.
Nothing is rounded unless the expression says so.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import Any, Literal, TypeAlias

ValueType: TypeAlias = Literal["integer", "number", "text", "date", "bool"]

TYPE_TITLES: Mapping[ValueType, str] = {
    "integer": "整数",
    "number": "小数",
    "text": "文字",
    "date": "日期",
    "bool": "是/否",
}
MAX_NUMBER = 10**18
"""No number may become larger on the way to the result."""


class EvaluationError(ArithmeticError):
    """An expression has no result for these values, e.g. it divides by zero."""


class Outdated(EvaluationError):
    """The expression was adopted when more could be written than this program still evaluates."""

    def __init__(self) -> None:
        super().__init__("算式是旧写法")


class TooLarge(EvaluationError):
    """A number on the way is larger than MAX_NUMBER."""

    def __init__(self) -> None:
        super().__init__("算出来的数太大")


class DivisionByZero(EvaluationError):
    def __init__(self) -> None:
        super().__init__("要除以 0")


def to_fraction(value: float | Fraction) -> Fraction:
    """A number as people write it: the 15 digits that a binary fraction is sure of."""
    return Fraction(format(value, ".15g")) if isinstance(value, float) else Fraction(value)


def round_half_up(value: float | Fraction) -> int:
    """四舍五入: a half is rounded away from zero."""
    half = Fraction(1, 2)
    return math.floor(value + half) if value >= 0 else math.ceil(value - half)


def add(left: Any, right: Any) -> Any:
    return _bound(left + right)


def subtract(left: Any, right: Any) -> Any:
    return _bound(left - right)


def multiply(left: Any, right: Any) -> Any:
    return _bound(left * right)


def divide(left: Any, right: Any) -> Fraction:
    if right == 0:
        raise DivisionByZero
    quotient: Fraction = _bound(Fraction(left) / right)
    return quotient


def divide_whole(left: int, right: int) -> int:
    """The whole part of a quotient."""
    return math.trunc(divide(left, right))


def remainder(left: int, right: int) -> int:
    return left - right * divide_whole(left, right)


def concatenate(left: str, right: str) -> str:
    return left + right


def days_between(left: date, right: date) -> int:
    return (left - right).days


def days_after(day: date, days: int) -> date:
    try:
        return day + timedelta(days=days)
    except OverflowError:
        raise TooLarge from None


def days_before(day: date, days: int) -> date:
    return days_after(day, -days)


def _bound(value: Any) -> Any:
    if -MAX_NUMBER <= value <= MAX_NUMBER:
        return value
    raise TooLarge


@dataclass(frozen=True, slots=True)
class Operation:
    """What can be applied to values of these types, and the type of its result."""

    arguments: tuple[ValueType, ...]
    result: ValueType
    apply: Callable[..., Any]


DATE_PARTS: Mapping[str, Callable[[date], int]] = {
    "year": lambda day: day.year,
    "month": lambda day: day.month,
    "day": lambda day: day.day,
    "weekday": lambda day: day.isoweekday(),
}
"""`.year .month .day .weekday`; weekday 1 is Monday."""

FUNCTIONS: Mapping[str, Operation] = {
    "int": Operation(("number",), "integer", math.trunc),
    "round": Operation(("number",), "integer", round_half_up),
    "double": Operation(("number",), "number", Fraction),
    "size": Operation(("text",), "integer", len),
}

METHODS: Mapping[str, Operation] = {
    "startsWith": Operation(("text", "text"), "bool", str.startswith),
    "endsWith": Operation(("text", "text"), "bool", str.endswith),
    "contains": Operation(("text", "text"), "bool", str.__contains__),
    "size": Operation(("text",), "integer", len),
    # CEL's own, which earlier books have.
    "getFullYear": Operation(("date",), "integer", lambda day: day.year),
    "getMonth": Operation(("date",), "integer", lambda day: day.month - 1),
    "getDate": Operation(("date",), "integer", lambda day: day.day),
    "getDayOfMonth": Operation(("date",), "integer", lambda day: day.day - 1),
    "getDayOfWeek": Operation(("date",), "integer", lambda day: day.isoweekday() % 7),
}

_NUMBERS: tuple[tuple[ValueType, ValueType], ...] = (
    ("number", "number"),
    ("number", "integer"),
    ("integer", "number"),
)

ARITHMETIC: Mapping[tuple[str, ValueType, ValueType], Operation] = {
    (sign, operation.arguments[0], operation.arguments[1]): operation
    for sign, operation in (
        ("+", Operation(("integer", "integer"), "integer", add)),
        ("-", Operation(("integer", "integer"), "integer", subtract)),
        ("*", Operation(("integer", "integer"), "integer", multiply)),
        ("/", Operation(("integer", "integer"), "integer", divide_whole)),
        ("%", Operation(("integer", "integer"), "integer", remainder)),
        *(
            (sign, Operation(numbers, "number", apply))
            for sign, apply in (("+", add), ("-", subtract), ("*", multiply), ("/", divide))
            for numbers in _NUMBERS
        ),
        ("+", Operation(("text", "text"), "text", concatenate)),
        ("-", Operation(("date", "date"), "integer", days_between)),
        ("+", Operation(("date", "integer"), "date", days_after)),
        ("-", Operation(("date", "integer"), "date", days_before)),
    )
}
