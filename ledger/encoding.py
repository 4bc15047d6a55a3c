"""The canonical text of a JSON value: to the letter what PostgreSQL prints for `value::jsonb::text`.

Keys are ordered by their length in UTF-8, then byte by byte; a comma and a colon are followed by a space; only
`"`, `\\` and control characters are escaped; numbers are written out, and keep the zeros they end with. So the
text of a record can be made, and hashed, in the database or far from it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import NoReturn, TypeAlias

Json: TypeAlias = "Mapping[str, Json] | Sequence[Json] | str | int | Decimal | None"
"""No float: what it stands for isn't what is written. `bool` is an `int` to Python, and kept apart here."""

# PostgreSQL's `numeric` holds no more.
MOST_INTEGER_DIGITS = 131_072
MOST_DECIMALS = 16_383

# Python escapes just what PostgreSQL does, in the same way.
_ESCAPE = json.JSONEncoder(ensure_ascii=False).encode


class EncodingError(ValueError):
    """One sentence on why a value has no canonical text, or a text no value."""


def canonical(value: Json) -> str:
    """Raises EncodingError for what jsonb doesn't hold: U+0000, lone surrogates, floats, numbers out of range."""
    try:
        return _text(value)
    except RecursionError:
        raise EncodingError("嵌套太深。") from None


def parse(text: str) -> Json:
    """The value of a JSON text, its numbers `int` or `Decimal`. A text needn't be canonical to be read.

    Raises EncodingError for what isn't JSON, for a key given twice, and for what `canonical` refuses.
    """
    try:
        value: Json = json.loads(
            text,
            parse_int=_integer,
            parse_float=_decimal,
            parse_constant=_not_a_number,
            object_pairs_hook=_unique,
        )
    except RecursionError:
        raise EncodingError("嵌套太深。") from None
    except json.JSONDecodeError as error:
        raise EncodingError(f"不是 JSON：第 {error.lineno} 行第 {error.colno} 个字符起读不懂。") from None
    canonical(value)
    return value


def _text(value: Json) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return _string(value)
        case int() | Decimal():
            return _number(value)
        case Mapping():
            keys = sorted(value, key=_order)
            return "{" + ", ".join(f"{_string(key)}: {_text(value[key])}" for key in keys) + "}"
        case list() | tuple():
            return "[" + ", ".join(map(_text, value)) + "]"
    raise EncodingError(f"{type(value).__name__} 类型的值不能写进记录。")


def _order(key: str) -> tuple[int, bytes]:
    encoded = _utf8(key)
    return len(encoded), encoded


def _string(value: str) -> str:
    if b"\0" in _utf8(value):
        raise EncodingError("文字里不能有 U+0000。")
    return _ESCAPE(value)


def _utf8(value: str) -> bytes:
    try:
        return value.encode()
    except UnicodeEncodeError:
        raise EncodingError("文字里有残缺的字符。") from None


def _number(value: int | Decimal) -> str:
    number = Decimal(value)
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int):
        raise EncodingError("不是数字的数不能写进记录。")
    # Both bounds before it is written out, which may be long.
    if exponent < -MOST_DECIMALS or (number and number.adjusted() >= MOST_INTEGER_DIGITS):
        raise EncodingError("数字太大，或小数位太多。")
    return format(number if number else number.copy_abs(), "f")


def _decimal(digits: str) -> Decimal:
    try:
        return Decimal(digits)
    except InvalidOperation:
        raise EncodingError("数字太大，或小数位太多。") from None


def _integer(digits: str) -> int:
    if len(digits) > MOST_INTEGER_DIGITS + 1:
        raise EncodingError("数字太大，或小数位太多。")
    # By way of Decimal, since int() reads no more than 4,300 digits.
    return int(Decimal(digits))


def _not_a_number(_: str) -> NoReturn:
    raise EncodingError("不是数字的数不能写进记录。")


def _unique(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise EncodingError("同一个键出现了两次。")
    return found
