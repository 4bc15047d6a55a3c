"""Barcodes in the form in which they are stored and looked up."""

from __future__ import annotations

from api.platform.errors import ErrorCode, Refused
from api.wire.barcode import WrongCheckDigit, normalize_barcode


def normalize(digits: str) -> str:
    """As `normalize_barcode`. Raises Refused: barcode-wrong, for a wrong check digit."""
    try:
        return normalize_barcode(digits)
    except WrongCheckDigit:
        raise Refused(ErrorCode.BARCODE_WRONG, f"条码 {digits} 的校验位不对，请重新扫描。") from None
