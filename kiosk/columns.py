"""Alignment of text in columns. Widths are terminal cells; a Chinese character takes two."""

from __future__ import annotations

from rich.cells import cell_len, set_cell_size


def align_left(text: str, width: int) -> str:
    """Cut or pad on the right to exactly `width` cells."""
    return set_cell_size(text, max(width, 0))


def align_right(text: str, width: int) -> str:
    """Pad on the left to at least `width` cells: figures are never cut."""
    return " " * max(width - cell_len(text), 0) + text


def justify(start: str, end: str, width: int) -> str:
    """`start` and `end` at the two edges of `width` cells; `start` is cut where they don't fit."""
    return align_left(start, width - cell_len(end) - 1) + " " + end
