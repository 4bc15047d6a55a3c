"""Lines on paper. An ASCII character takes one column of a receipt printer, any other two.

A terminal counts differently: a printer's Chinese font is two columns wide for every character of its Chinese
encoding, `·` and `—` among them. A line never has more columns than the paper.
"""

from __future__ import annotations

from dataclasses import dataclass

import regex

from api.wire.text import make_line_visible, split_clusters

# Points aren't money, and some printers have these signs where others have a backslash.
_MONEY_SIGNS = str.maketrans({"¥": "元", "￥": "元"})


# Blanks of other widths, but not the narrow one inside a Mongolian word.
UNSEEN = regex.compile(r"[\p{Cf}\p{Variation_Selector}]")
_BLANKS = dict.fromkeys([0xA0, 0x1680, *range(0x2000, 0x200B), 0x205F, 0x3000], " ")


@dataclass(frozen=True, slots=True)
class PaperLine:
    """`big` characters have double width and height."""

    text: str
    big: bool = False

    @property
    def columns(self) -> int:
        return count_columns(self.text) * (2 if self.big else 1)


def count_columns(text: str) -> int:
    return sum(map(_count_columns, text))


def _count_columns(character: str) -> int:
    if character.isascii():
        return 1
    return 0 if UNSEEN.match(character) else 2


def make_printable(text: str) -> str:
    """`text` as one line without control characters: a name must not contain printer commands."""
    return make_line_visible(text).translate(_BLANKS).strip().translate(_MONEY_SIGNS)


def wrap(text: str, width: int) -> list[str]:
    """Split `text` into pieces of at most `width` columns (at least 2)."""
    pieces = [""]
    left = width
    for sign in _split_signs(make_printable(text), width):
        left -= count_columns(sign)
        if left < 0:
            pieces.append("")
            left = width - count_columns(sign)
        pieces[-1] += sign
    return pieces


def _split_signs(text: str, width: int) -> list[str]:
    """Never in the middle of a letter with its marks, unless it alone has more columns than the paper."""
    return [
        sign
        for cluster in split_clusters(text)
        for sign in ([cluster] if count_columns(cluster) <= width else cluster)
    ]


def wrap_lines(text: str, width: int) -> list[PaperLine]:
    return [PaperLine(piece) for piece in wrap(text, width)]


def centre(text: str, width: int, *, big: bool = False) -> list[PaperLine]:
    room = width // 2 if big else width
    return [PaperLine(" " * ((room - count_columns(piece)) // 2) + piece, big) for piece in wrap(text, room)]


def format_row(start: str, end: str, width: int) -> list[PaperLine]:
    """`start` at the left edge, wrapped if needed; `end`, a figure or a name, at the right edge of the last line,
    or below if it doesn't fit there."""
    *above, last = wrap(start, width)
    first, *below = wrap(end, width)
    if last and count_columns(last) + 1 + count_columns(first) > width:
        above, last = [*above, last], ""
    return [*map(PaperLine, above), _justify(last, first, width), *(_justify("", piece, width) for piece in below)]


def _justify(start: str, end: str, width: int) -> PaperLine:
    return PaperLine(start + " " * (width - count_columns(start) - count_columns(end)) + end)


def make_rule(width: int) -> PaperLine:
    return PaperLine("-" * width)
