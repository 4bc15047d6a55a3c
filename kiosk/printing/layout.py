"""Lines of a slip, in the columns of a receipt printer: one for an ASCII character, two for any other.

That is how a printer's Chinese font has it, and not what a terminal counts: a printer gives two columns to every
sign of its Chinese encoding, `·` and `—` among them. A line never has more columns than the paper.
"""

from __future__ import annotations

from dataclasses import dataclass

# The points of the township aren't money, and some printers have these signs where others have a backslash.
_MONEY = str.maketrans({"¥": "元", "￥": "元"})


@dataclass(frozen=True, slots=True)
class Line:
    """`big` characters are twice as wide and twice as high."""

    text: str
    big: bool = False

    @property
    def columns(self) -> int:
        return columns(self.text) * (2 if self.big else 1)


def columns(text: str) -> int:
    return sum(map(_columns, text))


def _columns(character: str) -> int:
    return 1 if character.isascii() else 2


def shown(text: str) -> str:
    """`text` as one line of what a printer can show: a name from elsewhere must not command it."""
    spaced = "".join(" " if each.isspace() else each for each in text).strip()
    return "".join(filter(str.isprintable, spaced)).translate(_MONEY)


def wrapped(text: str, width: int) -> list[str]:
    """`text` in pieces of at most `width` columns (at least 2), at least one."""
    pieces = [""]
    left = width
    for character in shown(text):
        left -= _columns(character)
        if left < 0:
            pieces.append("")
            left = width - _columns(character)
        pieces[-1] += character
    return pieces


def plain(text: str, width: int) -> list[Line]:
    return [Line(piece) for piece in wrapped(text, width)]


def centred(text: str, width: int, *, big: bool = False) -> list[Line]:
    room = width // 2 if big else width
    return [Line(" " * ((room - columns(piece)) // 2) + piece, big) for piece in wrapped(text, room)]


def row(start: str, end: str, width: int) -> list[Line]:
    """`start` at the left edge, wrapped where it must be; `end`, a figure or a name, at the right edge of the last
    line, or below where there is no room beside it."""
    *above, last = wrapped(start, width)
    first, *below = wrapped(end, width)
    if last and columns(last) + 1 + columns(first) > width:
        above, last = [*above, last], ""
    return [*map(Line, above), _edges(last, first, width), *(_edges("", piece, width) for piece in below)]


def _edges(start: str, end: str, width: int) -> Line:
    return Line(start + " " * (width - columns(start) - columns(end)) + end)


def rule(width: int) -> Line:
    return Line("-" * width)
