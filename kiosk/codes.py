"""Scanned codes: household cards, barcodes, command cards, enrolment codes."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from api.wire import Command
from api.wire.barcode import WrongCheckDigit, normalize_barcode
from api.wire.card_token import find_token
from kiosk.language import _

_DIGITS = re.compile(r"[0-9]{4,18}")
_COMMANDS = {command.value: command for command in Command}
_COMMAND_PREFIX = "JIMEI:"
_ENROL = re.compile(r"JIMEI:ENROL:([0-9A-Z-]{8,40})")


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
    token = find_token(text)
    if token is not None:
        return CardCode(token)
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


def _read_goods(digits: str) -> GoodsCode | UnreadableCode:
    try:
        return GoodsCode(normalize_barcode(digits))
    except WrongCheckDigit:
        return UnreadableCode(_("条码没有读对，请再扫一次"))
