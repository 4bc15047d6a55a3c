"""Base classes of the screens. Keys and scans come from the app, not by focus."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from textual import on
from textual.css.query import NoMatches
from textual.message import Message
from textual.messages import Prune
from textual.screen import Screen
from textual.widget import Widget

from api.wire import Command
from kiosk.counter import Counter
from kiosk.errors import Refused
from kiosk.language import N_
from kiosk.screens import messages
from kiosk.sync import SIGN_IN_REQUIRED
from kiosk.widgets.banner import Banner
from kiosk.widgets.cart import CartView
from kiosk.widgets.household import Household
from kiosk.widgets.key_bar import KeyCap
from kiosk.widgets.shelf import Shelf
from kiosk.widgets.status import Status
from kiosk.widgets.summary import Summary

READ_TWICE = N_("扫码枪把同一个码连读了两次，只算一次；要多件请再扫，或按 +")


@dataclass(frozen=True, slots=True)
class MenuItem:
    """`key_cap`: the key that does the same, or empty."""

    label: str
    key_cap: str
    run: Callable[[], None]


class ReprintRequested(Message):
    """The attendant asked to print this receipt or promise slip again."""

    def __init__(self, document: UUID) -> None:
        super().__init__()
        self.document = document


class KioskScreen(Screen[None]):
    """Nothing on these screens takes focus: the app passes on what its scanner read."""

    class Succeeded(Message):
        """Something was done: the app rings the bell, since the attendant may be looking at the goods."""

    def __init__(self, counter: Counter) -> None:
        super().__init__()
        self.counter = counter
        self.session = counter.session

    async def on_prune(self, event: Prune) -> None:
        """Cancel this screen's workers before its widgets are removed, which they would go on to use."""
        self.workers.cancel_node(self)

    @abstractmethod
    def press(self, key: str) -> None:
        """Handle a key that a person pressed: a character as itself, any other by its name."""

    @abstractmethod
    def scan(self, text: str) -> None:
        """Handle a scanned `text` that is no command."""

    @abstractmethod
    def scan_repeat(self, text: str) -> None:
        """Handle the same card or unreadable code scanned again within two seconds, or goods that the scanner read
        twice at once."""

    def run_command(self, command: Command) -> None:
        """Handle a scanned command card, by default as the key that it stands for."""
        match command:
            case Command.CONFIRM:
                self.press("f2")
            case Command.CANCEL:
                self.press("escape")
            case _:
                self.app.bell()

    def build_menu(self) -> list[MenuItem]:
        """This screen's items of the menu."""
        return []

    def build_key_item(self, label: str, cap: str, key: str) -> MenuItem:
        return MenuItem(label, cap, lambda: self.press(key))

    def handle_caller_refusal(self, refusal: Refused) -> bool:
        """Sign out if the server refused the caller, whatever the request was; returns whether it did."""
        if refusal.problem.type not in SIGN_IN_REQUIRED:
            return False
        self.counter.shifts.end_by_server()
        self.post_message(messages.SignedOut(refusal.sentence))
        return True

    def refresh_state(self) -> None:
        """Show a change of the connection, or of data from the server."""
        self.redraw_session()

    def redraw_session(self) -> None:
        """Whatever shows the session."""
        # By type: to hold five selectors against each widget takes ten times as long.
        for widget in self.walk_children(Widget):
            if isinstance(widget, Banner | Summary | Shelf | Household | CartView):
                widget.refresh()

    @property
    def status(self) -> Status:
        return self.query_one(Status)

    def find_status(self) -> Status | None:
        """None until the screen is complete."""
        try:
            # What was found is remembered; `query` would walk through the whole screen at each key.
            return self.query_one(Status)
        except NoMatches:
            return None

    @on(KeyCap.Pressed)
    def _press_cap(self, message: KeyCap.Pressed) -> None:
        self.press(message.key)


class Overlay(KioskScreen):
    """A screen over another; a scan closes it and goes to the screen below, unless it takes it."""

    class Closed(Message):
        """The attendant closed it, and all overlays with it."""

    class Left(Message):
        """The attendant went back from this one to the screen below it."""

    class Opened(Message):
        """The attendant goes on to this `screen`, from which one comes back to this one."""

        def __init__(self, screen: Overlay) -> None:
            super().__init__()
            self.screen = screen

    def takes_scan(self, text: str) -> bool:
        """Whether `scan` and `scan_repeat` handle this text."""
        return False

    def scan(self, text: str) -> None:
        raise AssertionError("the app closes overlays before it passes on a scan")

    def scan_repeat(self, text: str) -> None:
        """The overlay shows the result of the first scan."""


class Notice(Overlay):
    """Something to read: any key but F2 closes it. So does a command card, which has no other effect: nobody
    confirms or cancels what they don't see."""

    def press(self, key: str) -> None:
        # A second F2 must not close what the first one opened.
        if key != "f2":
            self.post_message(self.Closed())

    def run_command(self, command: Command) -> None:
        self.post_message(self.Closed())
