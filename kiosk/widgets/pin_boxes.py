"""The boxes of a PIN's digits."""

from __future__ import annotations

from textual.content import Content
from textual.reactive import reactive
from textual.widgets import Static

from kiosk.appearance import LARGE

MIN_LENGTH, MAX_LENGTH = 4, 8
"""Of an attendant's and of a card's PIN."""


class PinBoxes(Static):
    """A box for each digit typed, which is never shown. Eight boxes fit on a narrow screen."""

    DEFAULT_CSS = "PinBoxes { width: auto; height: 3; margin: 1 0; }"

    filled = reactive(0, layout=True)

    def render(self) -> Content:
        box, gap = (" " * 4, " ") if self.app.has_class(LARGE) else (" " * 6, " " * 2)
        row = Content(gap).join(
            Content.assemble((box, "on $gold" if place < self.filled else "on $keycap"))
            for place in range(max(MIN_LENGTH, self.filled))
        )
        return Content("\n").join([row, row, row])
