"""Scanned codes: household cards, barcodes, command cards, enrolment codes."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from api.wire import Command
from kiosk.language import _

_CARD_URL = re.compile(r"https?://[^/\s]+/c/([0-9a-z]{20})/?", re.IGNORECASE)
_BARE_TOKEN = re.compile(r"[0-9a-z]{20}", re.IGNORECASE)
_DIGITS = re.compile(r"[0-9]{4,18}")
_COMMANDS = {command.value: command for command in Command}
_COMMAND_PREFIX = "JIMEI:"
_ENROL = re.compile(r"JIMEI:ENROL:([0-9A-Z-]{8,40})")
_LOOK_ALIKES = str.maketrans("OIL", "011")
"""As the server reads a card token that was typed by hand."""
_GTIN_LENGTHS = frozenset({8, 12, 13})
"""Digits of an EAN-8, a UPC-A and an EAN-13."""
_GTIN_WIDTH = 13


@dataclass(frozen=True, slots=True)
class CardCode:
    """A household card. Only the server knows whether the token is valid."""

    token: str


@dataclass(frozen=True, slots=True)
class GoodsCode:
    """An EAN-13, EAN-8 or UPC-A with a valid check digit, padded to 13 digits as on the shelf; or digits of
    another length, a code of the shop's own."""

    barcode: str


@dataclass(frozen=True, slots=True)
class CommandCode:
    """A command card."""

    command: Command


@dataclass(frozen=True, slots=True)
class EnrolCode:
    """The one-time code from the desk that enrols a machine as a kiosk."""

    code: str


@dataclass(frozen=True, slots=True)
class UnreadableCode:
    """`reason` tells the attendant what to do instead."""

    reason: str


ScannedCode = CardCode | GoodsCode | CommandCode | EnrolCode | UnreadableCode


def read_code(scanned: str) -> ScannedCode:
    """Full-width characters are read as ASCII: an input method may have been left on."""
    text = unicodedata.normalize("NFKC", scanned).strip()
    card = _CARD_URL.fullmatch(text)
    if card:
        return CardCode(_normalize_token(card[1]))
    if _BARE_TOKEN.fullmatch(text):
        return CardCode(_normalize_token(text))
    if _DIGITS.fullmatch(text):
        return _read_goods(text)
    command = _COMMANDS.get(text.upper())
    if command:
        return CommandCode(command)
    enrol = _ENROL.fullmatch(text.upper())
    if enrol:
        return EnrolCode(enrol[1])
    if text.upper().startswith(_COMMAND_PREFIX):
        return UnreadableCode(_("指令卡没有读对，请再扫一次"))
    if "/c/" in text.lower():
        return UnreadableCode(_("户卡没有读全，请把卡放平再扫一次"))
    return UnreadableCode(_("这不是户卡，也不是商品条码，请换一个码扫"))


def _normalize_token(text: str) -> str:
    return text.upper().translate(_LOOK_ALIKES)


def has_valid_check_digit(digits: str) -> bool:
    """Whether a GTIN of any length ends in its check digit (GS1 General Specifications 7.9)."""
    weighted = sum(int(digit) * (1, 3)[place % 2] for place, digit in enumerate(reversed(digits)))
    return weighted % 10 == 0


def _read_goods(digits: str) -> GoodsCode | UnreadableCode:
    if len(digits) not in _GTIN_LENGTHS:
        return GoodsCode(digits)
    if has_valid_check_digit(digits):
        return GoodsCode(digits.zfill(_GTIN_WIDTH))
    return UnreadableCode(_("条码没有读对，请再扫一次"))
