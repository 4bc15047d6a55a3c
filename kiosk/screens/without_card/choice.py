"""Overlays of which each row is chosen by its digit."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from textual.content import Content
from textual.events import Click

from api.wire.identification import FoundHousehold
from kiosk.columns import justify
from kiosk.counter import Counter
from kiosk.language import _
from kiosk.screens.base import Overlay
from kiosk.screens.sheet import HEADING_ROWS, SheetScreen
from kiosk.widgets.numbered_row import PREFIX_WIDTH, build_numbered_row

FEW = 4
"""Rows."""
_STEPS = {"up": -1, "down": 1}


@dataclass(frozen=True, slots=True)
class Choice:
    """`end` stands at the right edge. `why_not`: why it can't be chosen, in a sentence, or empty."""

    label: str
    run: Callable[[], object]
    end: str = ""
    why_not: str = ""


class ChoiceScreen(SheetScreen, Overlay):
    """By digit or touch, or by arrows and F2. Esc goes back one screen."""

    MAX_ROW_WIDTH = 70

    def __init__(self, counter: Counter) -> None:
        super().__init__(counter)
        self._choices: Sequence[Choice] = self.build_choices()
        self._cursor = 0

    @abstractmethod
    def get_title(self) -> str:
        """What is chosen."""

    @abstractmethod
    def get_hint(self) -> str:
        """How."""

    @abstractmethod
    def build_choices(self) -> Sequence[Choice]:
        """At most nine."""

    def get_keys(self) -> list[tuple[str, str, str]]:
        return [
            ("f2", "F2", _("选定")),
            ("up", _("上"), _("上移")),
            ("down", _("下"), _("下移")),
            *super().get_keys(),
        ]

    def on_mount(self) -> None:
        self._show()
        self.status.show_hint(self.get_hint())

    def on_click(self, event: Click) -> None:
        rows = self.query_one("#rows").content_region
        if rows.x <= event.screen_x < rows.right:
            self._choose((event.screen_y - rows.y - HEADING_ROWS) // self._row_height)

    def press(self, key: str) -> None:
        if key == "escape":
            self.post_message(self.Left())
        elif len(key) == 1 and key in "123456789":
            self._choose(int(key) - 1)
        elif key in _STEPS:
            self._cursor = (self._cursor + _STEPS[key]) % len(self._choices)
            self._show()
        elif key in ("f2", " "):
            self._choose(self._cursor)

    def _choose(self, place: int) -> None:
        if not 0 <= place < len(self._choices):
            return
        self._cursor = place
        self._show()
        choice = self._choices[place]
        if choice.why_not:
            self.status.show_refusal(choice.why_not)
        else:
            choice.run()

    @property
    def _row_height(self) -> int:
        """Few rows stand apart, for a finger."""
        return 2 if len(self._choices) <= FEW else 1

    def _show(self) -> None:
        width = self.row_width - PREFIX_WIDTH
        rows = [
            build_numbered_row(place, justify(choice.label, choice.end, width), chosen=place == self._cursor)
            for place, choice in enumerate(self._choices)
        ]
        blank = [Content()] * (self._row_height - 1)
        self.show_rows(self.get_title(), [row for each in rows for row in (each, *blank)])


def describe(household: FoundHousehold) -> str:
    """One line, by which nobody takes it for another."""
    return _("{name}  {village} {grid}  编号末尾 {code_end}").format(
        name=household.name, village=household.village, grid=household.grid, code_end=household.code_end
    )
