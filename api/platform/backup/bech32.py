"""Bech32 (BIP 173), in which age writes its keys."""

from __future__ import annotations

from collections.abc import Iterable

_ALPHABET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_GENERATORS = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_CHECKSUM = 6


def encode(prefix: str, content: bytes) -> str:
    """`prefix` in small letters."""
    digits = list(_regroup(content, 8, 5, pad=True))
    remainder = _remainder([*_expand(prefix), *digits, *[0] * _CHECKSUM]) ^ 1
    digits += [remainder >> 5 * (_CHECKSUM - 1 - place) & 31 for place in range(_CHECKSUM)]
    return f"{prefix}1{''.join(_ALPHABET[digit] for digit in digits)}"


def decode(prefix: str, text: str) -> bytes:
    """In small or in capital letters. Raises ValueError."""
    if text not in (text.lower(), text.upper()):
        raise ValueError("mixed case")
    found, one, rest = text.lower().rpartition("1")
    digits = [_ALPHABET.index(letter) for letter in rest]
    if not one or found != prefix or _remainder([*_expand(prefix), *digits]) != 1:
        raise ValueError("not of this kind, or mistyped")
    return bytes(_regroup(digits[:-_CHECKSUM], 5, 8, pad=False))


def _expand(prefix: str) -> list[int]:
    return [ord(c) >> 5 for c in prefix] + [0] + [ord(c) & 31 for c in prefix]


def _remainder(digits: Iterable[int]) -> int:
    value = 1
    for digit in digits:
        top = value >> 25
        value = (value & 0x1FFFFFF) << 5 ^ digit
        for bit, generator in enumerate(_GENERATORS):
            value ^= generator * (top >> bit & 1)
    return value


def _regroup(digits: Iterable[int], width: int, wanted: int, *, pad: bool) -> Iterable[int]:
    held = bits = 0
    for digit in digits:
        held = (held << width | digit) & 0xFFFF
        bits += width
        while bits >= wanted:
            bits -= wanted
            yield held >> bits & (1 << wanted) - 1
    if pad and bits:
        yield held << (wanted - bits) & (1 << wanted) - 1
