"""Checks the types of an expression's tree and turns it into a function of the variables' values.

Every part of the tree is evaluated at most once, and no value is larger than what it is made of, so that an
evaluation ends in time and memory proportional to the length of the text.
"""

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from rules.expression.syntax import Attribute, Binary, Call, Choice, ListNode, Literal, Logical, Name, Node, Unary
from rules.expression.tokens import SyntaxMistake, read_plain_date
from rules.expression.values import (
    ARITHMETIC,
    DATE_PARTS,
    FUNCTIONS,
    METHODS,
    TYPE_TITLES,
    EvaluationError,
    Operation,
    ValueType,
)
from rules.problems import did_you_mean

Values: TypeAlias = Mapping[str, Any]
Run: TypeAlias = Callable[[Values], Any]

MAX_HEIGHT = 100
_MAX_LISTED = 12
_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_OTHER_NAMES = {
    **{"floor": "int(…)", "trunc": "int(…)", "len": "size(…)", "length": "size(…)"},
    **{"today": "deed.on", "now": "deed.on", "includes": "contains(…)", "matches": "contains(…)"},
}
"""What functions of other languages are called here."""
_LOOPS = ("all", "exists", "exists_one", "existsOne", "map", "filter", "transformList", "transformMap")


@dataclass(frozen=True, slots=True)
class Compiled:
    """`type` is None after a mistake, which is then told once. `whole_division` is the place of a quotient of
    whole numbers in it, of which only the whole part counts."""

    type: ValueType | None
    run: Run
    whole_division: int | None = None


_Pair: TypeAlias = tuple[Compiled, Compiled]


@dataclass(frozen=True, slots=True)
class Mistake:
    message: str
    at: int


class Compiler:
    """Compiles one expression over variables of these types; `known` are names to suggest for a typo."""

    def __init__(self, types: Mapping[str, ValueType], known: Sequence[str]) -> None:
        self._types, self._known = types, known
        self.names: dict[str, None] = {}
        """The variables that occur, in order."""
        self.mistakes: list[Mistake] = []
        self._height = 0

    def compile(self, node: Node) -> Compiled:
        """Raises SyntaxMistake for a tree that is too high; other mistakes are collected."""
        self._height += 1
        if self._height > MAX_HEIGHT:
            raise SyntaxMistake("表达式嵌套太深或太长，请拆成几项。", node.at)
        match node:
            case Literal():
                compiled = self._literal(node)
            case Name():
                compiled = self._name(node)
            case Attribute():
                compiled = self._attribute(self.compile(node.target), node.name, node.at)
            case Call():
                compiled = self._call(node)
            case Unary():
                compiled = self._unary(node)
            case Binary(sign="in"):
                compiled = self._member(node)
            case Binary():
                compiled = self._compare(node) if node.sign in _COMPARE else self._calculate(node)
            case Logical():
                compiled = self._logical(node)
            case Choice():
                compiled = self._choice(node)
            case ListNode():
                compiled = self._wrong("方括号只能写在 in 后面，例如 input.place in ['a', 'b'] 。", node.at)
        self._height -= 1
        return compiled

    def _wrong(self, message: str, at: int) -> Compiled:
        self.mistakes.append(Mistake(message, at))
        return _UNKNOWN

    def _literal(self, node: Literal) -> Compiled:
        token = node.token
        if token.kind == "name":
            value: object = token.written == "true"
            return Compiled("bool", lambda _values: value)
        value = token.value
        # The other kinds of tokens aren't literals.
        return Compiled(token.kind, lambda _values: value)  # type: ignore[arg-type]

    def _name(self, node: Name) -> Compiled:
        steps = node.written.split(".")
        for length in range(len(steps), 0, -1):
            name = ".".join(steps[:length])
            if name in self._types:
                self.names[name] = None
                compiled = Compiled(self._types[name], operator.itemgetter(name))
                for attribute in steps[length:]:
                    compiled = self._attribute(compiled, attribute, node.at, name)
                return compiled
        # Where its last part begins, which is what is misspelt as a rule.
        at = node.at + max(node.written.rfind("."), 0)
        hint = did_you_mean(node.written, self._known) or f"；可用的有 {'、'.join(self._known[:_MAX_LISTED])}"
        return self._wrong(f"没有叫「{node.written}」的量{hint}。", at)

    def _attribute(self, target: Compiled, name: str, at: int, of: str = "") -> Compiled:
        if target.type is None:
            return _UNKNOWN
        if target.type == "date" and name in DATE_PARTS:
            part, run = DATE_PARTS[name], target.run
            return Compiled("integer", lambda values: part(run(values)))
        wanted = f"{of}.{name}" if of else name
        if target.type == "date":
            hint = did_you_mean(name, DATE_PARTS) or f"；日期有 {'、'.join('.' + part for part in DATE_PARTS)}"
        else:
            hint = f"；请用 {_OTHER_NAMES[name]}" if name in _OTHER_NAMES else ""
        return self._wrong(f"没有叫「{wanted}」的量{hint}。", at)

    def _call(self, node: Call) -> Compiled:
        arguments = [] if node.name in _LOOPS else [self.compile(argument) for argument in node.arguments]
        if node.name in _LOOPS:
            return self._wrong(f"不能用循环「{node.name}」，请把每种情况分开写。", node.at)
        if not node.is_method and node.name in ("min", "max"):
            return self._extreme(node, arguments)
        if not node.is_method and node.name in ("date", "timestamp"):
            return self._date(node)
        operation = (METHODS if node.is_method else FUNCTIONS).get(node.name)
        if operation is None:
            return self._unknown_function(node)
        return self._apply(node.name, operation, arguments, node.at)

    def _unknown_function(self, node: Call) -> Compiled:
        known = list(METHODS)[:4] if node.is_method else [*FUNCTIONS, "min", "max", "date"]
        if node.name in DATE_PARTS:
            hint = f"；日期的一部分写成 input.day.{node.name}，不写括号"
        elif node.name in _OTHER_NAMES:
            hint = f"；请用 {_OTHER_NAMES[node.name]}"
        else:
            hint = did_you_mean(node.name, known) or f"；可用的有 {'、'.join(known)}"
        return self._wrong(f"没有叫「{node.name}」的算法{hint}。", node.at)

    def _apply(self, name: str, operation: Operation, arguments: Sequence[Compiled], at: int) -> Compiled:
        if any(argument.type is None for argument in arguments):
            return _UNKNOWN
        given = [argument.type for argument in arguments]
        if len(given) != len(operation.arguments) or not all(map(_fits, given, operation.arguments)):
            wanted = "、".join(TYPE_TITLES[each] for each in operation.arguments)
            if len(given) != len(operation.arguments):
                wanted = f" {len(operation.arguments)} 个（{wanted}）"
            return self._wrong(f"「{name}」要的是{wanted}，现在是{_titles(given)}。", at)
        apply, runs = operation.apply, [argument.run for argument in arguments]
        if len(runs) == 1:
            run = runs[0]
            return Compiled(operation.result, lambda values: apply(run(values)))
        return Compiled(operation.result, lambda values: apply(*(run(values) for run in runs)))

    def _extreme(self, node: Call, arguments: Sequence[Compiled]) -> Compiled:
        types = [argument.type for argument in arguments]
        if None in types:
            return _UNKNOWN
        if len(types) < 2 or not all(_fits(each, "number") for each in types):
            return self._wrong(f"「{node.name}」要两个以上的数，例如 {node.name}(input.hours, 8) 。", node.at)
        choose: Callable[..., Any] = min if node.name == "min" else max
        runs = [argument.run for argument in arguments]
        return Compiled(
            "number" if "number" in types else "integer", lambda values: choose(run(values) for run in runs)
        )

    def _date(self, node: Call) -> Compiled:
        written = node.arguments[0] if len(node.arguments) == 1 else None
        if isinstance(written, Literal) and written.token.kind == "date":
            return self._literal(written)
        if not isinstance(written, Literal) or written.token.kind != "text":
            return self._wrong(f'「{node.name}」里要写一个日期，例如 {node.name}("2026-03-08") 。', node.at)
        return self._dated(written)

    def _dated(self, node: Literal) -> Compiled:
        """A text literal as the date that it names."""
        written = str(node.token.value)
        day = read_plain_date(written)
        if day is None:
            return self._wrong(f"「{written}」不是日期；日期要写成 2026-03-08 这样。", node.at)
        return Compiled("date", lambda _values: day)

    def _unary(self, node: Unary) -> Compiled:
        operand = self.compile(node.operand)
        run = operand.run
        if operand.type is None:
            return _UNKNOWN
        if node.sign == "!" and operand.type == "bool":
            return Compiled("bool", lambda values: not run(values))
        if node.sign == "-" and _fits(operand.type, "number"):
            return Compiled(operand.type, lambda values: -run(values), operand.whole_division)
        wanted = "一个条件（比较要放在括号里，例如 !(input.n > 2) ）" if node.sign == "!" else "数"
        return self._wrong(f"{node.sign} 后面要的是{wanted}，现在是{TYPE_TITLES[operand.type]}。", node.at)

    def _pair(self, sides: tuple[Node, Node], compiled: tuple[Compiled, Compiled]) -> _Pair | None:
        """Both sides of an operation, a text beside a date as a date; None after a mistake."""
        left, right = compiled
        if left.type == "date" and right.type == "text" and isinstance(sides[1], Literal):
            right = self._dated(sides[1])
        elif right.type == "date" and left.type == "text" and isinstance(sides[0], Literal):
            left = self._dated(sides[0])
        if left.type is None or right.type is None:
            return None
        for one, other in ((left, right), (right, left)):
            if one.whole_division is not None and other.type == "number":
                self._wrong(
                    "整数除以整数只取整数部分（7 / 2 得 3），不能再和小数放在一起："
                    "要小数就在一边写小数点，例如 input.days / 2.0 ；只要整数部分就写 int(…)。",
                    one.whole_division,
                )
                return None
        return left, right

    def _calculate(self, node: Binary) -> Compiled:
        pair = self._pair((node.left, node.right), (self.compile(node.left), self.compile(node.right)))
        if pair is None:
            return _UNKNOWN
        left, right = pair
        assert left.type is not None
        assert right.type is not None
        operation = ARITHMETIC.get((node.sign, left.type, right.type))
        if operation is None:
            return self._mismatch(node, pair)
        apply, one, other = operation.apply, left.run, right.run
        whole = None
        if operation.result == "integer" and left.type == "integer":
            whole = node.at if node.sign == "/" else left.whole_division or right.whole_division
        return Compiled(operation.result, lambda values: apply(one(values), other(values)), whole)

    def _compare(self, node: Binary) -> Compiled:
        pair = self._comparable(node, (self.compile(node.left), self.compile(node.right)))
        if pair is None:
            return _UNKNOWN
        apply, one, other = _COMPARE[node.sign], pair[0].run, pair[1].run
        return Compiled("bool", lambda values: apply(one(values), other(values)))

    def _comparable(self, node: Binary, compiled: tuple[Compiled, Compiled]) -> _Pair | None:
        pair = self._pair((node.left, node.right), compiled)
        if pair is None:
            return None
        left, right = pair
        alike = left.type == right.type or (_fits(left.type, "number") and _fits(right.type, "number"))
        if not alike or (left.type == "bool" and node.sign not in ("==", "!=")):
            self._mismatch(node, pair)
            return None
        return pair

    def _mismatch(self, node: Binary, pair: _Pair) -> Compiled:
        left, right = (TYPE_TITLES[each.type] for each in pair if each.type)
        advice = "。"
        if {left, right} == {"整数", "文字"} and "text" in (_literal_kind(node.left), _literal_kind(node.right)):
            advice = "：数字不要放在引号里。"
        elif "日期" in (left, right):
            advice = "：日期只能和日期比较，例如 2026-03-08 。"
        return self._wrong(
            f"两边的类型对不上，不能这样比较或运算（现在是 {left} {node.sign} {right}）{advice}", node.at
        )

    def _member(self, node: Binary) -> Compiled:
        left = self.compile(node.left)
        if not isinstance(node.right, ListNode):
            return self._wrong("in 后面要写方括号，例如 input.place in ['a', 'b'] 。", node.at)
        pairs = [
            self._comparable(Binary(item.at, "==", node.left, item), (left, self.compile(item)))
            for item in node.right.items
        ]
        one, others = left.run, [pair[1].run for pair in pairs if pair]
        if len(others) < len(pairs):
            return _UNKNOWN

        def run(values: Values) -> bool:
            value = one(values)
            return any(value == other(values) for other in others)

        return Compiled("bool", run)

    def _logical(self, node: Logical) -> Compiled:
        operands = [self.compile(operand) for operand in node.operands]
        for operand, part in zip(operands, node.operands, strict=True):
            if operand.type not in ("bool", None):
                self._wrong(f"{node.sign} 两边都要是条件，现在有一边是{TYPE_TITLES[operand.type]}。", part.at)
        runs, decisive = [operand.run for operand in operands], node.sign == "||"

        def run(values: Values) -> bool:
            failure = None
            for each in runs:
                try:
                    if each(values) == decisive:
                        return decisive
                except EvaluationError as error:
                    # Another operand may decide: 1 / n > 0 || n == 0.
                    failure = failure or error
            if failure:
                raise failure
            return not decisive

        return Compiled("bool", run)

    def _choice(self, node: Choice) -> Compiled:
        condition, yes, no = self.compile(node.condition), self.compile(node.yes), self.compile(node.no)
        if condition.type not in ("bool", None):
            return self._wrong(f"问号 ? 前面要是一个条件，现在是{TYPE_TITLES[condition.type]}。", node.at)
        if None in (condition.type, yes.type, no.type):
            return _UNKNOWN
        number = _fits(yes.type, "number") and _fits(no.type, "number")
        if yes.type != no.type and not number:
            return self._wrong(f"冒号两边要是同一种，现在是{_titles([yes.type, no.type])}。", node.at)
        decide, one, other = condition.run, yes.run, no.run
        return Compiled(
            yes.type if yes.type == no.type else "number",
            lambda values: one(values) if decide(values) else other(values),
            yes.whole_division or no.whole_division,
        )


def _no_result(_values: Values) -> Any:
    raise EvaluationError("有误")


_UNKNOWN = Compiled(None, _no_result)


def _fits(given: ValueType | None, wanted: ValueType) -> bool:
    return given == wanted or (given == "integer" and wanted == "number")


def _literal_kind(node: Node) -> str:
    return node.token.kind if isinstance(node, Literal) else ""


def _titles(types: Sequence[ValueType | None]) -> str:
    return "、".join(TYPE_TITLES[each] for each in types if each) or "什么也没有"
