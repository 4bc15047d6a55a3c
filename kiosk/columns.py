"""Columns of Chinese text: widths are terminal cells, where a Chinese character takes two."""

from __future__ import annotations

from rich.cells import cell_len, set_cell_size


def left(text: str, width: int) -> str:
    """Exactly `width` cells, cut or padded on the right."""
    return set_cell_size(text, max(width, 0))


def right(text: str, width: int) -> str:
    """Exactly `width` cells or more: a figure is never cut."""
    return " " * max(width - cell_len(text), 0) + text


def between(start: str, end: str, width: int) -> str:
    """`start` and `end` at the two edges of `width` cells; `start` gives way."""
    return left(start, width - cell_len(end) - 1) + " " + end
