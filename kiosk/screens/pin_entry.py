"""An overlay for entering a PIN of four to eight digits."""

from __future__ import annotations

from abc import abstractmethod

from textual.app import ComposeResult
from textual.containers import Center, Vertical
from textual.message import Message
from textual.widgets import Static

from kiosk.counter import Counter
from kiosk.language import _
from kiosk.screens.base import Overlay
from kiosk.widgets.banner import Banner
from kiosk.widgets.key_bar import KeyBar
from kiosk.widgets.pin_boxes import MAX_LENGTH, MIN_LENGTH, PinBoxes
from kiosk.widgets.status import Status


class PinScreen(Overlay):
    # The subclasses use it too.
    SCOPED_CSS = False
    CSS = """
    PinScreen #middle { height: 1fr; align: center middle; }
    PinScreen #card { width: 72; max-width: 100%; height: auto; background: $panel; padding: 1 4; }
    PinScreen Center { height: auto; }
    PinScreen #title { width: 1fr; text-align: center; color: $gold; text-style: bold; }
    PinScreen #ask { width: 1fr; text-align: center; color: $cream; }
    """

    class Entered(Message):
        """A PIN was entered."""

        def __init__(self, pin: str) -> None:
            super().__init__()
            self.pin = pin

    def __init__(self, counter: Counter, refusal: str = "") -> None:
        super().__init__(counter)
        self._refusal = refusal
        self._pin = ""

    @abstractmethod
    def get_title(self) -> str:
        """Who enters it."""

    @abstractmethod
    def get_prompt(self) -> str:
        """What for, and the key that confirms it."""

    @abstractmethod
    def get_hint(self) -> str:
        """The status bar's text if nothing was refused."""

    def compose(self) -> ComposeResult:
        yield Banner(self.session)
        with Vertical(id="middle"), Vertical(id="card"):
            yield Static(self.get_title(), id="title")
            with Center():
                yield PinBoxes()
            yield Static(self.get_prompt(), id="ask")
        yield Status()
        yield KeyBar(
            ("f2", "F2", _("确认")), ("backspace", "Backspace", _("退一格")), ("escape", "Esc", _("返回"))
        )

    def on_mount(self) -> None:
        if self._refusal:
            self.status.show_refusal(self._refusal)
        else:
            self.status.show_hint(self.get_hint())

    def press(self, key: str) -> None:
        if len(key) == 1 and key in "0123456789":
            self._pin = (self._pin + key)[:MAX_LENGTH]
        elif key in ("backspace", "delete"):
            self._pin = self._pin[:-1]
        elif key == "escape":
            self.leave()
        elif key == "f2":
            self._submit()
        self.query_one(PinBoxes).filled = len(self._pin)

    def _submit(self) -> None:
        if len(self._pin) < MIN_LENGTH:
            self.status.show_refusal(
                _("密码是 {shortest} 到 {longest} 位数字").format(shortest=MIN_LENGTH, longest=MAX_LENGTH)
            )
        else:
            self.enter(self._pin)

    def enter(self, pin: str) -> None:
        """It was typed and confirmed."""
        self.post_message(self.Entered(pin))

    def leave(self) -> None:
        """Nothing was entered."""
        self.post_message(self.Closed())

    def clear(self) -> None:
        """It has to be typed anew."""
        self._pin = ""
        self.query_one(PinBoxes).filled = 0
