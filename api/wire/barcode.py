"""Barcodes of goods: GTINs with a check digit (GS1 General Specifications 7.9), or a shop's own codes."""

from typing import Final

GTIN_LENGTHS: Final = frozenset({8, 12, 13})
"""Digits of an EAN-8, a UPC-A and an EAN-13."""
_WIDTH: Final = 13


class WrongCheckDigit(ValueError):
    """The barcode has the length of a GTIN, but a wrong check digit."""


def normalize_barcode(digits: str) -> str:
    """A GTIN padded with zeros to 13 digits, as it is stored and looked up; digits of another length, a shop's own
    code, unchanged. Raises WrongCheckDigit."""
    if len(digits) not in GTIN_LENGTHS:
        return digits
    if digits[-1] != check_digit(digits[:-1]):
        raise WrongCheckDigit(digits)
    return digits.zfill(_WIDTH)


def check_digit(digits: str) -> str:
    """The digit that completes a GTIN: the sum weighted 1, 3, 1, 3 … from the right is then a multiple of ten."""
    weighted = sum(int(digit) * (3, 1)[place % 2] for place, digit in enumerate(reversed(digits)))
    return str(-weighted % 10)
