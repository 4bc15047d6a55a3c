"""Slips as text in ESC/POS, the command language of receipt printers."""

from __future__ import annotations

from collections.abc import Sequence

from escpos.constants import CTL_LF, ESC, FS, HW_INIT, PAPER_PART_CUT, TXT_SIZE

from kiosk.printing.layout import UNSEEN, PaperLine
from kiosk.printing.settings import Encoding

# Chinese characters need a mode of the printer, which the library's `text` never enters.
CHINESE_ON = FS + b"&"
CHINESE_OFF = FS + b"."
# Two commands each: some printers have a separate size for Chinese.
BIG_ON, CHINESE_BIG_ON = TXT_SIZE + b"\x11", FS + b"!\x0c"
BIG_OFF, CHINESE_BIG_OFF = TXT_SIZE + b"\x00", FS + b"!\x00"
# Far enough that the last line passes the cutter or the tear bar.
FEED = ESC + b"d\x06"

REPLACEMENT = "？"
"""For characters that the encoding lacks; as wide as they are."""


def build_text_commands(lines: Sequence[PaperLine], encoding: Encoding) -> bytes:
    chinese = encoding is not Encoding.UTF8
    big_on = BIG_ON + (CHINESE_BIG_ON if chinese else b"")
    big_off = BIG_OFF + (CHINESE_BIG_OFF if chinese else b"")
    body = b"".join(
        (big_on + encode(line.text, encoding) + CTL_LF + big_off)
        if line.big
        else encode(line.text, encoding) + CTL_LF
        for line in lines
    )
    return frame(CHINESE_ON + body + CHINESE_OFF if chinese else body)


def encode(text: str, encoding: Encoding) -> bytes:
    # They join or vary what a printer draws sign by sign.
    text = UNSEEN.sub("", text)
    try:
        return text.encode(encoding)
    except UnicodeEncodeError:
        return b"".join(_encode_character(each, encoding) for each in text)


def _encode_character(character: str, encoding: Encoding) -> bytes:
    try:
        return character.encode(encoding)
    except UnicodeEncodeError:
        return REPLACEMENT.encode(encoding)


def frame(body: bytes) -> bytes:
    """Reset the printer before, feed and cut after."""
    return bytes(HW_INIT + body + FEED + PAPER_PART_CUT)
