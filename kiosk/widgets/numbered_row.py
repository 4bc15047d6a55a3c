"""A row of a list whose rows are chosen by digits."""

from __future__ import annotations

from textual.content import Content

PREFIX_WIDTH = 5
"""Cells before the text."""


def build_numbered_row(index: int, text: str, *, chosen: bool) -> Content:
    """`index` counts from 0, the digit from 1."""
    background = " on $row" if chosen else ""
    return Content.assemble((f" {index + 1} ", "bold $gold on $keycap"), (f"  {text}", "$cream" + background))
