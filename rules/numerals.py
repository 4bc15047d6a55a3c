"""Numbers in Chinese numerals, as people write amounts, days and places."""

from collections.abc import Mapping

DIGITS: Mapping[str, int] = {
    "〇": 0,
    "○": 0,
    **{
        sign: value
        for signs in ("零一二三四五六七八九", "零壹贰叁肆伍陆柒捌玖")
        for value, sign in enumerate(signs)
    },
    "两": 2,
}
POWERS: Mapping[str, int] = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1_000, "仟": 1_000, "万": 10_000}


def read_numeral(signs: str) -> str:
    """In digits: 二〇二六 is 2026, 〇八 is 08, 二十六 is 26, 一千零五 is 1005."""
    if not POWERS.keys() & set(signs):
        return "".join(str(DIGITS[sign]) for sign in signs)
    total = part = digit = 0
    for sign in signs:
        if sign == "万":
            total, part, digit = (total + part + digit or 1) * 10_000, 0, 0
        elif sign in POWERS:
            part, digit = part + (digit or 1) * POWERS[sign], 0
        else:
            digit = DIGITS[sign]
    return str(total + part + digit)
