"""One row of a list that is chosen from by digits."""

from __future__ import annotations

from textual.content import Content

BESIDE = 5
"""Cells before the text."""


def numbered(index: int, text: str, *, chosen: bool) -> Content:
    """`index` counts from 0; the digit on the key is one more."""
    ground = " on $row" if chosen else ""
    return Content.assemble((f" {index + 1} ", "bold $gold on $keycap"), (f"  {text}", "$cream" + ground))
