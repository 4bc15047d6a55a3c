"""Barcodes in the form in which they are stored and looked up."""

from __future__ import annotations

from api.platform.errors import ErrorCode, Refused

_GTIN_LENGTHS = frozenset({8, 12, 13})
"""Digits of an EAN-8, a UPC-A and an EAN-13."""
_WIDTH = 13


def normalize(digits: str) -> str:
    """An EAN-13, EAN-8 or UPC-A padded with zeros to 13 digits; a shop's own code unchanged.

    Raises Refused: barcode-wrong, where the check digit is wrong.
    """
    if len(digits) not in _GTIN_LENGTHS:
        return digits
    if not _has_valid_check_digit(digits):
        raise Refused(ErrorCode.BARCODE_WRONG, f"条码 {digits} 的校验位不对，请重新扫描。")
    return digits.zfill(_WIDTH)


def _has_valid_check_digit(digits: str) -> bool:
    """The weighted sum from the right (1, 3, 1, 3 …) is a multiple of ten (GS1 General Specifications 7.9)."""
    return sum(int(digit) * (1, 3)[place % 2] for place, digit in enumerate(reversed(digits))) % 10 == 0
