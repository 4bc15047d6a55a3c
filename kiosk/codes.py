"""Scanned codes: household cards, barcodes, command cards, enrolment codes."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime

from api.wire import Command
from api.wire.barcode import WrongCheckDigit
from api.wire.card_token import find_token
from api.wire.gs1 import GoodsScan, NoProduct, NotReadWhole, read_goods, strip_symbology
from kiosk.language import _
from kiosk.printing.slip import SHANGHAI

_COMMANDS = {command.value: command for command in Command}
_COMMAND_PREFIX = "JIMEI:"
_ENROL = re.compile(r"JIMEI:ENROL:([0-9A-Z-]{8,40})(?:/(HTTPS?://\S+))?")


@dataclass(frozen=True, slots=True)
class CardCode:
    """A household card. Only the server knows whether the token is valid."""

    token: str


@dataclass(frozen=True, slots=True)
class CommandCode:
    """A command card."""

    command: Command


@dataclass(frozen=True, slots=True)
class EnrolCode:
    """The one-time code from the desk that enrols a machine as a kiosk, and the server's address where it has
    one."""

    code: str
    server: str = ""


@dataclass(frozen=True, slots=True)
class UnreadableCode:
    """`reason` tells the attendant what to do instead."""

    reason: str


GoodsCode = GoodsScan
ScannedCode = CardCode | GoodsCode | CommandCode | EnrolCode | UnreadableCode


def read_code(scanned: str) -> ScannedCode:
    """Full-width characters are read as ASCII: an input method may have been left on."""
    text = strip_symbology(unicodedata.normalize("NFKC", scanned).strip())
    token = find_token(text)
    # A bare token has no address: twenty signs may also be what is printed on a pack.
    if token is not None and "/" in text:
        return CardCode(token)
    goods = _read_goods(scanned)
    if goods is not None:
        return goods
    if token is not None:
        return CardCode(token)
    command = _COMMANDS.get(text.upper())
    if command:
        return CommandCode(command)
    enrol = _ENROL.fullmatch(text.upper())
    if enrol:
        return EnrolCode(enrol[1], (enrol[2] or "").lower())
    if text.upper().startswith(_COMMAND_PREFIX):
        return UnreadableCode(_("指令卡没有读对，请再扫一次"))
    if "/c/" in text.lower():
        return UnreadableCode(_("户卡没有读全，请把卡放平再扫一次"))
    return UnreadableCode(_("这不是户卡，也不是商品条码，请换一个码扫"))


def _read_goods(scanned: str) -> GoodsCode | UnreadableCode | None:
    try:
        return read_goods(scanned, datetime.now(SHANGHAI).date())
    except (WrongCheckDigit, NotReadWhole):
        return UnreadableCode(_("条码没有读对，请再扫一次"))
    except NoProduct:
        return UnreadableCode(_("这是物流的码，上面没有商品：请扫商品自己的条码"))
