"""Conditions and amounts: compiled once, evaluated to a bool or an int, each mistake told in Chinese at its place.

Expressions are written as in CEL, of which they are the part that can repeat nothing: whatever is accepted here
ends in time and memory proportional to its length. Numbers are exact.
"""

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from fractions import Fraction
from functools import lru_cache
from operator import itemgetter
from typing import Any, Literal, TypeAlias

from rules.expression.compiler import Compiler, Mistake, Run
from rules.expression.syntax import parse
from rules.expression.tokens import SyntaxMistake
from rules.expression.values import TYPE_TITLES, EvaluationError, Outdated, ValueType, to_fraction

__all__ = [
    "EvaluationError",
    "Expression",
    "ExpressionError",
    "Outdated",
    "compile_amount",
    "compile_condition",
    "keep_outdated",
]

VariableType: TypeAlias = Literal["integer", "number", "text", "date"]
Declarations: TypeAlias = tuple[tuple[str, VariableType], ...]
"""Dotted names an expression may use, each with its type."""

MAX_LENGTH = 2_000
"""Characters of an expression."""
_MAX_CACHED = 4096
_MAX_SHOWN = 72


def _no_values(_values: Mapping[str, object]) -> object:
    """The cache key of an expression without variables."""
    return ()


class ExpressionError(ValueError):
    """An expression that can't be compiled: its mistakes in the order of the text, each with its line and column
    (from 1 within it)."""

    def __init__(self, text: str, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = [
            (*_find_place(text, each.at), "\n".join([each.message, *_mark_place(text, each.at)]))
            for each in sorted(mistakes, key=lambda each: each.at)
        ]
        super().__init__("\n".join(message for _, _, message in self.mistakes))


class Expression:
    """A compiled expression, made by `compile_condition` or `compile_amount`.

    Results are cached: the same values recur.
    """

    __slots__ = ("_cache", "_get_values", "_run", "_types", "names", "text")

    def __init__(self, text: str, run: Run, types: Mapping[str, VariableType]) -> None:
        self.text = text
        self.names = tuple(types)
        self._run, self._types = run, types
        self._get_values: Callable[[Mapping[str, object]], object] = (
            itemgetter(*self.names) if types else _no_values
        )
        self._cache: dict[object, object] = {}

    def __repr__(self) -> str:
        return f"Expression({self.text!r})"

    def evaluate_condition(self, values: Mapping[str, object]) -> bool:
        """Whether a condition is true. Raises EvaluationError."""
        return self._evaluate(values) is True

    def evaluate_amount(self, values: Mapping[str, object]) -> int:
        """The points an amount comes to. Raises EvaluationError."""
        value = self._evaluate(values)
        assert type(value) is int
        return value

    def constant_amount(self) -> int | None:
        """The amount if it uses no variables, else None."""
        try:
            return None if self.names else self.evaluate_amount({})
        except EvaluationError:
            return None

    def _evaluate(self, values: Mapping[str, object]) -> object:
        try:
            key = self._get_values(values)
        except KeyError as missing:
            raise EvaluationError(f"缺少 {missing.args[0]}") from None
        result = self._cache.get(key)
        if result is None:
            result = self._run({name: _convert(values[name], self._types[name]) for name in self.names})
            if len(self._cache) >= _MAX_CACHED:
                self._cache.clear()
            self._cache[key] = result
        return result


_PYTHON_TYPES: Mapping[VariableType, tuple[type, ...]] = {
    "integer": (int,),
    "number": (int, float, Fraction),
    "text": (str,),
    "date": (date,),
}


def _convert(value: Any, type_name: VariableType) -> object:
    """The value as expressions use it. Raises EvaluationError for another type."""
    if type(value) not in _PYTHON_TYPES[type_name]:
        raise EvaluationError(f"填的不是{TYPE_TITLES[type_name]}")
    return to_fraction(value) if type_name == "number" else value


def compile_condition(text: str, declarations: Declarations, known: Iterable[str] = ()) -> Expression:
    """Compile an expression that returns a bool; for a typo the nearest of the `known` names is suggested.

    Raises ExpressionError.
    """
    wrong_type = "条件（when）的结果必须是“是/否”，例如 input.hours >= 2"
    return _compile_checked(text, declarations, known, "bool", wrong_type)


def compile_amount(text: str, declarations: Declarations, known: Iterable[str] = ()) -> Expression:
    """Compile an expression that returns a whole number of points. Raises ExpressionError."""
    wrong_type = "分值（points）的结果必须是整数；小数请用 int(…) 只取整数部分，或用 round(…) 四舍五入"
    return _compile_checked(text, declarations, known, "integer", wrong_type)


def keep_outdated(text: str) -> Expression:
    """An adopted expression that can't be compiled any more: it stays readable, and every evaluation raises
    Outdated."""

    def run(_values: Mapping[str, object]) -> object:
        raise Outdated

    return Expression(text, run, {})


def _compile_checked(
    text: str, declarations: Declarations, known: Iterable[str], expected: ValueType, wrong_type: str
) -> Expression:
    if len(text) > MAX_LENGTH:
        raise ExpressionError(text, [Mistake(f"表达式太长（最多 {MAX_LENGTH} 字），请拆成几项。", 0)])
    try:
        expression, returned, mistakes = _compile_cached(text, declarations)
        if mistakes:
            # Known names are many, and only a typo needs them.
            _, _, mistakes = _compile(text, declarations, tuple(known))
            raise ExpressionError(text, mistakes)
    except SyntaxMistake as mistake:
        raise ExpressionError(text, [Mistake(f"表达式写法不对：{mistake}", mistake.at)]) from None
    if returned != expected:
        raise ExpressionError(text, [Mistake(f"{wrong_type}（现在是{TYPE_TITLES[returned or 'text']}）。", 0)])
    return expression


def _compile(
    text: str, declarations: Declarations, known: Sequence[str] = ()
) -> tuple[Expression, ValueType | None, Sequence[Mistake]]:
    """The expression, the type it returns, and its mistakes."""
    types = dict(declarations)
    compiler = Compiler(types, known or tuple(types))
    compiled = compiler.compile(parse(text))
    used = {name: types[name] for name in compiler.names}
    return Expression(text, compiled.run, used), compiled.type, tuple(compiler.mistakes)


# A draft is parsed at every check, and most of its expressions stay the same.
_compile_cached = lru_cache(maxsize=4096)(_compile)


def _find_place(text: str, at: int) -> tuple[int, int]:
    """Line and column, from 1."""
    return text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)


def _mark_place(text: str, offset: int) -> Iterator[str]:
    """The row of a place, shortened around it if too long, and a caret below the place."""
    start = text.rfind("\n", 0, offset) + 1
    row, at = text[start:].split("\n", 1)[0], offset - start
    if not row:
        return
    first = max(0, at - _MAX_SHOWN // 2) if len(row) > _MAX_SHOWN else 0
    shown = row[first : first + _MAX_SHOWN]
    before, behind = "…" if first else "", "…" if len(row) > first + _MAX_SHOWN else ""
    # A dot as wide as the character above it.
    dots = ("．" if unicodedata.east_asian_width(sign) in "FW" else "." for sign in row[first:at])
    yield f" | {before}{shown}{behind}"
    yield f" | {'.' * len(before)}{''.join(dots)}^"
