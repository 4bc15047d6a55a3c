"""Parses an expression into a tree. The grammar is CEL's without macros: nothing in it can repeat anything."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from rules.expression.tokens import SyntaxMistake, Token, read_tokens

MAX_NESTING = 32
"""Brackets, alternatives and signs within each other."""
_COMPARISONS = ("==", "!=", "<", "<=", ">", ">=", "in")
_RESERVED = ("true", "false", "in")


@dataclass(frozen=True, slots=True)
class Literal:
    at: int
    token: Token


@dataclass(frozen=True, slots=True)
class Name:
    """A dotted name, with an attribute at its end perhaps: only the declarations tell."""

    at: int
    written: str


@dataclass(frozen=True, slots=True)
class Attribute:
    at: int
    target: "Node"
    name: str


@dataclass(frozen=True, slots=True)
class Call:
    """A function, or a method of `arguments[0]`."""

    at: int
    name: str
    arguments: "tuple[Node, ...]"
    is_method: bool


@dataclass(frozen=True, slots=True)
class Unary:
    at: int
    sign: str
    operand: "Node"


@dataclass(frozen=True, slots=True)
class Binary:
    at: int
    sign: str
    left: "Node"
    right: "Node"


@dataclass(frozen=True, slots=True)
class Logical:
    """Two or more operands of && or ||."""

    at: int
    sign: str
    operands: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Choice:
    at: int
    condition: "Node"
    yes: "Node"
    no: "Node"


@dataclass(frozen=True, slots=True)
class ListNode:
    at: int
    items: "tuple[Node, ...]"


Node: TypeAlias = Literal | Name | Attribute | Call | Unary | Binary | Logical | Choice | ListNode


def parse(text: str) -> Node:
    """The tree of an expression. Raises SyntaxMistake."""
    parser = _Parser(list(read_tokens(text)))
    node = parser.parse_choice()
    parser.expect_end()
    return node


class _Parser:
    def __init__(self, tokens: list[Token]) -> None:
        self._tokens, self._place, self._nesting = tokens, 0, 0

    @property
    def _next(self) -> Token:
        return self._tokens[self._place]

    def _take(self) -> Token:
        token = self._next
        self._place += 1
        return token

    def _is(self, *written: str) -> bool:
        return self._next.kind in ("sign", "name") and self._next.written in written

    def expect_end(self) -> None:
        if self._next.kind == "end":
            return
        if self._next.written in (")", "]"):
            raise SyntaxMistake(f"多了一个「{self._next.written}」，括号没有成对。", self._next.at)
        raise SyntaxMistake(f"「{self._next.written}」前面少了运算符号，例如 + 、 * 、 && 。", self._next.at)

    def parse_choice(self) -> Node:
        self._nesting += 1
        if self._nesting > MAX_NESTING:
            raise SyntaxMistake(f"表达式嵌套太深（最多 {MAX_NESTING} 层），请拆成几项。", self._next.at)
        condition = self._parse_logical("||", lambda: self._parse_logical("&&", self._parse_comparison))
        if self._is("?"):
            at = self._take().at
            yes = self.parse_choice()
            if not self._is(":"):
                raise SyntaxMistake(
                    "问号 ? 后面要用冒号写明另一种情况，例如 input.hours >= 8 ? 5 : 2 。", self._next.at
                )
            self._take()
            condition = Choice(at, condition, yes, self.parse_choice())
        self._nesting -= 1
        return condition

    def _parse_logical(self, sign: str, parse_operand: Callable[[], Node]) -> Node:
        operands = [parse_operand()]
        at = self._next.at
        while self._is(sign):
            self._take()
            operands.append(parse_operand())
        return operands[0] if len(operands) == 1 else Logical(at, sign, tuple(operands))

    def _parse_comparison(self) -> Node:
        left = self._parse_sum()
        if not self._is(*_COMPARISONS):
            return left
        sign = self._take()
        if sign.written == "in" and not self._is("["):
            raise SyntaxMistake("in 后面要写方括号，例如 input.place in ['a', 'b'] 。", sign.at)
        node = Binary(sign.at, sign.written, left, self._parse_sum())
        if self._is(*_COMPARISONS):
            raise SyntaxMistake("不能连着比较，要分开写，例如 input.n >= 2 && input.n <= 8 。", self._next.at)
        return node

    def _parse_sum(self) -> Node:
        return self._parse_binary(("+", "-"), lambda: self._parse_binary(("*", "/", "%"), self._parse_unary))

    def _parse_binary(self, signs: tuple[str, ...], parse_operand: Callable[[], Node]) -> Node:
        left = parse_operand()
        while self._is(*signs):
            sign = self._take()
            left = Binary(sign.at, sign.written, left, parse_operand())
        return left

    def _parse_unary(self) -> Node:
        if not self._is("!", "-"):
            return self._parse_postfix()
        self._nesting += 1
        if self._nesting > MAX_NESTING:
            raise SyntaxMistake(f"表达式嵌套太深（最多 {MAX_NESTING} 层），请拆成几项。", self._next.at)
        sign = self._take()
        node = Unary(sign.at, sign.written, self._parse_unary())
        self._nesting -= 1
        return node

    def _parse_postfix(self) -> Node:
        node = self._parse_primary()
        while self._is("."):
            self._take()
            name = self._expect_name()
            if self._is("("):
                node = Call(name.at, name.written, (node, *self._parse_items(")")), is_method=True)
            elif isinstance(node, Name):
                node = Name(node.at, f"{node.written}.{name.written}")
            else:
                node = Attribute(name.at, node, name.written)
        return node

    def _expect_name(self) -> Token:
        if self._next.kind != "name":
            raise SyntaxMistake("点号后面要写名字，例如 input.hours 。", self._next.at)
        return self._take()

    def _parse_primary(self) -> Node:
        token = self._next
        if token.kind in ("integer", "number", "text", "date") or self._is("true", "false"):
            self._take()
            return Literal(token.at, token)
        if token.kind == "name" and token.written not in _RESERVED:
            self._take()
            if self._is("("):
                return Call(token.at, token.written, self._parse_items(")"), is_method=False)
            return Name(token.at, token.written)
        if self._is("("):
            self._take()
            node = self.parse_choice()
            self._expect_closing(")", token)
            return node
        if self._is("["):
            return ListNode(token.at, self._parse_items("]"))
        if token.kind == "end":
            raise SyntaxMistake("没有写完：这里还少一个数、一个量或一对括号。", token.at)
        raise SyntaxMistake(f"「{token.written}」写在这里不对：前面少了一个数或一个量。", token.at)

    def _parse_items(self, closing: str) -> tuple[Node, ...]:
        """What stands between a bracket and its counterpart."""
        opening = self._take()
        items: list[Node] = []
        while not self._is(closing):
            if items:
                if not self._is(","):
                    self._expect_closing(closing, opening)
                    return tuple(items)
                self._take()
            items.append(self.parse_choice())
        self._take()
        return tuple(items)

    def _expect_closing(self, closing: str, opening: Token) -> None:
        if not self._is(closing):
            at = opening.at if self._next.kind == "end" else self._next.at
            raise SyntaxMistake(f"括号没有成对，少一个 {closing} 。", at)
        self._take()
