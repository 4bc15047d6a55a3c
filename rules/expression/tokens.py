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
    r"""(?P<blank>\s+|//(?![ \t]*(?:[\d(]|[a-z_]+\.)[^\u3400-\u9fff\n]*(?:\n|$))[^\n]*)
    |(?P<date>\d{4}-\d{1,2}-\d{1,2}(?![\w.\u3400-\u9fff]))
    |(?P<number>\d*\.\d+(?![\w.\u3400-\u9fff]))
    |(?P<integer>\d+(?![\w.\u3400-\u9fff]))
    |(?P<name>[A-Za-z_]\w*)
    |(?P<text>'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*")
    |(?P<sign>&&(?!&)|\|\|(?!\|)|==(?!=)|!=(?!=)|<=|>=|<(?!>)|>(?!>)|!(?!==)|\*(?!\*)|/(?!/)|[-+%?:(),.\[\]])""",
    re.VERBOSE | re.ASCII,
)
_OTHER_DATE = re.compile(r"(\d{4})(?:[-/.]|年)(\d{1,2})(?:[-/.]|月)(\d{1,2})日?")
_RUN = re.compile(r"[\u3400-\u9fff]+|\d[\w.]*|[=<>!&|*]+|//|.", re.DOTALL)
_PERCENT = re.compile(r"(\d+(?:\.\d+)?)\s*[%％](?=\s*(?:$|[)\],?:&|<>=!+*/]))")
_THOUSANDS = re.compile(r"\d{1,3}(?:[,，]\d{3})+(?![\w.])")
_SPLIT_SIGN = re.compile(r"([<>=!])\s+=(?!=)|&\s+&|\|\s+\|")
_TRAILING_POINT = re.compile(r"(\d+)\.(?![\d.\w])", re.ASCII)
_PLAIN_DATE = re.compile(r"(\d{4}-\d{2}-\d{2})(?:T00:00:00(?:Z|\+0[08]:00)?)?", re.ASCII)
_ESCAPE = re.compile(r"\\(.)")
_MAX_DIGITS = 18
_INSTEAD = {
    **{"and": "&&", "or": "||", "not": "!"},
    **{"且": "&&", "并且": "&&", "而且": "&&", "和": "&&", "或": "||", "或者": "||", "不": "!", "不是": "!="},
    **{"&": "&&", "|": "||", "&&&": "&&", "|||": "||", "===": "==", "!==": "!=", "<>": "!="},
    **{"=>": ">=", "=<": "<=", "≥": ">=", "≤": "<=", "≠": "!=", "×": "*", "÷": "/", "−": "-", "–": "-"},
    **{"大于": ">", "小于": "<", "等于": "==", "不等于": "!=", "否": "false", "真": "true", "假": "false"},
    **{"大于等于": ">=", "大于或等于": ">=", "不小于": ">=", "不少于": ">=", "不低于": ">=", "至少": ">="},
    **{"小于等于": "<=", "小于或等于": "<=", "不大于": "<=", "不超过": "<=", "不多于": "<=", "至多": "<="},
    **{"超过": ">", "高于": ">", "多于": ">", "少于": "<", "低于": "<", "非": "!", "以及": "&&", "同时": "&&"},
    **{"加": "+", "减": "-", "乘": "*", "乘以": "*", "除以": "/", "＊": "*", "//": "/", ">>": ">", "·": "*"},
    **{"null": "''", "none": "''", "nil": "''", "mod": "%", "div": "/", "xor": "!="},
    **{"“": "'", "”": "'", "‘": "'", "’": "'", "、": ",", "。": ".", "【": "[", "】": "]"},
}
"""What people write for the signs of expressions; words of Latin letters in lower case."""
_BOOLEANS = {"true": "true", "false": "false", "yes": "true", "no": "false"}


def read_tokens(text: str) -> Iterator[Token]:
    """The tokens of an expression, the last of kind `end`. Raises SyntaxMistake."""
    at = brackets = 0
    while at < len(text):
        _refuse_written_number(text, at, is_listed=brackets > 0)
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
            brackets += (written in "([") - (written in ")]")
            yield Token(kind, written, at)
        at = found.end()
    yield Token("end", "", len(text))


def read_plain_date(text: str) -> date | None:
    """A date such as 2026-03-08, or its beginning as earlier books have it (2026-03-08T00:00:00Z); None when it is
    neither."""
    found = _PLAIN_DATE.fullmatch(text)
    try:
        return date.fromisoformat(found[1]) if found else None
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


def _refuse_written_number(text: str, at: int, *, is_listed: bool) -> None:
    """Refuse what people write for numbers and signs and what would be read as several tokens. `is_listed`: within
    brackets, where a comma may stand between two numbers."""
    if percent := _PERCENT.match(text, at):
        decimal = format(float(Fraction(percent[1]) / 100), ".15g")
        raise SyntaxMistake(f"百分数要写成小数：「{percent[0]}」写成 {decimal} 。", at)
    thousands = _THOUSANDS.match(text, at)
    if thousands and (not is_listed or ",0" in thousands[0] or "，" in thousands[0]):
        plain = thousands[0].replace(",", "").replace("，", "")
        raise SyntaxMistake(f"数字中间不写逗号：「{thousands[0]}」写成 {plain} 。", at)
    if point := _TRAILING_POINT.match(text, at):
        raise SyntaxMistake(f"小数点后面要有数字：「{point[0]}」写成 {point[1]} 或 {point[1]}.0 。", at)
    if split := _SPLIT_SIGN.match(text, at):
        whole = "".join(split[0].split())
        raise SyntaxMistake(f"符号中间不能有空格：「{split[0]}」写成 {whole} 。", at)


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
            day = date(*map(int, other.groups())).isoformat()
            if day == other[0]:
                return SyntaxMistake(
                    f"日期后面不能跟别的字：不写时刻；要它的一部分，写成 ({day}).month 这样。", at
                )
            return SyntaxMistake(f"「{other[0]}」要写成 {day} 。", at)
        except ValueError:
            return SyntaxMistake(f"没有 {other[0]} 这一天，请核对日期。", at)
    run = _RUN.match(text, at)
    written = run[0] if run else text[at]
    plain = unicodedata.normalize("NFKC", written)
    if written == "=":
        return SyntaxMistake("比较两边是不是一样，要写两个等号 == 。", at)
    if written in _INSTEAD:
        return SyntaxMistake(f"「{written}」要写成 {_INSTEAD[written]} 。", at)
    if written == "是":
        return SyntaxMistake("「是」要写成 == （和什么一样）或 true （成立）。", at)
    if written in (";", "；"):
        return SyntaxMistake("末尾不写分号；同时要成立的两个条件用 && 连起来。", at)
    if written.isspace():
        return SyntaxMistake("这里的空格不是平常的空格，请删去或改成半角空格。", at)
    if plain != written and plain.isascii():
        return SyntaxMistake(f"这里用了中文的「{written}」，要改成英文的 {plain} 。", at)
    if written[0] in "'\"":
        return SyntaxMistake("引号没有成对。", at)
    if written[0].isdigit():
        return SyntaxMistake(f"「{written}」不是一个数：数字后面不能跟单位或别的字。", at)
    return SyntaxMistake(f"不能用「{written}」，量的名字都用英文，文字要放在单引号里。", at)
