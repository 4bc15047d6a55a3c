"""The status bar above the keys: what to do next, what was done, or why something was refused."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Static

from kiosk.language import _


class Status(Static):
    DEFAULT_CSS = """
    Status {
        height: 3; padding: 0 2; content-align: left middle;
        background: $surface; color: $faded;
    }
    Status.refusal { background: $error; color: $paper; text-style: bold; }
    Status.waiting { background: $warning; color: $ink; text-style: bold; }
    Status.done { background: $surface; color: $jade; text-style: bold; }
    """

    def show_hint(self, text: str) -> None:
        """Show what can be done now."""
        self._show(text, "")

    def show_done(self, text: str) -> None:
        """Show what was just done."""
        self._show(text, "done")

    def show_waiting(self, text: str) -> None:
        """Show what the kiosk is waiting for."""
        self._show(text, "waiting")

    def show_refusal(self, text: str) -> None:
        """Show why something was not done, and ring the bell: the attendant may be looking at the goods."""
        self._show(_("！{sentence}").format(sentence=text), "refusal")
        self.app.bell()

    def _show(self, text: str, kind: str) -> None:
        self.set_classes(kind)
        self.update(Content(text))
