"""What is printed on packs, as scanners send it: GTINs, GS1 element strings and Digital Links, a shop's own codes.

An element string (GS1 General Specifications 7.8) is a row of application identifiers with their values. Those of
variable length end with FNC1, which scanners send as the sign GS. Before it stands what kind of code was read,
where the scanner is set to say so: `]C1` GS1-128, `]d2` DataMatrix, `]Q3` QR, `]e0` DataBar. People read the same
with the identifiers in brackets. A Digital Link has them in the path and the query of an address of any host.
"""

from __future__ import annotations

import calendar
import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

from api.wire.barcode import WrongCheckDigit, normalize_barcode

GS: Final = "\x1d"
MAX_LENGTH: Final = 500

_SHOWN_GS = re.compile(r"\u241d|<GS>|\{GS\}|<FNC1>|\{FNC1\}", re.IGNORECASE)
_SYMBOLOGY = re.compile(r"\][A-Za-z][0-9A-Za-z]")
_ELEMENT_SYMBOLOGIES = frozenset({"]C1", "]D2", "]Q3", "]J1"})
"""In capitals, since a caps lock may be on. `]e0` to `]e3` (DataBar) are the same as EAN's `]E0` to `]E3` then, so
there the content tells."""
_PLAIN_CODE = re.compile(r"[0-9]{4,18}")
_BEGINS_WITH_PRODUCT = re.compile(r"0[12][0-9]{14}")
_BRACKETED = re.compile(r"(?:\([0-9]{2,4}\)[^()\x1d]+)+")
_BRACKETED_ELEMENT = re.compile(r"\(([0-9]{2,4})\)([^()\x1d]+)")
_VALUE = re.compile(r"[!-~]{1,90}")
_FIXED: Final = {"00": 18, "01": 14, "02": 14, "03": 14, "04": 16, "20": 2, "41": 13} | dict.fromkeys(
    ("11", "12", "13", "14", "15", "16", "17", "18", "19", *map(str, range(31, 37))), 6
)
"""Digits of the values that have a fixed number of them, by the first two digits of the identifier."""
_IDENTIFIER_LENGTHS: Final = dict.fromkeys(("23", "24", "25", "40", "41", "42", "71"), 3) | dict.fromkeys(
    (*map(str, range(31, 37)), "39", "43", "70", "72", "80", "81", "82"), 4
)
"""Digits of an identifier by its first two; all others have two."""
_VARIABLE: Final = {"10": 20, "21": 20, "22": 20, "30": 8, "37": 8}
"""The most signs of some values of variable length."""
_LINK_WORDS: Final = {"gtin": "01", "lot": "10", "ser": "21", "cpv": "22", "exp": "17", "bestbefore": "15"}
_TOO_FAR: Final = 50
"""Years: a two-digit year is within them of this one (GS1 General Specifications 7.12)."""


class NotReadWhole(ValueError):
    """It begins like a code of goods and can't be one: a sign is missing or wrong."""


class NoProduct(ValueError):
    """A code of GS1 without a product, such as that of a pallet or a place."""


@dataclass(frozen=True, slots=True)
class GoodsScan:
    """`barcode`: as `normalize_barcode` has it. `sell_by`: the earliest of the days until which the pack may be
    sold (15, 16, 17). `count`: how many such items there are, where the code is that of what they are packed in
    (02, 37). `own_code`: the digits as they stand, where a shop may have given them as a code of its own."""

    barcode: str
    lot: str = ""
    serial: str = ""
    sell_by: date | None = None
    made_on: date | None = None
    count: int = 1
    own_code: str = ""


def read_goods(scanned: str, today: date) -> GoodsScan | None:
    """What was scanned or typed, if it is a code of goods. `today` tells the century of its dates.

    Raises WrongCheckDigit, NotReadWhole, NoProduct.
    """
    text = _SHOWN_GS.sub(GS, unicodedata.normalize("NFKC", scanned)).strip(" \r\n\t")
    symbology = _SYMBOLOGY.match(text)
    if symbology is not None:
        text = text[symbology.end() :]
    if len(text) > MAX_LENGTH:
        return None
    link = _read_link(text)
    if link is not None:
        return _describe(link, today)
    if _BRACKETED.fullmatch(text):
        return _describe(_collect(_BRACKETED_ELEMENT.findall(text)), today)
    said = symbology is not None and symbology[0].upper() in _ELEMENT_SYMBOLOGIES
    if said or text.startswith(GS) or GS in text:
        return _describe(_read_elements(text.strip(GS)), today)
    elements = _guess_elements(text)
    if elements is not None:
        own_code = text if _PLAIN_CODE.fullmatch(text) else ""
        return _describe(elements, today, own_code)
    return GoodsScan(normalize_barcode(text)) if _PLAIN_CODE.fullmatch(text) else None


def strip_symbology(scanned: str) -> str:
    """Without the scanner's word on what kind of code it read: a card's QR code may have one, too."""
    return _SYMBOLOGY.sub("", scanned, count=1) if scanned.startswith("]") else scanned


def _guess_elements(text: str) -> dict[str, str] | None:
    """The elements of a scan without a word on its kind; None unless it begins with a product. Raises
    NotReadWhole, WrongCheckDigit where it can't be a shop's own code either."""
    if not _BEGINS_WITH_PRODUCT.match(text):
        return None
    try:
        elements = _read_elements(text)
        _read_gtin(elements)
    except ValueError:
        if _PLAIN_CODE.fullmatch(text):
            return None
        raise
    return elements


def _read_elements(text: str) -> dict[str, str]:
    """Raises NotReadWhole."""
    pairs = []
    while text:
        if not text[:2].isdecimal() or not text.isascii():
            raise NotReadWhole(text)
        length = _IDENTIFIER_LENGTHS.get(text[:2], 2)
        identifier, rest = text[:length], text[length:]
        fixed = _FIXED.get(text[:2])
        if fixed is None:
            value, _, text = rest.partition(GS)
        else:
            value, text = rest[:fixed], rest[fixed:].removeprefix(GS)
        if not identifier.isdecimal() or len(identifier) < length:
            raise NotReadWhole(identifier)
        pairs.append((identifier, value))
    return _collect(pairs)


def _collect(pairs: list[tuple[str, str]]) -> dict[str, str]:
    """Raises NotReadWhole."""
    elements: dict[str, str] = {}
    for identifier, value in pairs:
        fixed = _FIXED.get(identifier[:2])
        whole = (
            value.isdecimal() and len(value) == fixed
            if fixed is not None
            else len(value) <= _VARIABLE.get(identifier, 90) and _VALUE.fullmatch(value)
        )
        if not whole or elements.get(identifier, value) != value:
            raise NotReadWhole(identifier)
        elements[identifier] = value
    return elements


def _read_link(text: str) -> dict[str, str] | None:
    """The elements of a Digital Link; None for any other text or address. Raises NotReadWhole."""
    if not text.lower().startswith(("http://", "https://")):
        return None
    try:
        address = urlsplit(text)
        segments = [unquote(segment, errors="strict") for segment in address.path.split("/")]
        query = parse_qsl(address.query.replace(";", "&"), errors="strict")
    except ValueError:
        return None
    identifiers = [_LINK_WORDS.get(segment.lower(), segment) for segment in segments]
    # The product comes after any path of the host's own, and the rest in pairs after it.
    products = [n for n, each in enumerate(identifiers[:-1]) if each == "01" and segments[n + 1].isdecimal()]
    start = next(iter(products), None)
    if start is None or not address.netloc:
        return None
    values = segments[start:-1] if not segments[-1] else segments[start:]
    if len(values) % 2:
        raise NotReadWhole(text)
    names = [_LINK_WORDS.get(name.lower(), name) for name in values[::2]]
    pairs = list(zip(names, values[1::2], strict=True))
    pairs += [(_LINK_WORDS.get(name.lower(), name), value) for name, value in query]
    known = [(name, value) for name, value in pairs if name.isdecimal() and 2 <= len(name) <= 4]
    return _collect([(name, value.zfill(14) if name == "01" else value) for name, value in known])


def _describe(elements: dict[str, str], today: date, own_code: str = "") -> GoodsScan:
    gtin = _read_gtin(elements)
    days = [_read_day(elements[name], today) for name in ("15", "16", "17") if name in elements]
    return GoodsScan(
        gtin,
        lot=elements.get("10", ""),
        serial=elements.get("21", ""),
        sell_by=min(days, default=None),
        made_on=_read_day(elements["11"], today) if "11" in elements else None,
        count=_read_count(elements),
        own_code=own_code,
    )


def _read_gtin(elements: dict[str, str]) -> str:
    """Raises NoProduct, WrongCheckDigit."""
    gtin = elements.get("01") or elements.get("02")
    if gtin is None:
        raise NoProduct
    return normalize_barcode(gtin)


def _read_count(elements: dict[str, str]) -> int:
    """37 counts what 02 names. Raises NotReadWhole."""
    if "02" not in elements or "01" in elements or "37" not in elements:
        return 1
    if not elements["37"].isdecimal() or not int(elements["37"]):
        raise NotReadWhole("37")
    return int(elements["37"])


def _read_day(digits: str, today: date) -> date:
    """YYMMDD; day 00 is the last of the month. Raises NotReadWhole."""
    year, month, day = int(digits[:2]), int(digits[2:4]), int(digits[4:])
    year += today.year - today.year % 100
    if year - today.year > _TOO_FAR:
        year -= 100
    elif today.year - year >= _TOO_FAR:
        year += 100
    try:
        return date(year, month, day or calendar.monthrange(year, month)[1])
    except (ValueError, calendar.IllegalMonthError):
        raise NotReadWhole(digits) from None


__all__ = ["GS", "GoodsScan", "NoProduct", "NotReadWhole", "WrongCheckDigit", "read_goods", "strip_symbology"]
