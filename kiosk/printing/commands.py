"""Slips in ESC/POS, the language of receipt printers, as text that the printer has the characters for."""

from __future__ import annotations

from collections.abc import Sequence

from escpos.constants import CTL_LF, ESC, FS, HW_INIT, PAPER_PART_CUT, TXT_SIZE

from kiosk.printing.layout import Line
from kiosk.printing.settings import Encoding

# The printer's Chinese characters are behind a mode of their own, which the library's `text` never enters.
CHINESE_ON = FS + b"&"
CHINESE_OFF = FS + b"."
# Two commands each: some printers have a size of its own for Chinese.
BIG_ON, CHINESE_BIG_ON = TXT_SIZE + b"\x11", FS + b"!\x0c"
BIG_OFF, CHINESE_BIG_OFF = TXT_SIZE + b"\x00", FS + b"!\x00"
# So far that the last line passes the cutter or, without one, the edge to tear at.
FEED = ESC + b"d\x06"

MISSING = "？"
"""For what the encoding doesn't have: as wide as what it stands for."""


def as_text(lines: Sequence[Line], encoding: Encoding) -> bytes:
    chinese = encoding is not Encoding.UTF8
    big_on = BIG_ON + (CHINESE_BIG_ON if chinese else b"")
    big_off = BIG_OFF + (CHINESE_BIG_OFF if chinese else b"")
    body = b"".join(
        (big_on + encoded(line.text, encoding) + CTL_LF + big_off)
        if line.big
        else encoded(line.text, encoding) + CTL_LF
        for line in lines
    )
    return whole(CHINESE_ON + body + CHINESE_OFF if chinese else body)


def encoded(text: str, encoding: Encoding) -> bytes:
    try:
        return text.encode(encoding)
    except UnicodeEncodeError:
        return b"".join(_character(each, encoding) for each in text)


def _character(character: str, encoding: Encoding) -> bytes:
    try:
        return character.encode(encoding)
    except UnicodeEncodeError:
        return MISSING.encode(encoding)


def whole(body: bytes) -> bytes:
    """A slip of its own: nothing of the one before is left in it, and it's cut off after."""
    return bytes(HW_INIT + body + FEED + PAPER_PART_CUT)
