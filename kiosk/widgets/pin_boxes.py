"""A box for each digit of a PIN."""

from __future__ import annotations

from textual.content import Content
from textual.reactive import reactive
from textual.widgets import Static

from kiosk.appearance import LARGE

SHORTEST, LONGEST = 4, 8
"""Digits of a PIN, an attendant's and a card's alike."""


class PinBoxes(Static):
    """A box for each digit, filled as they come; never the digits themselves. Eight fit into a narrow screen."""

    DEFAULT_CSS = "PinBoxes { width: auto; height: 3; margin: 1 0; }"

    filled = reactive(0, layout=True)

    def render(self) -> Content:
        box, gap = (" " * 4, " ") if self.app.has_class(LARGE) else (" " * 6, " " * 2)
        row = Content(gap).join(
            Content.assemble((box, "on $gold" if place < self.filled else "on $keycap"))
            for place in range(max(SHORTEST, self.filled))
        )
        return Content("\n").join([row, row, row])
