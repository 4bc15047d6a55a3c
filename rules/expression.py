"""The only module that uses CEL: it compiles an expression once, evaluates it to a bool or an int, and translates
every error into a Chinese sentence.

The runtime (cel-expr-python 0.1.x) bounds depth, length and loops. Handled here: run-time errors are returned as
truthy strings, exhausting the budget for loops raises, and an expression with variables of unknown type would
show its mistakes only when a claim is evaluated.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any, Literal, TypeAlias

from cel_expr_python import cel

from rules.problems import did_you_mean

VariableType: TypeAlias = Literal["integer", "number", "text", "date"]
Declarations: TypeAlias = tuple[tuple[str, VariableType], ...]
"""Dotted names an expression may use, each with its type. Declared in full: with a map CEL would miss typos."""

_CEL_TYPE = {
    "integer": cel.Type.INT,
    "number": cel.Type.DOUBLE,
    "text": cel.Type.STRING,
    "date": cel.Type.TIMESTAMP,
}
_TYPES = {"int": "整数", "double": "小数", "string": "文字", "bool": "是/否", "timestamp": "日期"}
MAX_LENGTH = 2_000
"""Characters of an expression."""
_MAX_CACHED = 4096
_MAX_LISTED = 12
_DOTTED = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")
_LOOP = re.compile(r"\.\s*(?:all|exists|exists_one|existsOne|map|filter|transformList|transformMap)\s*\(")
_PATTERN = re.compile(r"\bmatches\s*\(")
_MAX_SHOWN = 72
_PLACE = re.compile(r"ERROR: <input>:(-?\d+):(-?\d+): (.*)")


def _no_values(_values: Mapping[str, object]) -> object:
    """The cache key of an expression without variables."""
    return ()


class ExpressionError(ValueError):
    """An expression does not compile. `line` and `column` count from 1 within it, 0 when unknown."""

    def __init__(self, message: str, line: int = 0, column: int = 0) -> None:
        self.line, self.column = line, column
        super().__init__(message)


class EvaluationError(ArithmeticError):
    """A compiled expression has no result for these values, e.g. it divides by zero."""


class Expression:
    """A compiled expression, made by `compile_condition` or `compile_amount`.

    Results are cached: the same values recur, and a look-up takes a tenth of an evaluation.
    """

    __slots__ = ("_cache", "_compiled", "_get_values", "names", "text")

    def __init__(self, text: str, compiled: Any, names: tuple[str, ...]) -> None:
        self.text = text
        self.names = names
        self._compiled = compiled
        self._get_values: Callable[[Mapping[str, object]], object] = itemgetter(*names) if names else _no_values
        self._cache: dict[object, object] = {}

    def __repr__(self) -> str:
        return f"Expression({self.text!r})"

    def evaluate_condition(self, values: Mapping[str, object]) -> bool:
        """Whether a condition is true. Raises EvaluationError."""
        value = self._evaluate(values)
        if type(value) is not bool:
            raise EvaluationError(str(value))
        return value

    def evaluate_amount(self, values: Mapping[str, object]) -> int:
        """The points an amount comes to. Raises EvaluationError."""
        value = self._evaluate(values)
        if type(value) is not int:
            raise EvaluationError(str(value))
        return value

    def constant_amount(self) -> int | None:
        """The amount if it uses no variables and no loops, else None."""
        try:
            return None if self.names or _LOOP.search(self.text) else self.evaluate_amount({})
        except EvaluationError:
            return None

    def _evaluate(self, values: Mapping[str, object]) -> object:
        try:
            key = self._get_values(values)
        except KeyError as missing:
            raise EvaluationError(f"no value for {missing}") from None
        result = self._cache.get(key)
        if result is None:
            result = self._run({name: values[name] for name in self.names})
            if len(self._cache) >= _MAX_CACHED:
                self._cache.clear()
            self._cache[key] = result
        return result

    def _run(self, values: dict[str, object]) -> object:
        # The type is known since compilation, so an error shows by its value: a str is neither bool nor int.
        # Asking CEL for the type would cost half as much again.
        try:
            return self._compiled.eval(data=values).value()
        except RuntimeError as error:
            raise EvaluationError(str(error)) from error


def compile_condition(text: str, declarations: Declarations, known: Iterable[str] = ()) -> Expression:
    """Compile an expression that returns a bool; for a typo the nearest of the `known` names is suggested.

    Raises ExpressionError.
    """
    wrong_type = "条件（when）的结果必须是“是/否”，例如 input.hours >= 2"
    return _compile_checked(text, declarations, known, "BOOL", wrong_type)


def compile_amount(text: str, declarations: Declarations, known: Iterable[str] = ()) -> Expression:
    """Compile an expression that returns a whole number of points. Raises ExpressionError."""
    wrong_type = "分值（points）的结果必须是整数；小数请用 int(…) 取整"
    return _compile_checked(text, declarations, known, "INT", wrong_type)


def _compile_checked(
    text: str, declarations: Declarations, known: Iterable[str], expected: str, wrong_type: str
) -> Expression:
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"表达式太长（最多 {MAX_LENGTH} 字），请拆成几项。")
    # The runtime bounds loops and patterns, but not patterns within loops, which may run for a minute.
    if _LOOP.search(text) and _PATTERN.search(text):
        raise ExpressionError("matches 不能和 map、filter、exists、all 用在同一个表达式里，请拆成几项。")
    try:
        expression, returned = _compile(text, declarations)
    except RuntimeError as error:
        names = list(known) or [name for name, _ in declarations]
        raise _translate_error(str(error), text, names) from error
    if returned != expected:
        raise ExpressionError(f"{wrong_type}（现在是 {returned}）。", 1, 1)
    return expression


# A draft is parsed at every check, and most of its expressions stay the same.
@lru_cache(maxsize=4096)
def _compile(text: str, declarations: Declarations) -> tuple[Expression, str]:
    """The expression and the name of the type it returns."""
    compiled = _environment(declarations).compile(text)
    names = tuple(name for name, _ in declarations if name in text)
    return Expression(text, compiled, names), compiled.return_type().name()


@lru_cache(maxsize=1024)
def _environment(declarations: Declarations) -> Any:
    return cel.NewEnv(variables={name: _CEL_TYPE[kind] for name, kind in declarations})


def _translate_error(raw: str, text: str, known: Sequence[str]) -> ExpressionError:
    """CEL's first error in Chinese, with a caret below its place."""
    if "recursion" in raw:
        return ExpressionError("表达式嵌套太深或太长（最多 32 层），请拆成几项。")
    first = _PLACE.search(raw)
    if not first:
        return ExpressionError(f"表达式有误：{raw}")
    line, column, message = int(first[1]), int(first[2]), first[3].removesuffix(" [INVALID_ARGUMENT]")
    rows = text.splitlines()
    row = rows[line - 1] if 0 < line <= len(rows) else ""
    found = _DOTTED.match(row, max(column - 1, 0))
    # CEL names only the first part of a dotted name.
    sentence = _translate_message(message, found[0] if found else "", known)
    return ExpressionError("\n".join([sentence, *_mark_place(row, max(column - 1, 0))]), line, column)


def _mark_place(row: str, at: int) -> Iterator[str]:
    """The row, shortened around the place if too long, and a caret below the place."""
    if not row:
        return
    start = max(0, at - _MAX_SHOWN // 2) if len(row) > _MAX_SHOWN else 0
    shown = row[start : start + _MAX_SHOWN]
    before, behind = "…" if start else "", "…" if len(row) > start + _MAX_SHOWN else ""
    # A dot as wide as the character above it.
    dots = ("．" if unicodedata.east_asian_width(sign) in "FW" else "." for sign in row[start:at])
    yield f" | {before}{shown}{behind}"
    yield f" | {'.' * len(before)}{''.join(dots)}^"


def _format_overload(overload: re.Match[str]) -> str:
    """An operation on types as it is written, 整数 * 小数; for a function its name and its arguments' types."""
    name = overload[1]
    types = [_TYPES.get(each.strip(), each.strip()) for each in overload[2].strip("()").split(",")]
    operator = name.strip("_@") if name.startswith(("_", "@")) else ""
    return f" {operator} ".join(types) if operator and len(types) == 2 else f"{name}({', '.join(types)})"


def _translate_message(message: str, name: str, known: Sequence[str]) -> str:
    undeclared = re.match(r"undeclared reference to '([^']*)'", message)
    if undeclared:
        wanted = name if name.startswith(undeclared[1]) else undeclared[1]
        hint = did_you_mean(wanted, known) or f"；可用的有 {'、'.join(known[:_MAX_LISTED])}"
        return f"没有叫「{wanted}」的量{hint}。"
    if found := re.match(r"Syntax error: token recognition error at: '(.)", message):
        if found[1] == "=":
            return "表达式写法不对：比较两边是不是一样，要写两个等号 == 。"
        if found[1] in "'\"":
            return "表达式写法不对：引号没有成对。"
        return f"表达式写法不对：不能用「{found[1]}」，量的名字都用英文，文字要放在单引号里。"
    if "expecting ':'" in message:
        return "表达式写法不对：问号 ? 后面要用冒号写明另一种情况，例如 input.hours >= 8 ? 5 : 2 。"
    overload = re.match(r"found no matching overload for '(.*)' applied to '(.*)'", message)
    if overload and {"int", "double"} <= set(re.findall(r"\w+", overload[2])):
        return (
            f"整数和小数不能直接放在一起（现在是 {_format_overload(overload)}）："
            "与小数比较或运算时写 2.0 而不是 2，或用 double(…) 把整数变成小数、用 int(…) 取整。"
        )
    if overload:
        return f"两边的类型对不上，不能这样比较或运算（现在是 {_format_overload(overload)}）。"
    return f"表达式写法不对（{message}）。"
