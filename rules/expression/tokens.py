"""Splits an expression into tokens. What a Chinese keyboard or another language's habit put there is named, with
what to write instead."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Literal, TypeAlias, cast

TokenKind: TypeAlias = Literal["name", "integer", "number", "text", "date", "sign", "end"]


class SyntaxMistake(ValueError):
    """An expression that can't be read; `at` is the offset of the mistake within it."""

    def __init__(self, message: str, at: int) -> None:
        self.at = at
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Token:
    """`written` is the text of a name or a sign, `value` that of a literal."""

    kind: TokenKind
    written: str
    at: int
    value: int | Fraction | str | date | None = None


_TOKEN = re.compile(
    r"""(?P<blank>\s+|//[^\n]*)
    |(?P<date>\d{4}-\d{1,2}-\d{1,2}(?![\w.\u3400-\u9fff]))
    |(?P<number>\d*\.\d+(?![\w.\u3400-\u9fff]))
    |(?P<integer>\d+(?![\w.\u3400-\u9fff]))
    |(?P<name>[A-Za-z_]\w*)
    |(?P<text>'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*")
    |(?P<sign>&&(?!&)|\|\|(?!\|)|==(?!=)|!=(?!=)|<=|>=|[-+*/%<>!?:(),.\[\]])""",
    re.VERBOSE | re.ASCII,
)
_OTHER_DATE = re.compile(r"(\d{4})(?:[-/.]|年)(\d{1,2})(?:[-/.]|月)(\d{1,2})日?")
_RUN = re.compile(r"[\u3400-\u9fff]+|\d\w*%?|[=<>!&|*]+|.", re.DOTALL)
_ESCAPE = re.compile(r"\\(.)")
_MAX_DIGITS = 18
_INSTEAD = {
    **{"and": "&&", "or": "||", "not": "!"},
    **{"且": "&&", "并且": "&&", "而且": "&&", "和": "&&", "或": "||", "或者": "||", "不": "!", "不是": "!="},
    **{"&": "&&", "|": "||", "&&&": "&&", "|||": "||", "===": "==", "!==": "!=", "<>": "!="},
    **{"=>": ">=", "=<": "<=", "≥": ">=", "≤": "<=", "≠": "!=", "×": "*", "÷": "/", "−": "-", "–": "-"},
    **{"大于": ">", "小于": "<", "等于": "==", "不等于": "!=", "是": "true", "否": "false", "真": "true"},
    **{"“": "'", "”": "'", "‘": "'", "’": "'", "、": ",", "。": ".", "【": "[", "】": "]"},
}
"""What people write for the signs of expressions; words of Latin letters in lower case."""
_BOOLEANS = {"true": "true", "false": "false", "yes": "true", "no": "false"}


def read_tokens(text: str) -> Iterator[Token]:
    """The tokens of an expression, the last of kind `end`. Raises SyntaxMistake."""
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise _explain(text, at)
        kind, written = cast(TokenKind | Literal["blank"], found.lastgroup), found[0]
        if kind == "date":
            yield Token("date", written, at, _read_date(written, at))
        elif kind == "integer" or kind == "number":
            if _OTHER_DATE.match(text, at):
                raise _explain(text, at)
            if len(written) > _MAX_DIGITS:
                raise SyntaxMistake(f"「{written[:_MAX_DIGITS]}…」位数太多，一个数最多 {_MAX_DIGITS} 位。", at)
            yield Token(kind, written, at, int(written) if kind == "integer" else Fraction(written))
        elif kind == "text":
            yield Token("text", written, at, _ESCAPE.sub(r"\1", written[1:-1]))
        elif kind == "name" or kind == "sign":
            _refuse_foreign_word(written, at)
            yield Token(kind, written, at)
        at = found.end()
    yield Token("end", "", len(text))


def read_plain_date(text: str) -> date | None:
    """A date such as 2026-03-08; None when it isn't one. A time behind it is ignored."""
    try:
        return date.fromisoformat(text.split("T")[0])
    except ValueError:
        return None


def _read_date(written: str, at: int) -> date:
    year, month, day = map(int, written.split("-"))
    try:
        found = date(year, month, day)
    except ValueError:
        raise SyntaxMistake(f"没有 {written} 这一天，请核对日期。", at) from None
    if written != found.isoformat():
        raise SyntaxMistake(f"日期要写成 {found}，月和日都是两位。", at)
    return found


def _refuse_foreign_word(written: str, at: int) -> None:
    lower = written.lower()
    if lower in _INSTEAD:
        raise SyntaxMistake(f"「{written}」要写成 {_INSTEAD[lower]} 。", at)
    if lower in _BOOLEANS and written != _BOOLEANS[lower]:
        raise SyntaxMistake(f"「{written}」要写成小写的 {_BOOLEANS[lower]} 。", at)
    if lower in ("if", "then", "else", "elif"):
        raise SyntaxMistake(
            f"不用「{written}」：分情况写成 条件 ? 一种 : 另一种，例如 input.n >= 8 ? 5 : 2 。", at
        )


def _explain(text: str, at: int) -> SyntaxMistake:
    """Why no token begins at this place."""
    other = _OTHER_DATE.match(text, at)
    if other:
        try:
            return SyntaxMistake(f"「{other[0]}」要写成 {date(*map(int, other.groups()))} 。", at)
        except ValueError:
            return SyntaxMistake(f"没有 {other[0]} 这一天，请核对日期。", at)
    run = _RUN.match(text, at)
    written = run[0] if run else text[at]
    plain = unicodedata.normalize("NFKC", written)
    if written == "=":
        return SyntaxMistake("比较两边是不是一样，要写两个等号 == 。", at)
    if written in _INSTEAD:
        return SyntaxMistake(f"「{written}」要写成 {_INSTEAD[written]} 。", at)
    if plain != written and plain.isascii():
        return SyntaxMistake(f"这里用了中文的「{written}」，要改成英文的 {plain} 。", at)
    if written[0] in "'\"":
        return SyntaxMistake("引号没有成对。", at)
    if written[0].isdigit():
        return SyntaxMistake(f"「{written}」不是一个数：数字后面不能跟单位或别的字。", at)
    return SyntaxMistake(f"不能用「{written}」，量的名字都用英文，文字要放在单引号里。", at)
