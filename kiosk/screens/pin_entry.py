"""A PIN of four to eight digits over another screen."""

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
from kiosk.widgets.pin_boxes import LONGEST, SHORTEST, PinBoxes
from kiosk.widgets.status import Status


class PinEntry(Overlay):
    # Scoped, it would hold for this class alone and not for those that say whose PIN it is.
    SCOPED_CSS = False
    CSS = """
    PinEntry #middle { height: 1fr; align: center middle; }
    PinEntry #card { width: 72; max-width: 100%; height: auto; background: $panel; padding: 1 4; }
    PinEntry Center { height: auto; }
    PinEntry #title { width: 1fr; text-align: center; color: $gold; text-style: bold; }
    PinEntry #ask { width: 1fr; text-align: center; color: $cream; }
    """

    class Given(Message):
        """The PIN as it was typed."""

        def __init__(self, pin: str) -> None:
            super().__init__()
            self.pin = pin

    def __init__(self, counter: Counter, refusal: str = "") -> None:
        super().__init__(counter)
        self._refusal = refusal
        self._pin = ""

    @abstractmethod
    def who(self) -> str:
        """Who types it."""

    @abstractmethod
    def what_for(self) -> str:
        """What for, and the key that ends it."""

    @abstractmethod
    def hint(self) -> str:
        """What the status line says while nothing is wrong."""

    def compose(self) -> ComposeResult:
        yield Banner(self.session)
        with Vertical(id="middle"), Vertical(id="card"):
            yield Static(self.who(), id="title")
            with Center():
                yield PinBoxes()
            yield Static(self.what_for(), id="ask")
        yield Status()
        yield KeyBar(
            ("f2", "F2", _("确认")), ("backspace", "Backspace", _("退一格")), ("escape", "Esc", _("返回"))
        )

    def on_mount(self) -> None:
        if self._refusal:
            self.status.refuse(self._refusal)
        else:
            self.status.hint(self.hint())

    def press(self, key: str) -> None:
        if len(key) == 1 and key in "0123456789":
            self._pin = (self._pin + key)[:LONGEST]
        elif key in ("backspace", "delete"):
            self._pin = self._pin[:-1]
        elif key == "escape":
            self.post_message(self.Closed())
        elif key == "f2":
            self._give()
        self.query_one(PinBoxes).filled = len(self._pin)

    def _give(self) -> None:
        if len(self._pin) < SHORTEST:
            self.status.refuse(
                _("密码是 {shortest} 到 {longest} 位数字").format(shortest=SHORTEST, longest=LONGEST)
            )
        else:
            self.post_message(self.Given(self._pin))
