"""Chinese numerals, the same wherever they are read: in rulebooks, in matters, in people's tables."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.numerals import read_numeral

_SIGNS = "零一二三四五六七八九"


def write_numeral(number: int) -> str:
    """As people count, below ten thousand."""
    written = ""
    for power, sign in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = number // power % 10
        if digit:
            written += _SIGNS[digit] + sign
        elif written and number % power and not written.endswith("零"):
            written += "零"
    return written


@given(st.integers(1, 9_999))
def test_what_is_counted_is_read(number: int) -> None:
    assert read_numeral(write_numeral(number)) == str(number)
    assert read_numeral(write_numeral(number) + "万") == str(number * 10_000)


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("二〇二六", "2026"),
        ("〇八", "08"),
        ("二五", "25"),
        ("十", "10"),
        ("十二万", "120000"),
        ("一万五千", "15000"),
        ("两百", "200"),
        ("壹仟零伍", "1005"),
        ("○", "0"),
    ],
)
def test_numerals(written: str, number: str) -> None:
    assert read_numeral(written) == number
