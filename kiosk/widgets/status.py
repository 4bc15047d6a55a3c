"""The bar above the keys: what to do next, or, loud and red, why something was not done."""

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

    def hint(self, text: str) -> None:
        """What can be done now."""
        self._say(text, "")

    def done(self, text: str) -> None:
        """What was just done."""
        self._say(text, "done")

    def waiting(self, text: str) -> None:
        """What the till is waiting for."""
        self._say(text, "waiting")

    def refuse(self, text: str) -> None:
        """Why something was not done. The bell rings: the attendant may be looking at the goods."""
        self._say(_("！{sentence}").format(sentence=text), "refusal")
        self.app.bell()

    def _say(self, text: str, kind: str) -> None:
        self.set_classes(kind)
        self.update(Content(text))
