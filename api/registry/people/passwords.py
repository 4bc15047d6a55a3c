"""What can't be a password, and what can't be a PIN: what others would try first.

A guesser puts together what people put together: common words, names, the login, years, keys side by side. So that
is taken away, and what is left of a password has to be enough. There is no rule about kinds of signs (NIST SP
800-63B)."""

from __future__ import annotations

import re
import unicodedata

from api.platform.errors import ErrorCode, Refused

ENOUGH = 4
"""Different signs that are left."""

_COMMON = """
    access admin administrator aini angel asdf ashley autumn baby baidu bailey bangong bangongshi baobao baobei
    baseball batman beijing changeme charlie chen china chocolate computer cookie cunwei cunweihui daniel daode
    dashi daxue default demo dijiu donald dragon family flower football freedom friend gansu gongan
    gongchandang gongzuo google guanliyuan guest guojia hello huang huawei hunter iloveyou internet jessica
    jianguo jiayou jifen jimei jinan jordan kaixin killer kuaile lanzhou laoban laogong laopo letmein login
    love lovely magic mama master michael mima monkey mustang nicole nihao nongcun nongmin office pass passwd
    password pepper pinyin pokemon princess purple qazwsx qinai qwert renmin root secret server shadow shanghai
    shouji soccer spring starwars summer sunshine super superman system taobao temp tencent test thomas
    tiantian trustno user wang wangyi weixin welcome whatever winter woaini woaiwo woaizuguo wode wodemima word
    wuhan xian xiang xiangzhen xiangzheng xiaomi xiaoming xiaoxiao xinnian yang yangguang yisheng yonghu zhang
    zhangwei zhao zhaopin zhengfu zhifubao zhongguo zhou zuguo 乡政府 办公室 密码 我爱你 村委会 积分 积美 管理员
"""
_WORDS = _COMMON.split()
# Also backwards.
_ROWS = (
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiop[]",
    "asdfghjkl;'",
    "zxcvbnm,./",
    "qazwsxedcrfvtgbyhnujmikolp",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,9ol.0p;/",
    "~!@#$%^&*()_+",
)
_LOOK_ALIKE = str.maketrans("@4013$5", "aaoiess")
_NUMBER = r"\d{3,}"
_REPEATED = re.compile(r"(.+?)\1+")
_DIGITS = "01234567890"


def require_strong_password(password: str, login: str, name: str) -> None:
    """Raises Refused: password-weak."""
    if count_left(password, login, name) < ENOUGH:
        raise Refused(
            ErrorCode.PASSWORD_WEAK,
            f"{name}的密码太常见，容易被猜到；请换一个，例如几个不相干的词连在一起，不要用名字、生日和电话。",
        )


def require_strong_pin(pin: str) -> None:
    """Raises Refused: pin-malformed."""
    if len(set(pin)) == 1 or pin in _DIGITS or pin in _DIGITS[::-1]:
        raise Refused(ErrorCode.PIN_MALFORMED, "同一个数字或连着的数字太好猜，请换一个密码。")


def count_left(password: str, *own: str) -> int:
    """How many different signs are left without what is guessed first; `own`: names of whose password it is."""
    text = _read(password)
    words = sorted({*_WORDS, *filter(None, map(_read, own))}, key=len, reverse=True)
    # In one go: a word taken out of a number would leave numbers too short to be one.
    guessed = re.compile("|".join([*map(re.escape, words), _NUMBER]))
    return min(len(set(_take_away(each, guessed)) - {" "}) for each in (text, text.translate(_LOOK_ALIKE)))


def _read(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def _take_away(text: str, guessed: re.Pattern[str]) -> str:
    text = _REPEATED.sub(lambda found: found[1], guessed.sub(" ", text))
    for row in _ROWS:
        for way in (row, row[::-1]):
            text = _take_away_runs(text, way)
    return text


def _take_away_runs(text: str, row: str) -> str:
    """Without three keys or more that follow each other in a row."""
    kept, start = [], 0
    while start < len(text):
        end = start + 1
        while end < len(text) and text[start : end + 1] in row:
            end += 1
        kept.append(" " if end - start >= 3 else text[start:end])
        start = end
    return "".join(kept)
