"""The canonical text of a JSON value: exactly what PostgreSQL prints for `value::jsonb::text`.

Keys are ordered by their length in UTF-8, then byte by byte; a comma and a colon are followed by a space; only
`"`, `\\` and control characters are escaped; numbers are written without exponent and keep trailing zeros. So the
text of a record can be built and hashed in the database or elsewhere.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import NoReturn, TypeAlias

Json: TypeAlias = "Mapping[str, Json] | Sequence[Json] | str | int | Decimal | None"
"""No float, which has no exact decimal text. `bool` is an `int` to Python, but not here."""

# The limits of PostgreSQL's `numeric`.
MAX_INTEGER_DIGITS = 131_072
MAX_DECIMALS = 16_383

# Python escapes the same characters as PostgreSQL, in the same way.
_ESCAPE = json.JSONEncoder(ensure_ascii=False).encode


class EncodingError(ValueError):
    """Why a value has no canonical text, or a text no value, in one sentence."""


def encode_canonical(value: Json) -> str:
    """Raises EncodingError for what jsonb can't hold: U+0000, lone surrogates, floats, numbers out of range."""
    try:
        return _encode(value)
    except RecursionError:
        raise EncodingError("嵌套太深。") from None


def parse(text: str) -> Json:
    """The value of a JSON text, canonical or not; its numbers are `int` or `Decimal`.

    Raises EncodingError for what isn't JSON, for a key given twice, and for what `encode_canonical` refuses.
    """
    try:
        value: Json = json.loads(
            text,
            parse_int=_parse_integer,
            parse_float=_parse_decimal,
            parse_constant=_reject_nan,
            object_pairs_hook=_reject_duplicate_keys,
        )
    except RecursionError:
        raise EncodingError("嵌套太深。") from None
    except json.JSONDecodeError as error:
        raise EncodingError(f"不是 JSON：第 {error.lineno} 行第 {error.colno} 个字符起读不懂。") from None
    encode_canonical(value)
    return value


def _encode(value: Json) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return _encode_string(value)
        case int() | Decimal():
            return _encode_number(value)
        case Mapping():
            keys = sorted(value, key=_sort_key)
            return "{" + ", ".join(f"{_encode_string(key)}: {_encode(value[key])}" for key in keys) + "}"
        case list() | tuple():
            return "[" + ", ".join(map(_encode, value)) + "]"
    raise EncodingError(f"{type(value).__name__} 类型的值不能写进记录。")


def _sort_key(key: str) -> tuple[int, bytes]:
    encoded = _encode_utf8(key)
    return len(encoded), encoded


def _encode_string(value: str) -> str:
    if b"\0" in _encode_utf8(value):
        raise EncodingError("文字里不能有 U+0000。")
    return _ESCAPE(value)


def _encode_utf8(value: str) -> bytes:
    try:
        return value.encode()
    except UnicodeEncodeError:
        raise EncodingError("文字里有残缺的字符。") from None


def _encode_number(value: int | Decimal) -> str:
    number = Decimal(value)
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int):
        raise EncodingError("不是数字的数不能写进记录。")
    # Checked before formatting: the text could be very long.
    if exponent < -MAX_DECIMALS or (number and number.adjusted() >= MAX_INTEGER_DIGITS):
        raise EncodingError("数字太大，或小数位太多。")
    return format(number if number else number.copy_abs(), "f")


def _parse_decimal(digits: str) -> Decimal:
    try:
        return Decimal(digits)
    except InvalidOperation:
        raise EncodingError("数字太大，或小数位太多。") from None


def _parse_integer(digits: str) -> int:
    if len(digits) > MAX_INTEGER_DIGITS + 1:
        raise EncodingError("数字太大，或小数位太多。")
    # By way of Decimal, since int() parses at most 4,300 digits.
    return int(Decimal(digits))


def _reject_nan(_: str) -> NoReturn:
    raise EncodingError("不是数字的数不能写进记录。")


def _reject_duplicate_keys(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    mapping = dict(pairs)
    if len(mapping) < len(pairs):
        raise EncodingError("同一个键出现了两次。")
    return mapping
