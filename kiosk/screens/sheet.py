"""A sheet in the middle of the screen: a title, and rows below it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from kiosk.columns import justify
from kiosk.language import _
from kiosk.screens.base import TillScreen
from kiosk.widgets.banner import Banner
from kiosk.widgets.key_bar import KeyBar
from kiosk.widgets.status import Status

PADDING = 6
"""Cells at both sides of the rows together."""
_PAGES = {"up": -1, "pageup": -1, "down": 1, "pagedown": 1, " ": 1}


class SheetScreen(TillScreen):
    # Scoped, it would hold for this class alone and not for those below.
    SCOPED_CSS = False
    CSS = """
    SheetScreen #middle { height: 1fr; align: center middle; overflow-y: auto; scrollbar-size-vertical: 0; }
    SheetScreen #sheet { max-width: 100%; height: auto; background: $panel; padding: 1 3; }
    """
    ACROSS: ClassVar[int] = 66
    """Cells of a row where the screen is wide enough."""

    def compose(self) -> ComposeResult:
        yield Banner(self.session)
        with Vertical(id="middle"), Vertical(id="sheet") as sheet:
            sheet.styles.width = self.ACROSS + PADDING
            yield Static(id="rows")
        yield Status()
        yield KeyBar(*self.keys())

    def keys(self) -> list[tuple[str, str, str]]:
        """What the key bar shows; see `KeyBar`."""
        return [("escape", "Esc", _("返回"))]

    def show(self, title: str, rows: Sequence[Content]) -> None:
        heading = Content.assemble((title, "bold $gold"))
        self.query_one("#rows", Static).update(Content("\n").join([heading, Content(), *rows]))

    def turn_page(self, key: str) -> bool:
        """Whether this key turns the page: some do where the rows are more than fit."""
        sheet = self.query_one("#middle")
        turns = key in _PAGES and bool(sheet.max_scroll_y)
        if turns:
            # At once: of two keys before the next refresh, both would start from the same line.
            sheet.scroll_relative(y=_PAGES[key] * (sheet.size.height - 1), animate=False, immediate=True)
        return turns

    @property
    def across(self) -> int:
        """Cells of a row."""
        return min(self.ACROSS, self.app.size.width - PADDING)

    def row(self, what: str, figure: str, style: str = "$cream") -> Content:
        return Content.assemble((justify(what, figure, self.across), style))

    def points_row(self, what: str, points: int, style: str) -> Content:
        return self.row(what, _("{points} 分").format(points=points), style)
