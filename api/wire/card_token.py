"""The token on a household's card: 19 random symbols and a check, in Crockford's base32.

The alphabet leaves out I, L, O and U, so that digits are not mistaken for letters. The parser accepts O for 0, I
and L for 1, either case, full-width characters of an input method, and any spaces or dashes. 19 symbols are
95 random bits, too many to guess.

The check is one symbol of the same alphabet, so that a card keeps the small alphanumeric QR code (Crockford's own
check is modulo 37 and needs characters that aren't in it). Symbols are elements of the field GF(2^5), and the
check makes the weighted sum of all 20 zero, with weights 1, a, a², … for a generator a. Its order is 31, so the
20 weights are all different and none is zero: *every* single wrong symbol is detected, and *every* exchange of
two symbols, adjacent or not. Other mistakes pass once in 32 times; then the card is merely unknown. The check
detects mistakes, not forgeries: it is public.
"""

import hashlib
import hmac
import re
import secrets
import unicodedata
from typing import Final

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH: Final = 20

_VALUE: Final = {symbol: value for value, symbol in enumerate(ALPHABET)}
_LOOK_ALIKES: Final = str.maketrans("OIL", "011")
_SEPARATORS: Final = re.compile(r"[\s\-‐–—−]+")
_URL: Final = re.compile(r"https?://[^/\s]+/c/([^/?#]*)/?", re.IGNORECASE)
_SHAPE: Final = re.compile(r"[0-9a-z]{20}", re.IGNORECASE)


class MalformedCard(ValueError):
    """What was scanned or typed can't be a card; the message is for the cardholder."""


def new_token() -> str:
    """A new random token with its check symbol."""
    return _add_check(random_symbols(LENGTH - 1))


def derive_token(secret: str, name: bytes) -> str:
    """The token of this name, always the same one. To whoever doesn't know the secret it is a random one."""
    bits = int.from_bytes(hmac.digest(secret.encode(), name, "sha256"))
    return _add_check("".join(ALPHABET[bits >> 5 * place & 31] for place in range(LENGTH - 1)))


def _add_check(payload: str) -> str:
    return payload + ALPHABET[_weighted_sum([_VALUE[symbol] for symbol in payload])]


def random_symbols(number: int) -> str:
    """Each carries five random bits."""
    return "".join(secrets.choice(ALPHABET) for _ in range(number))


def normalize(text: str) -> str:
    """Typed text as symbols: capitals, without spaces or dashes, look-alikes replaced."""
    return _SEPARATORS.sub("", unicodedata.normalize("NFKC", text)).upper().translate(_LOOK_ALIKES)


def find_token(text: str) -> str | None:
    """A scanned or typed text of 20 letters and digits, bare or in a card's URL, as symbols; None for other texts.
    The check isn't verified."""
    token = _extract(text)
    return normalize(token) if token is not None and _SHAPE.fullmatch(token) else None


def _extract(text: str) -> str | None:
    """The token part of a card's URL, or the text itself; None for another URL."""
    text = unicodedata.normalize("NFKC", text).strip()
    url = _URL.fullmatch(text)
    if url is not None:
        return url[1]
    return None if "/" in text else text


def parse(text: str) -> str:
    """The token in a scanned URL (`https://host/c/TOKEN`, either case) or typed bare, with or without groups.

    Raises MalformedCard.
    """
    extracted = _extract(text)
    if extracted is None:
        raise MalformedCard("这不是积分卡的码，请扫卡上的二维码")
    token = normalize(extracted)
    if not token:
        raise MalformedCard("没有卡号，请重扫或输入卡上的 20 位号码")
    if len(token) != LENGTH:
        raise MalformedCard(f"卡号应为 20 位，收到 {len(token)} 位，请重扫或重输")
    invalid = next((symbol for symbol in token if symbol not in _VALUE), None)
    if invalid is not None:
        raise MalformedCard(f"卡号里不会有“{invalid}”，请对照卡片重输")
    *values, check = (_VALUE[symbol] for symbol in token)
    if _weighted_sum(values) != check:
        raise MalformedCard("卡号有一位不对，请对照卡片重输")
    return token


def digest(token: str) -> bytes:
    """The SHA-256 under which a parsed token is stored. 95 random bits need neither salt nor a slow hash."""
    return hashlib.sha256(token.encode("ascii")).digest()


def format_groups(token: str) -> str:
    """For reading aloud: XXXXX-XXXXX-XXXXX-XXXXX."""
    return "-".join(token[start : start + 5] for start in range(0, LENGTH, 5))


def _weighted_sum(values: list[int]) -> int:
    """Horner's rule: the last symbol has weight a, the one before a², and the check, added later, 1."""
    total = 0
    for value in values:
        total = _times_generator(total ^ value)
    return total


def _times_generator(value: int) -> int:
    """Multiply by x in GF(2^5) modulo the primitive polynomial x⁵ + x² + 1."""
    value <<= 1
    return value ^ 0b100101 if value & 0b100000 else value
