"""A number large enough to be read across the counter, drawn in coloured blanks, whose width is never
ambiguous."""

from __future__ import annotations

from rich.cells import cell_len
from textual.content import Content
from textual.widget import Widget

ROWS = 5
_GLYPHS = {
    "0": ("###", "# #", "# #", "# #", "###"),
    "1": (" # ", "## ", " # ", " # ", "###"),
    "2": ("###", "  #", "###", "#  ", "###"),
    "3": ("###", "  #", "###", "  #", "###"),
    "4": ("# #", "# #", "###", "  #", "  #"),
    "5": ("###", "#  ", "###", "  #", "###"),
    "6": ("###", "#  ", "###", "# #", "###"),
    "7": ("###", "  #", "  #", "  #", "  #"),
    "8": ("###", "# #", "###", "# #", "###"),
    "9": ("###", "# #", "###", "  #", "###"),
}
PIXEL = 2
"""Cells for one pixel, so that it is about square."""
_GAP = 2


def render_big_number(number: int, unit: str, width: int, colour: str) -> list[Content]:
    """`ROWS` lines, with the unit on the last; in plain bold if the figures don't fit into `width` cells."""
    digits = str(number)
    needed = len(digits) * (3 * PIXEL + _GAP) + cell_len(unit)
    if needed > width:
        plain = Content.assemble((f"{digits} {unit}", f"bold {colour}"))
        return [Content(), Content(), plain, Content(), Content()]
    lines = []
    for row in range(ROWS):
        parts: list[tuple[str, str] | str] = []
        for digit in digits:
            for pixel in _GLYPHS[digit][row]:
                blank = " " * PIXEL
                parts.append((blank, f"on {colour}") if pixel == "#" else blank)
            parts.append(" " * _GAP)
        parts.append((unit, f"bold {colour}") if row == ROWS - 1 else "")
        lines.append(Content.assemble(*parts))
    return lines


class BigNumber(Widget):
    """One big number with its unit, centred."""

    DEFAULT_CSS = f"BigNumber {{ height: {ROWS}; width: 1fr; text-align: center; }}"

    def __init__(self, number: int, unit: str, colour: str) -> None:
        super().__init__()
        self._number, self._unit, self._colour = number, unit, colour

    def render(self) -> Content:
        width = self.content_size.width
        lines = render_big_number(self._number, self._unit, width, self._colour)
        widest = max(line.cell_length for line in lines)
        # All lines have one length, or centring would shift them against each other.
        return Content("\n").join(
            line.pad_right(widest - line.cell_length) if line.cell_length < widest else line for line in lines
        )
