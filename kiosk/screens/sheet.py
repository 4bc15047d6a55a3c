"""A screen with a title and rows in the middle."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from kiosk.columns import justify
from kiosk.language import _
from kiosk.screens.base import KioskScreen
from kiosk.widgets.banner import Banner
from kiosk.widgets.key_bar import KeyBar
from kiosk.widgets.status import Status

PADDING = 6
"""Cells left and right of the rows together."""
HEADING_ROWS = 2
"""The title and the blank below it."""
_PAGES = {"up": -1, "pageup": -1, "down": 1, "pagedown": 1, " ": 1}


class SheetScreen(KioskScreen):
    # The subclasses use it too.
    SCOPED_CSS = False
    CSS = """
    SheetScreen #middle { height: 1fr; align: center middle; overflow-y: auto; scrollbar-size-vertical: 0; }
    SheetScreen #sheet { max-width: 100%; height: auto; background: $panel; padding: 1 3; }
    """
    MAX_ROW_WIDTH: ClassVar[int] = 66
    """Cells, if the screen is wide enough."""

    def compose(self) -> ComposeResult:
        yield Banner(self.session)
        with Vertical(id="middle"), Vertical(id="sheet") as sheet:
            sheet.styles.width = self.MAX_ROW_WIDTH + PADDING
            yield Static(id="rows")
        yield Status()
        yield KeyBar(*self.get_keys())

    def get_keys(self) -> list[tuple[str, str, str]]:
        """The keys of the key bar, see `KeyBar`."""
        return [("escape", "Esc", _("返回"))]

    def show_rows(self, title: str, rows: Sequence[Content]) -> None:
        heading = Content.assemble((title, "bold $gold"))
        self.query_one("#rows", Static).update(Content("\n").join([heading, Content(), *rows]))

    def turn_page(self, key: str) -> bool:
        """Scroll, if this key does that and not all rows fit; returns whether it did."""
        sheet = self.query_one("#middle")
        turns = key in _PAGES and bool(sheet.max_scroll_y)
        if turns:
            # Immediately: otherwise two keys before the next refresh would start from the same line.
            sheet.scroll_relative(y=_PAGES[key] * (sheet.size.height - 1), animate=False, immediate=True)
        return turns

    @property
    def row_width(self) -> int:
        """In cells."""
        return min(self.MAX_ROW_WIDTH, self.app.size.width - PADDING)

    def build_row(self, what: str, figure: str, style: str = "$cream") -> Content:
        return Content.assemble((justify(what, figure, self.row_width), style))

    def build_points_row(self, what: str, points: int, style: str) -> Content:
        return self.build_row(what, _("{points} 分").format(points=points), style)
