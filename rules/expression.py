"""The only door to CEL: compile once, answer a bool or an int, and turn every mishap into a sentence.

The runtime (cel-expr-python 0.1.x) bounds depth, length and loops by itself. Its traps are closed here:
run-time errors come back as values that are truthy strings, the budget for loops raises instead,
and an expression over values of unknown type would let mistakes through to the day of the claim.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Literal, TypeAlias

from cel_expr_python import cel

from rules.problems import did_you_mean

Kind: TypeAlias = Literal["integer", "number", "text", "date"]
Declarations: TypeAlias = tuple[tuple[str, Kind], ...]
"""Dotted names an expression may use, each with its type. Whole names, since a map would hide typos."""

_CEL_TYPE = {
    "integer": cel.Type.INT,
    "number": cel.Type.DOUBLE,
    "text": cel.Type.STRING,
    "date": cel.Type.TIMESTAMP,
}
_PLACE = re.compile(r"ERROR: <input>:(-?\d+):(-?\d+): (.*)")


class ExpressionError(ValueError):
    """An expression does not compile. `line` and `column` (from 1) are within it, 0 when unknown."""

    def __init__(self, message: str, line: int = 0, column: int = 0) -> None:
        self.line, self.column = line, column
        super().__init__(message)


class ExpressionFailed(ArithmeticError):
    """A compiled expression found no answer for these values, e.g. divided by zero."""


class Expression:
    """A compiled expression. Make one with `compile_condition` or `compile_amount`."""

    __slots__ = ("_compiled", "text")

    def __init__(self, text: str, compiled: Any) -> None:
        self.text = text
        self._compiled = compiled

    def __repr__(self) -> str:
        return f"Expression({self.text!r})"

    def holds(self, values: Mapping[str, object]) -> bool:
        """Whether a condition is true. Raises ExpressionFailed rather than take an error for a yes."""
        value = self._evaluate(values)
        if type(value) is not bool:
            raise ExpressionFailed(str(value))
        return value

    def amount(self, values: Mapping[str, object]) -> int:
        """The points an amount comes to. Raises ExpressionFailed when there is no answer."""
        value = self._evaluate(values)
        if type(value) is not int:
            raise ExpressionFailed(str(value))
        return value

    def constant(self) -> int | None:
        """The amount, if it depends on nothing; None otherwise."""
        try:
            return self.amount({})
        except ExpressionFailed:
            return None

    def _evaluate(self, values: Mapping[str, object]) -> object:
        # The type was settled at compile time, so an error is known by its value: a str is neither bool
        # nor int. Asking CEL for the type as well would cost half as much again.
        try:
            return self._compiled.eval(data=values).value()
        except RuntimeError as error:
            raise ExpressionFailed(str(error)) from error


def compile_condition(text: str, declarations: Declarations) -> Expression:
    """Compile an expression that answers yes or no. Raises ExpressionError."""
    return _compile(text, declarations, "BOOL", "条件(when)的结果必须是“是/否”,例如 input.hours >= 2")


def compile_amount(text: str, declarations: Declarations) -> Expression:
    """Compile an expression that answers a whole number of points. Raises ExpressionError."""
    return _compile(text, declarations, "INT", "分值(points)的结果必须是整数;小数请用 int(…) 取整")


# Books are read again whenever a draft is checked, and most of their expressions stay the same.
@lru_cache(maxsize=4096)
def _compile(text: str, declarations: Declarations, expected: str, wrong_type: str) -> Expression:
    try:
        compiled = _environment(declarations).compile(text)
    except RuntimeError as error:
        raise _sentence(str(error), declarations) from error
    returned = compiled.return_type().name()
    if returned != expected:
        raise ExpressionError(f"{wrong_type}(现在是 {returned})。", 1, 1)
    return Expression(text, compiled)


@lru_cache(maxsize=1024)
def _environment(declarations: Declarations) -> Any:
    return cel.NewEnv(variables={name: _CEL_TYPE[kind] for name, kind in declarations})


def _sentence(raw: str, declarations: Declarations) -> ExpressionError:
    """CEL's first complaint in Chinese, with the caret line that CEL drew."""
    if "recursion" in raw:
        return ExpressionError("表达式嵌套太深或太长(最多 32 层),请拆成几项。")
    if "codepoint limit" in raw:
        return ExpressionError("表达式太长(最多 100000 字)。")
    first = _PLACE.search(raw)
    if not first:
        return ExpressionError(f"表达式有误:{raw}")
    line, column, complaint = int(first[1]), int(first[2]), first[3].removesuffix(" [INVALID_ARGUMENT]")
    drawing = [row.removesuffix(" [INVALID_ARGUMENT]") for row in raw.splitlines() if row.startswith(" | ")]
    return ExpressionError("\n".join([_translated(complaint, declarations), *drawing[:2]]), line, column)


def _translated(complaint: str, declarations: Declarations) -> str:
    undeclared = re.match(r"undeclared reference to '([^']*)'", complaint)
    if undeclared:
        name, known = undeclared[1], [name for name, _ in declarations]
        hint = did_you_mean(name, known) or f";可用的有 {'、'.join(known)}"
        return f"没有叫「{name}」的量{hint}。"
    overload = re.match(r"found no matching overload for '(.*)' applied to '(.*)'", complaint)
    if overload and {"int", "double"} <= set(re.findall(r"\w+", overload[2])):
        return (
            "整数和小数不能直接放在一起:与小数比较或运算时写 2.0 而不是 2,"
            f"或用 double(…) 把整数变成小数、用 int(…) 取整({complaint})。"
        )
    if overload:
        return f"两边的类型对不上,不能这样比较或运算({complaint})。"
    return f"表达式写法不对({complaint})。"
