"""Barcodes of goods."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.wire.barcode import WrongCheckDigit, check_digit, normalize_barcode


@pytest.mark.parametrize(
    ("digits", "normalized"),
    [
        ("6901234567892", "6901234567892"),
        ("036000291452", "0036000291452"),
        ("96385074", "0000096385074"),
        ("06901234567892", "6901234567892"),
        ("16901234567899", "16901234567899"),
    ],
    ids=["EAN-13", "UPC-A", "EAN-8", "GTIN-14", "ITF-14"],
)
def test_published_gtins(digits: str, normalized: str) -> None:
    assert normalize_barcode(digits) == normalized
    assert check_digit(digits[:-1]) == digits[-1]
    with pytest.raises(WrongCheckDigit):
        normalize_barcode(digits[:-1] + str((int(digits[-1]) + 1) % 10))


@given(st.from_regex("[0-9]{4,18}", fullmatch=True).filter(lambda digits: len(digits) not in (8, 12, 13, 14)))
def test_a_shops_own_code_stays_as_it_is(digits: str) -> None:
    assert normalize_barcode(digits) == digits
