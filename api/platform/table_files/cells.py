"""What a cell means. Each reader takes a cell and its column's title, and raises ValueError with a sentence."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime

import regex

from api.platform.clock import SHANGHAI
from api.platform.table_files.sheet import Cell
from api.wire.barcode import WrongCheckDigit, normalize_barcode
from api.wire.text import TextRule, UnreadableText, code_form, name_form, plain_form, show_signs_alone
from rules.numerals import DIGITS, read_numeral

MAX_FIGURE = 1_000_000_000
MAX_CODE_LENGTH = 40
MAX_FEN = 100_000_000_000
_SHOWN = 20

_CLOCK = r"[0-9]{1,2}(?:[:时点][0-9]{1,2}(?:[:分][0-9]{1,2}(?:\.[0-9]+)?)?|[时点])[分秒]?"
_FIGURES = str.maketrans({sign: str(value) for sign, value in DIGITS.items()})
_CHINESE_DATE = re.compile(
    r"([〇零○0-9一二三四五六七八九]{4}) ?年"
    r" ?([0-9一二三四五六七八九十]{1,3}) ?月 ?([0-9一二三四五六七八九十]{1,3}) ?[日号]"
)
_CHINESE_NUMBER = re.compile(r"(?:[一二三四五六七八九]?十)?[零一二三四五六七八九]?")
# What a spreadsheet makes of `1-2`; and the digits of a number that it keeps.
_DAY_CODE = re.compile(r"(?:19|20)[0-9]{2}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])")
_EXACT = 10**15
_YUAN = re.compile(r"(?P<yuan>[0-9]{1,12})(?:\.(?P<fen>[0-9]{1,2})0*)?\.?")
_EXPONENT = re.compile(r"[0-9](?:\.[0-9]+)?[Ee]\+?[0-9]+")
_DIGITS_OF_BARCODE = re.compile(r"[0-9]{4,18}")
_DATE = re.compile(
    r"(?P<year>[0-9]{4}) ?[-/.年。、] ?(?P<month>[0-9]{1,2}) ?[-/.月。、] ?(?P<day>[0-9]{1,2}) ?[日号]?"
    r"(?:[ (]*(?:星期|周|礼拜)[一二三四五六日天]\)?)?"
    r"(?:[ T]*(?:上午|下午|早上|晚上|中午|[AaPp][Mm])? ?(?:" + _CLOCK + r"(?: ?[AaPp][Mm])?)?)?"
)
_DIGITS = re.compile(r"(?P<year>[0-9]{4})(?P<month>[0-9]{2})(?P<day>[0-9]{2})")
# As programs write a moment; elsewhere it may be another day than here.
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:.]+ ?(?:Z|[-+][0-9]{2}:?[0-9]{2})")
_WHOLE = re.compile(r"(?P<sign>[-+]?) ?(?P<figure>[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.0*)?")
_THOUSANDS = re.compile(r"[-+]?(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]*)?")
_EMPTY_FRACTION = re.compile(r"\.0*$")
_CODE = re.compile(r"[a-z0-9][a-z0-9-]*")
_NAME = TextRule(80, dotted=True)
_TEXT = TextRule(50_000, as_sent=True)
_PRIVATE = regex.compile(r"\p{Co}")


def read_date(cell: Cell, title: str) -> date:
    """A day, also with a time behind it."""
    text = _without_mark(plain_form(cell.text))
    try:
        if _MOMENT.fullmatch(text):
            return datetime.fromisoformat(text.replace(" +", "+")).astimezone(SHANGHAI).date()
        text = _CHINESE_DATE.sub(_write_in_figures, text)
        found = _DATE.fullmatch(text) or _DIGITS.fullmatch(text)
        if found is not None:
            return date(*(int(found[part]) for part in ("year", "month", "day")))
    except ValueError:
        pass
    raise ValueError(f"{title}“{text[:_SHOWN]}”读不懂，请写成 2025-03-01 这样。")


def _write_in_figures(found: re.Match[str]) -> str:
    year, *parts = found.groups()
    return f"{year.translate(_FIGURES)}年{'月'.join(str(read_chinese_number(part)) for part in parts)}日"


def read_chinese_number(text: str) -> int | None:
    """A number below a hundred, in figures or as 二十三."""
    if text.isdecimal() and text.isascii():
        return int(text)
    return int(read_numeral(text)) if text and _CHINESE_NUMBER.fullmatch(text) else None


def _without_mark(text: str) -> str:
    """Without the apostrophe that makes a text of a figure, which some programs write into their files."""
    return text.removeprefix("'")


def whole_number(units: str = "", least: int = -MAX_FIGURE, most: int = MAX_FIGURE) -> Callable[[Cell, str], int]:
    """Reads a whole number, with one of these units behind it."""

    def read(cell: Cell, title: str) -> int:
        if isinstance(cell.value, float) and abs(cell.value - round(cell.value)) < 1e-9:
            # What a formula sums up is rarely exact.
            number = round(cell.value)
        else:
            # People write full-width digits and signs, a real minus sign, and a unit at the end.
            text = _without_mark(plain_form(cell.text))
            found = _WHOLE.fullmatch(text.rstrip(units + " "))
            if found is None:
                raise ValueError(f"{title}“{text[:_SHOWN]}”不是整数。")
            figure = found["figure"].replace(",", "")
            number = int(found["sign"] + figure) if len(figure.lstrip("0")) <= _SHOWN else most + 1
        if number > most or number < least:
            raise ValueError(f"{title}太{'大' if number > most else '小'}，请核对。")
        return number

    return read


read_points = whole_number("分")


def read_money(cell: Cell, title: str) -> int:
    """An amount in yuan, in fen."""
    text = _without_mark(plain_form(cell.text)).strip().strip("¥￥").removesuffix("元").strip().replace(",", "")
    found = _YUAN.fullmatch(text)
    if found is None and isinstance(cell.value, float) and abs(cell.value * 100 - round(cell.value * 100)) < 1e-6:
        # What a formula multiplies is rarely exact.
        found = _YUAN.fullmatch(f"{cell.value:.2f}")
    if found is None:
        raise ValueError(f"{title}“{text[:_SHOWN]}”不是金额，请写成 3.50 这样，单位是元，最多两位小数。")
    fen = int(found["yuan"]) * 100 + int((found["fen"] or "").ljust(2, "0")[:2])
    if fen > MAX_FEN:
        raise ValueError(f"{title}太大，请核对。")
    return fen


def read_barcode(cell: Cell, title: str) -> str:
    """The code of a pack, as tills look it up."""
    digits = re.sub(r"[\s-]", "", _without_mark(plain_form(cell.text)))
    if (isinstance(cell.value, int | float) and cell.value >= _EXACT) or _EXPONENT.fullmatch(digits):
        raise ValueError(f"{title}“{digits[:_SHOWN]}”被表格软件改过了；请把这一列设为文本，重新填写。")
    if not _DIGITS_OF_BARCODE.fullmatch(digits):
        raise ValueError(f"{title}“{digits[:_SHOWN]}”应是 4 到 18 位数字；没有条码的，请自编一个 4 到 7 位的。")
    try:
        return normalize_barcode(digits)
    except WrongCheckDigit:
        raise ValueError(f"{title} {digits} 的校验位不对，请对照包装核对。") from None


def number_text(cell: Cell) -> str:
    """A number as programs write it: without separators of thousands, and without a fraction of nothing."""
    text = plain_form(cell.text)
    return _EMPTY_FRACTION.sub("", text.replace(",", "")) if _THOUSANDS.fullmatch(text) else text


def read_code(cell: Cell, title: str) -> str:
    """A code of ours: small letters, digits and dashes."""
    code = _without_mark(code_form(cell.text))
    if isinstance(cell.value, int | float) and cell.value >= _EXACT:
        raise ValueError(
            f"{title}“{code[:_SHOWN]}”超过 15 位，表格软件改掉了后面的数字；请把这一列设为文本，重新填写。"
        )
    if _DAY_CODE.fullmatch(code):
        raise ValueError(f"{title}“{code}”是表格软件改成的日期；请把这一列设为文本，重新填写。")
    if len(code) > MAX_CODE_LENGTH:
        raise ValueError(f"{title}“{code[:_SHOWN]}…”太长。")
    if not _CODE.fullmatch(code):
        raise ValueError(f"{title}“{code[:_SHOWN]}”里只能有字母、数字和短横。")
    return code


def read_name(cell: Cell, title: str) -> str:
    """A person's name."""
    name = name_form(cell.text)
    if _PRIVATE.search(name):
        raise ValueError(f"{title}“{_PRIVATE.sub('□', name)}”里有自造的字，别的电脑显示不出来，请换成标准的字。")
    try:
        return _NAME.read(name)
    except UnreadableText as error:
        raise ValueError(f"{title}：{error}") from None


def text_of(most: int) -> Callable[[Cell, str], str]:
    """Reads a text of at most so many signs. A readable one stays sign by sign: rows are known again by it."""

    def read(cell: Cell, title: str) -> str:
        raw = cell.value.replace("\0", "").strip() if isinstance(cell.value, str) else cell.text
        try:
            text = _TEXT.read(raw)
        except UnreadableText:
            text = _TEXT.read(show_signs_alone(raw))
        if len(text) > most:
            raise ValueError(f"{title}超过 {most} 字。")
        return text

    return read
