"""The kiosk program. The app listens to the keys, tells scans from typing, and routes between screens."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace

from textual import events, on
from textual.app import App
from textual.geometry import Size
from textual.message import Message

from api.wire import Command
from kiosk.client import Client
from kiosk.counter import Counter, Pace
from kiosk.language import N_, _
from kiosk.look import CONTRAST, LARGE, PALETTE, THEME, Look
from kiosk.meaning import CommandCode, meaning
from kiosk.printing.printer import Printer
from kiosk.scanner import END_KEYS, Reading, Repeat, Scan, Scanner, Typed
from kiosk.screens.base import Choice, Overlay, TillScreen
from kiosk.screens.help import Help
from kiosk.screens.palette import Palette
from kiosk.screens.receipt import ReceiptScreen
from kiosk.screens.serve import Serve
from kiosk.screens.sign_in import SignIn
from kiosk.widgets.key_bar import KeyBar, KeyCap
from kiosk.widgets.shelf import Shelf

BETWEEN_BELLS = 0.15
"""Seconds from the first to the second bell of something done; a refusal rings one."""
ORPHANED = 2.0
"""Seconds within which a till in a browser notices that its server is no more."""


def run(server: str, token: str, scanner: Scanner, look: Look, printer: Printer | None) -> None:
    """Serve at this terminal until the attendant leaves: `server` is the base URL, `token` the device's."""

    async def main() -> None:
        async with Client(server, token) as client:
            await KioskApp(client, scanner=scanner, look=look, printer=printer).run_async()

    asyncio.run(main())


class KioskApp(App[None]):
    TITLE = N_("积美")
    # Textual's own palette takes the focus, which here nothing does; ours is a screen like the others.
    ENABLE_COMMAND_PALETTE = False
    CSS_PATH = "large.tcss"
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
        look: Look | None = None,
        printer: Printer | None = None,
    ) -> None:
        super().__init__()
        self.title = _(self.TITLE)
        self.look = look or Look()
        self.counter = Counter(client, pace or Pace())
        self.printer = printer
        self._scanner = scanner or Scanner()
        self._listening = False
        self._touched = False
        self.register_theme(THEME)
        self.register_theme(CONTRAST)
        self.theme = self.look.theme

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return PALETTE

    async def on_mount(self) -> None:
        await self.push_screen(SignIn(self.counter))
        if self.is_web:
            parent = os.getppid()
            self.set_interval(ORPHANED, lambda: self.exit() if os.getppid() != parent else None)

    # --- look and sound ---------------------------------------------------------------------------------

    def on_resize(self, event: events.Resize) -> None:
        self._fit(event.size)

    def on_app_focus(self) -> None:
        """A browser that came back to a till already running has nothing on its screen yet."""
        self.refresh(layout=True)

    def bell(self) -> None:
        if self.look.sound:
            super().bell()

    @on(TillScreen.Succeeded)
    def _ring_twice(self) -> None:
        self.bell()
        self.set_timer(BETWEEN_BELLS, self.bell)

    def _wear(self, look: Look) -> None:
        """Change to this look at once."""
        self.look = look
        self.theme = look.theme
        self._fit(self.size)
        for screen in self.screen_stack:
            screen.query("*").refresh(layout=True)

    def _fit(self, size: Size) -> None:
        self.set_class(self.look.is_large(size), LARGE)
        for screen in self.screen_stack:
            for bar in screen.query(KeyBar):
                bar.fit()

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
            await self._help()
        elif key in ("f9", "ctrl+p") and not isinstance(self.screen, Overlay):
            await self.push_screen(Palette(self.counter, self._choices()))
        else:
            self._top.press(key)

    @property
    def _top(self) -> TillScreen:
        assert isinstance(self.screen, TillScreen)
        return self.screen

    # --- the menu ---------------------------------------------------------------------------------------

    def _choices(self) -> list[Choice]:
        look = self.look
        large = self.has_class(LARGE)
        contrast = look.theme == CONTRAST.name
        return [
            Choice(_("帮助"), "F1", lambda: self.call_next(self._help)),
            *self._top.choices(),
            Choice(
                _("换成平常的颜色") if contrast else _("换成黑白黄高对比颜色"),
                "",
                lambda: self._wear(replace(look, theme="jimei" if contrast else "contrast")),
            ),
            Choice(
                _("退出大字模式") if large else _("大字模式：一次只看一样"),
                "",
                lambda: self._wear(replace(look, large=not large)),
            ),
            Choice(
                _("关掉声音") if look.sound else _("打开声音"),
                "",
                lambda: self._wear(replace(look, sound=not look.sound)),
            ),
            Choice(_("退出程序"), "Ctrl+Q", self._leave),
        ]

    async def _help(self) -> None:
        await self.push_screen(Help(self.counter))

    @on(Palette.Chosen)
    async def _do(self, message: Palette.Chosen) -> None:
        self._touched = True
        await self._close_overlays()
        message.choice.act()

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
