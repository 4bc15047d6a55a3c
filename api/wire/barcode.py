"""Barcodes of goods: GTINs with a check digit (GS1 General Specifications 7.9), or a shop's own codes."""

from typing import Final

GTIN_LENGTHS: Final = frozenset({8, 12, 13, 14})
"""Digits of an EAN-8, a UPC-A, an EAN-13 and of what is packed in a carton (ITF-14, GS1-128)."""
_WIDTH: Final = 13


class WrongCheckDigit(ValueError):
    """The barcode has the length of a GTIN, but a wrong check digit."""


def normalize_barcode(digits: str) -> str:
    """A GTIN in as many digits as it is stored and looked up by; digits of another length, a shop's own code,
    unchanged. 8, 12, 13 and 14 digits of one number are one product, in 13; the 14 of another packaging level, a
    carton, begin with its indicator 1 to 9. Raises WrongCheckDigit."""
    if len(digits) not in GTIN_LENGTHS:
        return digits
    if digits[-1] != check_digit(digits[:-1]):
        raise WrongCheckDigit(digits)
    return digits.zfill(_WIDTH) if len(digits) <= _WIDTH else digits.removeprefix("0")


def lookup_form(barcode: str) -> str:
    """A stored barcode as `normalize_barcode` has it now: one of 14 digits used to be stored as it was typed."""
    try:
        return normalize_barcode(barcode)
    except WrongCheckDigit:
        return barcode


def find_unit(barcode: str) -> str:
    """The GTIN of what a carton contains, as far as its number tells; empty for anything else."""
    return (unit := barcode[1:-1]) + check_digit(unit) if len(barcode) == _WIDTH + 1 else ""


def check_digit(digits: str) -> str:
    """The digit that completes a GTIN: the sum weighted 1, 3, 1, 3 … from the right is then a multiple of ten."""
    weighted = sum(int(digit) * (3, 1)[place % 2] for place, digit in enumerate(reversed(digits)))
    return str(-weighted % 10)
