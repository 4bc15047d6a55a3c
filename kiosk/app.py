"""The kiosk program. The app listens to the keys, tells scans from typing, and routes between screens."""

from __future__ import annotations

import asyncio

from textual import events, on
from textual.app import App
from textual.message import Message

from api.wire import Command
from kiosk.client import Client
from kiosk.counter import Counter, Pace
from kiosk.language import N_, _
from kiosk.look import PALETTE, THEME
from kiosk.meaning import CommandCode, meaning
from kiosk.printing.printer import Printer
from kiosk.scanner import END_KEYS, Reading, Repeat, Scan, Scanner, Typed
from kiosk.screens.base import Overlay, TillScreen
from kiosk.screens.help import Help
from kiosk.screens.receipt import ReceiptScreen
from kiosk.screens.serve import Serve
from kiosk.screens.sign_in import SignIn
from kiosk.widgets.key_bar import KeyCap
from kiosk.widgets.shelf import Shelf


def run(server: str, token: str, scanner: Scanner, printer: Printer | None) -> None:
    """Serve at this terminal until the attendant leaves: `server` is the base URL, `token` the device's."""

    async def main() -> None:
        async with Client(server, token) as client:
            await KioskApp(client, scanner=scanner, printer=printer).run_async()

    asyncio.run(main())


class KioskApp(App[None]):
    TITLE = N_("积美")
    ENABLE_COMMAND_PALETTE = False
    # The ellipsis of clipped text is of ambiguous width, so text is cut plainly.
    CSS = """
    Screen { background: $background; color: $cream; }
    Banner, Shelf, Household, CartView, KeyCap, BigNumber, Goods { text-wrap: nowrap; text-overflow: clip; }
    """

    class Silence(Message):
        """The scanner's deadline passed. A message, so that keys already queued are read before it."""

    def __init__(
        self,
        client: Client,
        pace: Pace | None = None,
        scanner: Scanner | None = None,
        printer: Printer | None = None,
    ) -> None:
        super().__init__()
        self.title = _(self.TITLE)
        self.counter = Counter(client, pace or Pace())
        self.printer = printer
        self._scanner = scanner or Scanner()
        self._listening = False
        self._touched = False
        self.register_theme(THEME)
        self.theme = THEME.name

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return PALETTE

    async def on_mount(self) -> None:
        await self.push_screen(SignIn(self.counter))

    # --- keys and scans ---------------------------------------------------------------------------------

    async def on_event(self, event: events.Event) -> None:
        """Every key passes through the scanner first and never reaches a focused widget."""
        if isinstance(event, events.Key) and not event.is_forwarded:
            printable = event.character if event.is_printable else None
            await self._deliver(self._scanner.key(printable or event.key, event.time))
            self._listen(event.time)
        elif isinstance(event, events.Paste) and not event.is_forwarded:
            await self._deliver(self._scanner.paste(event.text, event.time))
        else:
            await super().on_event(event)

    def _listen(self, now: float) -> None:
        """Wake up when the keys held back are due."""
        deadline = self._scanner.deadline
        if deadline is None or self._listening:
            return
        self._listening = True
        self.set_timer(max(deadline - now, 0.001), lambda: self.post_message(self.Silence()))

    async def on_kiosk_app_silence(self, silence: Silence) -> None:
        self._listening = False
        await self._deliver(self._scanner.tick(silence.time))
        self._listen(silence.time)

    async def _deliver(self, readings: list[Reading]) -> None:
        for reading in readings:
            match reading:
                case Scan(text):
                    await self._scan(text)
                case Repeat(text):
                    await self._scan_again(text)
                case Typed(keys):
                    for key in keys:
                        await self._press(key)

    async def _scan(self, text: str) -> None:
        self._touched = False
        match meaning(text):
            case CommandCode(command):
                await self._command(command)
            case _:
                await self._close_overlays()
                self._top.scan(text)

    async def _scan_again(self, text: str) -> None:
        """A command card counts again within two seconds once a person has done something in between: then it
        means that. The trigger held too long must not confirm what the first reading brought to the screen."""
        match meaning(text):
            case CommandCode():
                if self._touched:
                    await self._scan(text)
                else:
                    self.bell()
            case _:
                self._top.scan_again(text)

    async def _command(self, command: Command) -> None:
        if command is Command.RECEIPT:
            await self._close_overlays()
        self._top.command(command)

    @on(KeyCap.Pressed)
    @on(Shelf.Picked)
    def _touch(self) -> None:
        self._touched = True

    async def _press(self, key: str) -> None:
        # Scanners send end keys too, and late.
        self._touched |= key not in END_KEYS
        if key == "ctrl+q":
            self._leave()
        elif key == "f1" and not isinstance(self.screen, Overlay):
            await self.push_screen(Help(self.counter))
        else:
            self._top.press(key)

    @property
    def _top(self) -> TillScreen:
        assert isinstance(self.screen, TillScreen)
        return self.screen

    # --- routes: each waits until the new screen is there, so that no key meets half of one ---------------

    @on(SignIn.Done)
    async def _serve(self) -> None:
        await self._close_overlays()
        await self.switch_screen(Serve(self.counter))

    @on(Serve.Served)
    async def _show_receipt(self, message: Serve.Served) -> None:
        await self._close_overlays()
        await self.push_screen(ReceiptScreen(self.counter, message.receipt, again=False))

    @on(Serve.Recalled)
    async def _recall_receipt(self, message: Serve.Recalled) -> None:
        await self._close_overlays()
        await self.push_screen(ReceiptScreen(self.counter, message.receipt, again=True))

    @on(Serve.SignedOut)
    async def _sign_in(self, message: Serve.SignedOut) -> None:
        await self._close_overlays()
        await self.switch_screen(SignIn(self.counter, message.obstacle))

    @on(Overlay.Closed)
    async def _close_overlays(self) -> None:
        while isinstance(self.screen, Overlay):
            await self.pop_screen()

    def _leave(self) -> None:
        if self.counter.session.pending:
            self._top.status.refuse(_("上一笔还没有答复，现在不能退出"))
        else:
            self.exit()
