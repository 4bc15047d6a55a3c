"""What every screen of the till has: keys and scans arrive by themselves, whatever a terminal calls focus."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from textual import on
from textual.message import Message
from textual.messages import Prune
from textual.screen import Screen

from api.wire import Command
from kiosk.counter import Counter
from kiosk.widgets.key_bar import KeyCap
from kiosk.widgets.status import Status


@dataclass(frozen=True, slots=True)
class Choice:
    """Something the menu offers: what it is called, the key that does the same, if any, and what does it."""

    label: str
    cap: str
    act: Callable[[], None]


class Reprint(Message):
    """The attendant wants this receipt or slip on paper once more."""

    def __init__(self, paper: UUID) -> None:
        super().__init__()
        self.paper = paper


class TillScreen(Screen[None]):
    """Nothing on these screens takes focus: the app hands over what its scanner made of the keys."""

    class Succeeded(Message):
        """Something was done that the attendant, looking at the goods, wants to hear."""

    def __init__(self, counter: Counter) -> None:
        super().__init__()
        self.counter = counter
        self.session = counter.session

    async def on_prune(self, event: Prune) -> None:
        """What is under way here ends before the screen's parts go: it would come back to none of them."""
        self.workers.cancel_node(self)

    @abstractmethod
    def press(self, key: str) -> None:
        """A person pressed a key: a character as itself, any other by its name."""

    @abstractmethod
    def scan(self, text: str) -> None:
        """A scanner read `text`, which is no command."""

    @abstractmethod
    def scan_again(self, text: str) -> None:
        """The scanner read the same `text` within two seconds, which counts once."""

    def command(self, command: Command) -> None:
        """A command card was scanned: it is the key that it stands for."""
        match command:
            case Command.CONFIRM:
                self.press("f2")
            case Command.CANCEL:
                self.press("escape")
            case _:
                self.app.bell()

    def choices(self) -> list[Choice]:
        """What the menu offers here, beside what it offers everywhere."""
        return []

    def key_choice(self, label: str, cap: str, key: str) -> Choice:
        return Choice(label, cap, lambda: self.press(key))

    def news(self) -> None:
        """The line to the server came or went, or something came over it."""
        self.query("Banner, Summary, Shelf, Household, CartView").refresh()

    @property
    def status(self) -> Status:
        return self.query_one(Status)

    @on(KeyCap.Pressed)
    def _touched(self, message: KeyCap.Pressed) -> None:
        self.press(message.key)


class Overlay(TillScreen):
    """A screen over another; a scan takes it away and goes on to the screen below."""

    class Closed(Message):
        """The attendant has seen enough."""

    def scan(self, text: str) -> None:
        raise AssertionError("the app closes an overlay before it hands a scan on")

    def scan_again(self, text: str) -> None:
        """What the first reading did is being looked at."""


class Notice(Overlay):
    """Something to read: any key but F2 takes it away. Command cards take it away too and go no further: nobody
    confirms or cancels what they don't see."""

    def press(self, key: str) -> None:
        # A second F2 in haste must not wipe away what the first one brought.
        if key != "f2":
            self.post_message(self.Closed())

    def command(self, command: Command) -> None:
        self.post_message(self.Closed())
