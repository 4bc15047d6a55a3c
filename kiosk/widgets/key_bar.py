"""The bar at the bottom: the keys of this screen, which a finger on a tablet may press too."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.widget import Widget


class KeyCap(Widget):
    DEFAULT_CSS = """
    KeyCap { width: auto; height: 1; margin-right: 1; }
    KeyCap:hover { background: $row; }
    """

    class Pressed(Message):
        """A finger or mouse pressed the key on the screen."""

        def __init__(self, key: str) -> None:
            super().__init__()
            self.key = key

    def __init__(self, key: str, cap: str, label: str) -> None:
        super().__init__()
        self._key, self._cap, self._label = key, cap, label

    def render(self) -> Content:
        # The key that confirms stands out.
        cap = "bold $ink on $gold" if self._key == "f2" else "bold $gold on $row"
        return Content.assemble((f" {self._cap} ", cap), f" {self._label}")

    def on_click(self) -> None:
        self.post_message(self.Pressed(self._key))


class KeyBar(Horizontal):
    """`keys` are (key name, what stands on the key, what it does)."""

    DEFAULT_CSS = "KeyBar { height: 1; background: $panel; padding: 0 1; }"

    def __init__(self, *keys: tuple[str, str, str]) -> None:
        super().__init__()
        self._keys = keys

    def compose(self) -> ComposeResult:
        for key, cap, label in self._keys:
            yield KeyCap(key, cap, label)
