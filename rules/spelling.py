"""Texts as people read them: one spelling for what looks the same, and for what means the same day or number."""

import unicodedata
from decimal import Decimal
from functools import lru_cache

import regex
from opencc import OpenCC

from rules.numerals import POWERS, read_numeral

_TO_SIMPLIFIED = OpenCC("t2s")
_UNSEEN = regex.compile(r"[\p{M}\p{Cf}\p{Default_Ignorable_Code_Point}]|(?!\s)\p{Cc}")
# Cyrillic and Greek letters that look like Latin ones.
_LATIN = str.maketrans("аеорсухіјѕԁαικορυν", "aeopcyxijsdaikopuv")
_ROUND_OR_STRAIGHT = str.maketrans("oil", "011")

_NUMERAL = regex.compile(
    r"[〇零一二三四五六七八九十百壹贰叁肆伍陆柒捌玖拾佰][〇零一二两三四五六七八九十百千万壹贰叁肆伍陆柒捌玖拾佰仟]{0,30}"
    r"|两[百千万][〇零一二三四五六七八九十百千]*"
)
_TENS = str.maketrans({"廿": "二十", "卅": "三十"})
_THOUSANDS = regex.compile(r"(?<![\d.])\d{1,3}(?:,\d{3})+(?![\d,.])")
_WITH_POWER = regex.compile(r"(?<![\d.])(\d{1,6}(?:\.\d{1,4})?)([百千万佰仟])(?![\d\p{Nl}])")
_CENTS = regex.compile(r"(?<=\d)\.0+(?=\s*(?:[元块圆]|$))")
_YUAN = regex.compile(r"(?<=\d)\s*(?:元整?|块钱?|圆整?)(?!\p{L})")
_LEADING_ZEROS = regex.compile(r"(?<![\d.])0+(?=\d)")
_DAYS = (
    regex.compile(r"(?<!\d)(\d{4})\s*[年\-/.]\s*(\d{1,2})\s*[月\-/.]\s*(\d{1,2})(?!\d)\s*[日号]?"),
    regex.compile(r"(?<!\d)(\d{4})(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(?!\d)"),
    regex.compile(r"(?<!\d)(\d{1,2})\s*月\s*(\d{1,2})(?!\d)\s*[日号]?"),
)
_BETWEEN_DIGITS = regex.compile(r"(?<=\d)[^\p{L}\p{N}]+(?=\d)")
_SIGN = regex.compile(r"[^\p{L}\p{N}.]+|(?<!\d)\.|\.(?!\d)")


def simplify(text: str) -> str:
    """Without what nobody sees; in simplified characters, plain letters and digits, lower case."""
    # Taken apart, so that marks come off their letters.
    visible = _UNSEEN.sub("", unicodedata.normalize("NFKD", text))
    simplified: str = _TO_SIMPLIFIED.convert(visible.casefold().translate(_LATIN))
    return simplified


# The same people and matters recur.
@lru_cache(maxsize=65_536)
def comparable(text: str) -> str:
    """What two spellings of one matter have in common: besides `simplify`, no blanks and punctuation, days and
    numbers in digits (`三月八日`, `3 月 08 日`; `一千元`, `1,000`), and one sign for 0 and O, for 1, I and l."""
    text = _NUMERAL.sub(lambda found: read_numeral(found[0]), simplify(text).translate(_TENS))
    text = _THOUSANDS.sub(lambda found: found[0].replace(",", ""), text)
    text = _WITH_POWER.sub(lambda found: f"{Decimal(found[1]) * POWERS[found[2]]:f}", text)
    text = _YUAN.sub("", _CENTS.sub("", text))
    for day in _DAYS:
        text = day.sub(lambda found: f" {'.'.join(str(int(number)) for number in found.groups())} ", text)
    text = _SIGN.sub("", _BETWEEN_DIGITS.sub(".", text))
    plain: str = _LEADING_ZEROS.sub("", text.translate(_ROUND_OR_STRAIGHT))
    return plain
