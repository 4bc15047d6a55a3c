"""The status bar above the keys: what to do next, what was done, or why something was refused."""

from __future__ import annotations

from typing import Literal

from textual.content import Content
from textual.timer import Timer
from textual.widgets import Static

from kiosk.appearance import LARGE
from kiosk.language import _

HOLD = 3.0
"""Seconds that a result or a refusal stays for whoever reads it, unless a key, a scan or a touch comes first."""
Kind = Literal["", "done", "waiting", "refusal"]


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

    def __init__(self) -> None:
        super().__init__()
        self._hold: Timer | None = None
        # Whether what is held is a result, which not even a refusal replaces.
        self._holds_result = False
        self._deferred: tuple[str, Kind] | None = None

    def show_hint(self, text: str) -> None:
        """Show what can be done now."""
        self._show_or_defer(text, "")

    def show_done(self, text: str) -> None:
        """Show what was just done, as long as nothing else is to be shown."""
        self._show_or_defer(text, "done")

    def show_waiting(self, text: str) -> None:
        """Show what the kiosk is waiting for."""
        self._show_or_defer(text, "waiting")

    def show_result(self, text: str, kind: Kind = "done") -> None:
        """Show what was done, so long that it can be read."""
        self._show_and_hold(text, kind, result=True)

    def show_refusal(self, text: str) -> None:
        """Show why something was not done, and ring the bell: the attendant may be looking at the goods."""
        text = _("！{sentence}").format(sentence=text)
        if self._holds_result:
            self._deferred = text, "refusal"
        else:
            self._show_and_hold(text, "refusal", result=False)
        self.app.bell()

    def release(self) -> None:
        """It was read, or there was time enough; what came meanwhile is shown now."""
        if self._hold is not None:
            self._hold.stop()
        self._hold, self._holds_result = None, False
        deferred, self._deferred = self._deferred, None
        if deferred is not None:
            self._show(*deferred)

    def _show_or_defer(self, text: str, kind: Kind) -> None:
        if self._hold is None:
            self._show(text, kind)
        elif self._deferred is None or self._deferred[1] != "refusal":
            self._deferred = text, kind

    def _show_and_hold(self, text: str, kind: Kind, *, result: bool) -> None:
        self._deferred = None
        self.release()
        self._show(text, kind)
        self._holds_result = result
        self._hold = self.set_timer(HOLD, self.release)

    def _show(self, text: str, kind: Kind) -> None:
        self.set_classes(kind)
        # Otherwise its height is fixed, and nothing else moves.
        self.update(Content(text), layout=self.app.has_class(LARGE))
