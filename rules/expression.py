"""The only door to CEL: compile once, answer a bool or an int, and turn every mishap into a sentence.

The runtime (cel-expr-python 0.1.x) bounds depth, length and loops by itself. Its traps are closed here:
run-time errors come back as values that are truthy strings, the budget for loops raises instead,
and an expression over values of unknown type would let mistakes through to the day of the claim.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from operator import itemgetter
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
_TYPES = {"int": "整数", "double": "小数", "string": "文字", "bool": "是/否", "timestamp": "日期"}
LONGEST = 2_000
"""Characters of an expression: what no village committee can read out is no rule."""
_REMEMBERED = 4096
_LISTED = 12
_DOTTED = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")
_LOOP = re.compile(r"\.\s*(?:all|exists|exists_one|existsOne|map|filter|transformList|transformMap)\s*\(")
_PATTERN = re.compile(r"\bmatches\s*\(")
_DRAWN = 72
_PLACE = re.compile(r"ERROR: <input>:(-?\d+):(-?\d+): (.*)")


def _nothing(_values: Mapping[str, object]) -> object:
    """What an expression without names depends on."""
    return ()


class ExpressionError(ValueError):
    """An expression does not compile. `line` and `column` (from 1) are within it, 0 when unknown."""

    def __init__(self, message: str, line: int = 0, column: int = 0) -> None:
        self.line, self.column = line, column
        super().__init__(message)


class ExpressionFailed(ArithmeticError):
    """A compiled expression found no answer for these values, e.g. divided by zero."""


class Expression:
    """A compiled expression. Make one with `compile_condition` or `compile_amount`.

    Answers are remembered: the same few hours and kilograms come again and again, and looking an answer up
    takes a tenth of working it out.
    """

    __slots__ = ("_answers", "_compiled", "_pick", "names", "text")

    def __init__(self, text: str, compiled: Any, names: tuple[str, ...]) -> None:
        self.text = text
        self.names = names
        self._compiled = compiled
        self._pick: Callable[[Mapping[str, object]], object] = itemgetter(*names) if names else _nothing
        self._answers: dict[object, object] = {}

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
        """The amount, if it depends on nothing and no loop has to be run for it; None otherwise."""
        try:
            return None if self.names or _LOOP.search(self.text) else self.amount({})
        except ExpressionFailed:
            return None

    def _evaluate(self, values: Mapping[str, object]) -> object:
        try:
            asked = self._pick(values)
        except KeyError as missing:
            raise ExpressionFailed(f"no value for {missing}") from None
        answer = self._answers.get(asked)
        if answer is None:
            answer = self._work_out({name: values[name] for name in self.names})
            if len(self._answers) >= _REMEMBERED:
                self._answers.clear()
            self._answers[asked] = answer
        return answer

    def _work_out(self, values: dict[str, object]) -> object:
        # The type was settled at compile time, so an error is known by its value: a str is neither bool
        # nor int. Asking CEL for the type as well would cost half as much again.
        try:
            return self._compiled.eval(data=values).value()
        except RuntimeError as error:
            raise ExpressionFailed(str(error)) from error


def compile_condition(text: str, declarations: Declarations, known: Iterable[str] = ()) -> Expression:
    """Compile an expression that answers yes or no; the nearest of the `known` names is suggested for a typo.

    Raises ExpressionError.
    """
    wrong = "条件（when）的结果必须是“是/否”，例如 input.hours >= 2"
    return _checked(text, declarations, known, "BOOL", wrong)


def compile_amount(text: str, declarations: Declarations, known: Iterable[str] = ()) -> Expression:
    """Compile an expression that answers a whole number of points. Raises ExpressionError."""
    wrong = "分值（points）的结果必须是整数；小数请用 int(…) 取整"
    return _checked(text, declarations, known, "INT", wrong)


def _checked(
    text: str, declarations: Declarations, known: Iterable[str], expected: str, wrong_type: str
) -> Expression:
    if len(text) > LONGEST:
        raise ExpressionError(f"表达式太长（最多 {LONGEST} 字），请拆成几项。")
    # The runtime bounds loops and patterns, but not their product: half a page of it runs for a minute.
    if _LOOP.search(text) and _PATTERN.search(text):
        raise ExpressionError("matches 不能和 map、filter、exists、all 用在同一个表达式里，请拆成几项。")
    try:
        expression, returned = _compile(text, declarations)
    except RuntimeError as error:
        names = list(known) or [name for name, _ in declarations]
        raise _sentence(str(error), text, names) from error
    if returned != expected:
        raise ExpressionError(f"{wrong_type}（现在是 {returned}）。", 1, 1)
    return expression


# Books are read again whenever a draft is checked, and most of their expressions stay the same.
@lru_cache(maxsize=4096)
def _compile(text: str, declarations: Declarations) -> tuple[Expression, str]:
    """The expression and the name of the type it returns."""
    compiled = _environment(declarations).compile(text)
    names = tuple(name for name, _ in declarations if name in text)
    return Expression(text, compiled, names), compiled.return_type().name()


@lru_cache(maxsize=1024)
def _environment(declarations: Declarations) -> Any:
    return cel.NewEnv(variables={name: _CEL_TYPE[kind] for name, kind in declarations})


def _sentence(raw: str, text: str, known: Sequence[str]) -> ExpressionError:
    """CEL's first complaint in Chinese, with the caret line that CEL drew."""
    if "recursion" in raw:
        return ExpressionError("表达式嵌套太深或太长（最多 32 层），请拆成几项。")
    first = _PLACE.search(raw)
    if not first:
        return ExpressionError(f"表达式有误：{raw}")
    line, column, complaint = int(first[1]), int(first[2]), first[3].removesuffix(" [INVALID_ARGUMENT]")
    rows = text.splitlines()
    row = rows[line - 1] if 0 < line <= len(rows) else ""
    found = _DOTTED.match(row, max(column - 1, 0))
    # CEL complains of the first part only of a dotted name.
    sentence = _translated(complaint, found[0] if found else "", known)
    return ExpressionError("\n".join([sentence, *_drawing(row, max(column - 1, 0))]), line, column)


def _drawing(row: str, at: int) -> Iterator[str]:
    """The row, or what is around the place where it is too long, and a caret under that place."""
    if not row:
        return
    start = max(0, at - _DRAWN // 2) if len(row) > _DRAWN else 0
    shown = row[start : start + _DRAWN]
    before, behind = "…" if start else "", "…" if len(row) > start + _DRAWN else ""
    # A dot as wide as the sign above it.
    dots = ("．" if unicodedata.east_asian_width(sign) in "FW" else "." for sign in row[start:at])
    yield f" | {before}{shown}{behind}"
    yield f" | {'.' * len(before)}{''.join(dots)}^"


def _applied(overload: re.Match[str]) -> str:
    """An operation on types as people write it, 整数 * 小数; of a function, its name and what it was given."""
    name = overload[1]
    types = [_TYPES.get(each.strip(), each.strip()) for each in overload[2].strip("()").split(",")]
    operator = name.strip("_@") if name.startswith(("_", "@")) else ""
    return f" {operator} ".join(types) if operator and len(types) == 2 else f"{name}({', '.join(types)})"


def _translated(complaint: str, name: str, known: Sequence[str]) -> str:
    undeclared = re.match(r"undeclared reference to '([^']*)'", complaint)
    if undeclared:
        wanted = name if name.startswith(undeclared[1]) else undeclared[1]
        hint = did_you_mean(wanted, known) or f"；可用的有 {'、'.join(known[:_LISTED])}"
        return f"没有叫「{wanted}」的量{hint}。"
    if found := re.match(r"Syntax error: token recognition error at: '(.)", complaint):
        if found[1] == "=":
            return "表达式写法不对：比较两边是不是一样，要写两个等号 == 。"
        if found[1] in "'\"":
            return "表达式写法不对：引号没有成对。"
        return f"表达式写法不对：不能用「{found[1]}」，量的名字都用英文，文字要放在单引号里。"
    if "expecting ':'" in complaint:
        return "表达式写法不对：问号 ? 后面要用冒号写明另一种情况，例如 input.hours >= 8 ? 5 : 2 。"
    overload = re.match(r"found no matching overload for '(.*)' applied to '(.*)'", complaint)
    if overload and {"int", "double"} <= set(re.findall(r"\w+", overload[2])):
        return (
            f"整数和小数不能直接放在一起（现在是 {_applied(overload)}）：与小数比较或运算时写 2.0 而不是 2，"
            "或用 double(…) 把整数变成小数、用 int(…) 取整。"
        )
    if overload:
        return f"两边的类型对不上，不能这样比较或运算（现在是 {_applied(overload)}）。"
    return f"表达式写法不对（{complaint}）。"
