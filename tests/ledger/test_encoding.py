"""The canonical text of a value is what PostgreSQL prints, whatever the value."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

from ledger.encoding import MAX_DECIMALS, MAX_INTEGER_DIGITS, EncodingError, Json, encode_canonical, parse
from tests.databases import Clone
from tests.profile import many

Printed = Callable[[list[str]], Awaitable[list[str]]]

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40) | st.text(
    '积分肥皂\U0001f600\U00020000éa"\\/\b\f\n\r\t\x01\x1f\x7f\u0080\u2028\uffff', max_size=12
)
NUMBERS = (
    st.integers()
    | st.integers(-(10**300), 10**300)
    | st.decimals(allow_nan=False, allow_infinity=False)
    | st.builds(
        lambda digits, scale: Decimal(digits).scaleb(-scale), st.integers(-9999, 9999), st.integers(-60, 60)
    )
)
VALUES: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(TEXTS, inner, max_size=8),
    max_leaves=25,
)


def written(value: Json) -> str:
    """The value as JSON another way than `canonical`: keys as they come, numbers with exponents, all escaped."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(k)}:{written(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(written, value)) + "]"
    return str(value) if isinstance(value, Decimal) else json.dumps(value)


@pytest.fixture
async def printed(clone: Clone) -> AsyncIterator[Printed]:
    """What PostgreSQL prints for each of these JSON texts."""
    engine = create_async_engine(clone.app)

    async def ask(texts: list[str]) -> list[str]:
        query = "select x::jsonb::text from unnest(cast(:texts as text[])) with ordinality as t(x, n) order by n"
        async with engine.connect() as connection:
            return list(await connection.scalars(text(query), {"texts": texts}))

    yield ask
    await engine.dispose()


async def test_any_value_reads_as_postgresql_prints_it(printed: Printed) -> None:
    loop = asyncio.get_running_loop()

    @settings(max_examples=many(60), suppress_health_check=[HealthCheck.too_slow])
    @given(st.lists(VALUES, min_size=1, max_size=10))
    def compare(values: list[Json]) -> None:
        asked = asyncio.run_coroutine_threadsafe(printed([written(v) for v in values]), loop)
        ours = [encode_canonical(v) for v in values]
        assert ours == asked.result(30)
        assert [encode_canonical(parse(t)) for t in ours] == ours

    await asyncio.to_thread(compare)


EXAMPLES = [
    ("1.50", "1.50"),
    ("1e3", "1000"),
    ("1E-3", "0.001"),
    ("1.50e1", "15.0"),
    ("1.5e3", "1500"),
    ("-0", "0"),
    ("-0.0", "0.0"),
    ("0e5", "0"),
    ("0e-5", "0.00000"),
    ("123456789012345678901234567890.123456789012345678901234567890",) * 2,
    ('{"b":1,"aa":2,"a":3,"积":4,"c":5}', '{"a": 3, "b": 1, "c": 5, "aa": 2, "积": 4}'),
    ("[ ]", "[]"),
    ('{"a":{}}', '{"a": {}}'),
    (r'"\u0001\u001F\u007f\/\"\\\b\f\n\r\t"', '"\\u0001\\u001f\x7f/\\"\\\\\\b\\f\\n\\r\\t"'),
    (r'"\ud83d\ude00"', '"😀"'),
    ("1e-" + str(MAX_DECIMALS), "0." + "0" * (MAX_DECIMALS - 1) + "1"),
    ("9e" + str(MAX_INTEGER_DIGITS - 1), "9" + "0" * (MAX_INTEGER_DIGITS - 1)),
    ("9" * MAX_INTEGER_DIGITS,) * 2,
    ("[" * 300 + "]" * 300,) * 2,
]


async def test_the_examples(printed: Printed) -> None:
    expected = [ours for _, ours in EXAMPLES]
    assert [encode_canonical(parse(given)) for given, _ in EXAMPLES] == expected
    assert await printed([given for given, _ in EXAMPLES]) == expected


REFUSED = [
    r'"\u0000"',
    r'{"a\u0000": 1}',
    r'"\ud83d"',
    "NaN",
    "-Infinity",
    "",
    "{",
    "[1,]",
    "01",
    "'a'",
    '"a\nb"',
    "1e-" + str(MAX_DECIMALS + 1),
    "1.0e-" + str(MAX_DECIMALS),
    "1e" + str(MAX_INTEGER_DIGITS),
    "9" * (MAX_INTEGER_DIGITS + 1),
    "1e99999999999999999999",
]


async def test_what_postgresql_refuses_is_refused(printed: Printed) -> None:
    for refused in REFUSED:
        with pytest.raises(EncodingError):
            parse(refused)
        with pytest.raises(DBAPIError):
            await printed([refused])


@pytest.mark.parametrize(
    "refused",
    [
        1.5,
        float("nan"),
        Decimal("NaN"),
        Decimal("Infinity"),
        b"bytes",
        {"a": {2}},
        "\0",
        "\ud800",
        {"\0": 1},
    ],
)
def test_a_value_without_a_text(refused: Any) -> None:
    with pytest.raises(EncodingError):
        encode_canonical(refused)


def test_a_key_given_twice_is_refused() -> None:
    """PostgreSQL keeps the last; a reader of the text may have seen the first."""
    with pytest.raises(EncodingError, match="两次"):
        parse('{"a": 1, "a": 2}')


def test_nesting_without_end_is_refused() -> None:
    with pytest.raises(EncodingError, match="嵌套"):
        parse("[" * 200_000 + "]" * 200_000)
    endless: list[Json] = []
    endless.append(endless)
    with pytest.raises(EncodingError, match="嵌套"):
        encode_canonical(endless)


def test_numbers_come_back_exact() -> None:
    found: Any = parse("[7, 1.50, 12345678901234567890, true]")
    assert [type(one) for one in found] == [int, Decimal, int, bool]
    assert found == [7, Decimal("1.50"), 12345678901234567890, True]
