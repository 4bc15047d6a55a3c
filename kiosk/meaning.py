"""What a scanned text means: a household's card, goods, or nothing the till can use."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

_CARD_URL = re.compile(r"https?://[^/\s]+/c/([0-9a-z]{20})/?", re.IGNORECASE)
_BARE_TOKEN = re.compile(r"[0-9a-z]{20}", re.IGNORECASE)
_EAN_13 = re.compile(r"[0-9]{13}")


@dataclass(frozen=True, slots=True)
class CardCode:
    """A household card; only the server knows whether its token is a good one."""

    token: str


@dataclass(frozen=True, slots=True)
class GoodsCode:
    """An EAN-13 whose check digit holds."""

    barcode: str


@dataclass(frozen=True, slots=True)
class Unreadable:
    """`reason` tells the attendant in Chinese what to do instead."""

    reason: str


Meaning = CardCode | GoodsCode | Unreadable


def meaning(scanned: str) -> Meaning:
    """Read a scan. Full-width forms count as plain ones: an input method may have been left on."""
    text = unicodedata.normalize("NFKC", scanned).strip()
    card = _CARD_URL.fullmatch(text)
    if card:
        return CardCode(card[1].upper())
    if _BARE_TOKEN.fullmatch(text):
        return CardCode(text.upper())
    if _EAN_13.fullmatch(text):
        if ean_13_holds(text):
            return GoodsCode(text)
        return Unreadable("条码没有读准，请再扫一次")
    if "/c/" in text.lower():
        return Unreadable("户卡没有读全，请把卡放平再扫一次")
    return Unreadable("这不是户卡，也不是商品条码，请换一个码扫")


def ean_13_holds(digits: str) -> bool:
    """Whether 13 digits end in their check digit (GS1 General Specifications 7.9)."""
    weighted = sum(int(digit) * (1, 3)[place % 2] for place, digit in enumerate(digits))
    return weighted % 10 == 0
