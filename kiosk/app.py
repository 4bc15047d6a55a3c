"""The kiosk program. The app listens to the keys, tells scans from typing, and routes between screens."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from pathlib import Path

from textual import events, on
from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver
from textual.geometry import Size
from textual.message import Message

from api.wire import Command
from kiosk.appearance import CONTRAST, LARGE, PALETTE, THEME, Appearance
from kiosk.client import Client
from kiosk.codes import CommandCode, read_code
from kiosk.counter import Counter
from kiosk.key_timestamps import has_unread_keys, stamp_keys_by_read
from kiosk.language import N_, _
from kiosk.print_queue import PrintQueue
from kiosk.printing.printer import Printer
from kiosk.scanner import END_KEYS, Reading, Repeat, Scan, Scanner, Typed
from kiosk.screens import messages
from kiosk.screens.base import Choice, Overlay, TillScreen
from kiosk.screens.card_pin import CardPin
from kiosk.screens.enrol import Enrol
from kiosk.screens.help import Help
from kiosk.screens.menu import Palette
from kiosk.screens.pin_entry import PinEntry
from kiosk.screens.printing_routes import PaperRoutes
from kiosk.screens.promises.routes import KeptRoutes
from kiosk.screens.receipt import ReceiptScreen
from kiosk.screens.serve import Serve
from kiosk.screens.shift_report import Report
from kiosk.screens.sign_in import SignIn
from kiosk.screens.stock.count import Counting
from kiosk.screens.stock.routes import ShelfRoutes
from kiosk.screens.void import VoidScreen
from kiosk.session import Session
from kiosk.store.enrolments import normalize_code
from kiosk.store.facade import Store
from kiosk.terminal import TerminalDriver, is_terminal_closed, leave_on_signals
from kiosk.timing import Timing
from kiosk.widgets.key_bar import KeyBar, KeyCap
from kiosk.widgets.shelf import Shelf
from kiosk.widgets.status import Status

DEFAULT_SERVER = "http://127.0.0.1:8000"

BETWEEN_BELLS = 0.15
"""Seconds from the first to the second bell of something done; a refusal rings one."""
ORPHANED = 2.0
"""Seconds within which a till notices that its terminal has closed, or the server of its browser has ended."""


def run(
    server: str | None, folder: Path, code: str, scanner: Scanner, appearance: Appearance, printer: Printer | None
) -> None:
    """Serve at this terminal until the attendant leaves. `server` is the base URL, None for the one known from
    the enrolment; `folder` has all of this kiosk; `code` enrols it.

    Raises StoreError when the folder can't be used, ValueError for an invalid server address.
    """

    stamp_keys_by_read()

    async def main(store: Store) -> None:
        enrolled = store.enrolments.current
        async with Client(server or (enrolled.server if enrolled else DEFAULT_SERVER)) as client:
            if server:
                store.enrolments.change_server(server)
            app = KioskApp(store, client, scanner=scanner, appearance=appearance, printer=printer, code=code)
            with leave_on_signals(app):
                await app.run_async()

    with Store(folder) as store:
        asyncio.run(main(store))


class KioskApp(KeptRoutes, ShelfRoutes, PaperRoutes):
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
        store: Store,
        client: Client,
        timing: Timing | None = None,
        scanner: Scanner | None = None,
        appearance: Appearance | None = None,
        printer: Printer | None = None,
        code: str = "",
    ) -> None:
        super().__init__()
        self.title = _(self.TITLE)
        self.appearance = appearance or Appearance()
        self.counter = Counter(store, client, timing or Timing())
        self.counter.sync.on_change = self._news
        self.print_queue = PrintQueue(store, printer, self.counter.timing) if printer is not None else None
        self._code = code
        self._scanner = scanner or Scanner()
        self._listening = False
        self._touched = False
        self._leaving = False
        self.register_theme(THEME)
        self.register_theme(CONTRAST)
        self.theme = self.appearance.theme

    def get_driver_class(self) -> type[Driver]:
        driver = super().get_driver_class()
        return TerminalDriver if driver is LinuxDriver else driver

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return PALETTE

    async def on_mount(self) -> None:
        await self.push_screen(self._first_screen())
        self.run_worker(self.counter.sync.run(), group="sync")
        self.run_printer()
        if self.is_web:
            parent = os.getppid()
            self.set_interval(ORPHANED, lambda: self.exit() if os.getppid() != parent else None)
        elif not self.is_headless:
            self.set_interval(ORPHANED, lambda: self.exit() if is_terminal_closed() else None)

    # --- appearance and sound ---------------------------------------------------------------------------------

    def on_resize(self, event: events.Resize) -> None:
        self._fit(event.size)

    def on_app_focus(self) -> None:
        """A browser that came back to a till already running has nothing on its screen yet."""
        self.refresh(layout=True)

    def bell(self) -> None:
        if self.appearance.sound:
            super().bell()

    @on(TillScreen.Succeeded)
    def _ring_twice(self) -> None:
        self.bell()
        self.set_timer(BETWEEN_BELLS, self.bell)

    def _apply_appearance(self, appearance: Appearance) -> None:
        """Apply it at once."""
        self.appearance = appearance
        self.theme = appearance.theme
        self._fit(self.size)
        for screen in self.screen_stack:
            screen.query("*").refresh(layout=True)

    def _fit(self, size: Size) -> None:
        self.set_class(self.appearance.is_large(size), LARGE)
        for screen in self.screen_stack:
            for bar in screen.query(KeyBar):
                bar.fit()

    def _first_screen(self) -> TillScreen:
        enrolled = self.counter.store.enrolments.current
        if enrolled is None or (self._code and normalize_code(self._code) != enrolled.code):
            return Enrol(self.counter, self._code or self.counter.store.enrolments.get_unfinished_code())
        # In a browser it may be anybody's who opens it: a shift goes on for whoever knows the PIN.
        if self.session.attendant is not None and not self.is_web:
            return Serve(self.counter)
        return SignIn(self.counter)

    @property
    def session(self) -> Session:
        return self.counter.session

    def _news(self) -> None:
        for screen in self.screen_stack:
            if isinstance(screen, TillScreen) and screen.query(Status):
                screen.news()

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
        if not self.is_headless and has_unread_keys():
            # A busy machine has not got around to them: the silence is its own.
            self._listen(silence.time)
            return
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
        match read_code(text):
            case CommandCode(command):
                await self._command(command)
            case _:
                await self.close_overlays()
                self.top.scan(text)

    async def _scan_again(self, text: str) -> None:
        """A command card counts again within two seconds once a person has done something in between: then it
        means that. The trigger held too long must not confirm what the first reading brought to the screen."""
        match read_code(text):
            case CommandCode():
                if self._touched:
                    await self._scan(text)
                else:
                    self.bell()
            case _:
                self.top.scan_again(text)

    async def _command(self, command: Command) -> None:
        if command is Command.RECEIPT:
            await self.close_overlays()
        self.top.command(command)

    @on(KeyCap.Pressed)
    @on(Shelf.Picked)
    def _touch(self) -> None:
        self._touched = True

    async def _press(self, key: str) -> None:
        # Scanners send end keys too, and late.
        self._touched |= key not in END_KEYS
        leaving, self._leaving = self._leaving, False
        if key == "ctrl+q":
            self._leave(sure=leaving)
        elif key == "f1" and not isinstance(self.screen, Overlay):
            await self._help()
        elif key in ("f9", "ctrl+p") and not isinstance(self.screen, Overlay):
            await self.push_screen(Palette(self.counter, self._choices()))
        else:
            self.top.press(key)

    # --- the menu ---------------------------------------------------------------------------------------

    def _choices(self) -> list[Choice]:
        appearance = self.appearance
        large = self.has_class(LARGE)
        contrast = appearance.theme == CONTRAST.name
        return [
            Choice(_("帮助"), "F1", lambda: self.call_next(self._help)),
            *self.top.choices(),
            Choice(
                _("换成平常的颜色") if contrast else _("换成黑白黄高对比颜色"),
                "",
                lambda: self._apply_appearance(replace(appearance, theme="jimei" if contrast else "contrast")),
            ),
            Choice(
                _("退出大字模式") if large else _("大字模式：一次只看一样"),
                "",
                lambda: self._apply_appearance(replace(appearance, large=not large)),
            ),
            Choice(
                _("关掉声音") if appearance.sound else _("打开声音"),
                "",
                lambda: self._apply_appearance(replace(appearance, sound=not appearance.sound)),
            ),
            Choice(_("退出程序"), "Ctrl+Q", lambda: self._leave(sure=False)),
        ]

    async def _help(self) -> None:
        await self.push_screen(Help(self.counter))

    @on(Palette.Chosen)
    async def _do(self, message: Palette.Chosen) -> None:
        self._touched = True
        await self.close_overlays()
        message.choice.act()

    # --- ways between screens ---------------------------------------------------------------------------

    @on(Enrol.Done)
    @on(Enrol.Left)
    @on(Report.Seen)
    async def _sign_in(self) -> None:
        await self.instead(SignIn(self.counter))

    @on(SignIn.ToEnrol)
    async def _enrol(self, message: SignIn.ToEnrol) -> None:
        await self.instead(Enrol(self.counter, message.code))

    @on(SignIn.Done)
    async def _serve(self) -> None:
        await self.instead(Serve(self.counter))

    @on(messages.Served)
    async def _show_receipt(self, message: messages.Served) -> None:
        await self.over(ReceiptScreen(self.counter, message.kept, again=False))
        self.wake_printer()

    @on(messages.CardPinWanted)
    async def _ask_card_pin(self, message: messages.CardPinWanted) -> None:
        await self.over(CardPin(self.counter, message.refusal))

    @on(PinEntry.Given)
    async def _confirm_with(self, message: PinEntry.Given) -> None:
        await self.close_overlays()
        if isinstance(self.screen, Serve | Counting):
            self.screen.confirm_with(message.pin)

    @on(messages.Recall)
    async def _recall_receipt(self, message: messages.Recall) -> None:
        await self.over(ReceiptScreen(self.counter, message.kept, again=True))

    @on(messages.ToVoid)
    async def _choose_void(self) -> None:
        await self.over(VoidScreen(self.counter))

    @on(VoidScreen.Done)
    async def _voided(self, message: VoidScreen.Done) -> None:
        await self.close_overlays()
        if isinstance(self.screen, Serve):
            self.screen.voided(message.sentence)

    @on(messages.ShiftClosed)
    async def _report(self, message: messages.ShiftClosed) -> None:
        await self.instead(Report(self.counter, message.shift, message.report))

    @on(messages.SignedOut)
    async def _sign_in_again(self, message: messages.SignedOut) -> None:
        await self.instead(SignIn(self.counter, message.obstacle))

    def _leave(self, *, sure: bool) -> None:
        """Nothing is lost by leaving, but nobody leaves without knowing what isn't sent."""
        unsent = self.session.connection.unsent
        if self.session.pending:
            self.top.status.refuse(_("上一笔还没有答复，现在不能退出"))
        elif unsent and not sure:
            self._leaving = True
            self.top.status.refuse(
                _("还有 {unsent} 笔没上传，都存在本机，下次打开自动上传；要退出请再按 Ctrl+Q").format(
                    unsent=unsent
                )
            )
        else:
            self.exit()
