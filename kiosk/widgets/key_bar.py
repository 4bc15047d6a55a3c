"""The bar at the bottom: the keys of this screen, which can be pressed by touch too."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from kiosk.appearance import LARGE

# fmt: off
HIDE_ORDER = (
    "delete", "backspace", "-", "+", "f3", "f7", "f5", "f4", "/", "f10", "ctrl+q", "f1", "f8", "escape", "f6",
)
# fmt: on
"""The order in which caps are hidden on a narrow screen: these keys are in the menu too, or another key or a
command card does the same."""
LARGE_MODE_KEYS = frozenset({"f6"})
"""Keys without a function outside large mode."""


class KeyCap(Widget):
    DEFAULT_CSS = """
    KeyCap { width: auto; height: 1; margin-right: 1; }
    KeyCap:hover { background: $row; }
    """

    class Pressed(Message):
        """The cap was pressed by touch or mouse."""

        def __init__(self, key: str) -> None:
            super().__init__()
            self.key = key

    def __init__(self, key: str, cap: str, label: str) -> None:
        super().__init__()
        self.key = key
        self._cap, self._label = cap, label

    @property
    def cell_width(self) -> int:
        """With the gap after it."""
        return self.render().cell_length + 1

    def render(self) -> Content:
        # The key that confirms stands out.
        cap = "bold $ink on $gold" if self.key == "f2" else "bold $gold on $row"
        return Content.assemble((f" {self._cap} ", cap), f" {self._label}")

    def on_click(self) -> None:
        self.post_message(self.Pressed(self.key))


class KeyBar(Horizontal):
    """`keys` are (key name, text on the cap, label)."""

    DEFAULT_CSS = "KeyBar { height: 1; background: $panel; padding: 0 1; }"

    def __init__(self, *keys: tuple[str, str, str]) -> None:
        super().__init__()
        self._keys = keys

    def compose(self) -> ComposeResult:
        for key, cap, label in self._keys:
            yield KeyCap(key, cap, label)

    def on_resize(self) -> None:
        self.fit()

    def fit(self) -> None:
        """Hide caps that don't fit."""
        caps = {cap.key: cap for cap in self.query(KeyCap)}
        widths = {key: cap.cell_width for key, cap in caps.items()}
        room = self.content_size.width + 1
        shown = set(caps) if self.app.has_class(LARGE) else set(caps) - LARGE_MODE_KEYS
        for key in HIDE_ORDER:
            if sum(widths[each] for each in shown) <= room:
                break
            shown.discard(key)
        for key, cap in caps.items():
            cap.display = key in shown
