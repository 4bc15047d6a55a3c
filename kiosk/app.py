"""The kiosk's app: it tells scans from typing, and navigates between screens."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from time import monotonic

from textual import events, on
from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver
from textual.filter import LineFilter
from textual.geometry import Size
from textual.message import Message

from api.wire import Command
from kiosk.appearance import CONTRAST, LARGE, PALETTE, THEME, Appearance
from kiosk.client import Client
from kiosk.codes import CommandCode, GoodsCode, read_code
from kiosk.counter import Counter
from kiosk.demo_hints import DemoHints
from kiosk.key_timestamps import has_unread_keys, stamp_keys_by_read
from kiosk.language import N_, _
from kiosk.print_queue import PrintQueue
from kiosk.printing.printer import Printer
from kiosk.scanner import END_KEYS, Reading, Repeat, Scan, Scanner, Typed
from kiosk.screens import messages
from kiosk.screens.base import KioskScreen, MenuItem, Overlay
from kiosk.screens.card_pin import CardPinScreen
from kiosk.screens.enrol import EnrolScreen
from kiosk.screens.help import HelpScreen
from kiosk.screens.menu import MenuScreen
from kiosk.screens.pin_entry import PinScreen
from kiosk.screens.printing_routes import PrintingRoutes
from kiosk.screens.promises.routes import PromiseRoutes
from kiosk.screens.receipt import ReceiptScreen
from kiosk.screens.serve import ServeScreen
from kiosk.screens.shift_report import ShiftReportScreen
from kiosk.screens.sign_in import SignInScreen
from kiosk.screens.stock.count import CountScreen
from kiosk.screens.stock.routes import StockRoutes
from kiosk.screens.void import VoidScreen
from kiosk.screens.without_card.routes import WithoutCardRoutes
from kiosk.session import Session
from kiosk.store.enrolments import normalize_code
from kiosk.store.facade import Store
from kiosk.terminal import TerminalDriver, VisibleText, is_terminal_closed, quit_on_signals
from kiosk.timing import Timing
from kiosk.widgets.cart import CartView
from kiosk.widgets.key_bar import KeyBar, KeyCap
from kiosk.widgets.shelf import Shelf

DEFAULT_SERVER = "http://127.0.0.1:8000"

BELL_INTERVAL = 0.15
"""Seconds between the two bells of a success; a refusal rings one."""
CLOSED_CHECK_INTERVAL = 2.0
"""Seconds between checks whether the terminal has closed, or the server of the browser has ended."""

LOCK_CHECK_INTERVAL = 1.0
"""Seconds between two looks whether nobody has touched the kiosk for long."""
DEFAULT_LOCK_MINUTES = 10
"""Until the server's policy is known."""


def run(
    server: str | None,
    folder: Path,
    code: str,
    scanner: Scanner,
    appearance: Appearance,
    printer: Printer | None,
    demo: DemoHints | None = None,
) -> None:
    """Run in this terminal until the attendant quits. `server` is the base URL, None for that of the enrolment;
    `folder` is the store's; `code` enrols this machine.

    Raises StoreError when the folder can't be used, ValueError for an invalid server address, and whatever the
    app ended by.
    """

    stamp_keys_by_read()

    async def main(store: Store) -> None:
        enrolment = store.enrolments.current
        async with Client(server or (enrolment.server if enrolment else DEFAULT_SERVER)) as client:
            store.enrolments.change_server(client.base_url)
            app = KioskApp(store, client, scanner=scanner, appearance=appearance, printer=printer, code=code)
            app.session.demo = demo
            with quit_on_signals(app):
                await app.run_async()
            if app.fault is not None:
                raise app.fault

    with Store(folder) as store:
        asyncio.run(main(store))


class KioskApp(WithoutCardRoutes, PromiseRoutes, StockRoutes, PrintingRoutes):
    TITLE = N_("积美")
    # Textual's palette takes the focus; our menu is a screen like the others.
    ENABLE_COMMAND_PALETTE = False
    CSS_PATH = "large.tcss"
    # Clipped without an ellipsis, whose width is ambiguous.
    CSS = """
    Screen { background: $background; color: $cream; }
    Banner, Shelf, Household, CartView, KeyCap, BigNumber, ReceiptLines { text-wrap: nowrap; text-overflow: clip; }
    """

    class ScannerTimeout(Message):
        """The scanner's deadline has passed. A message, so that keys already queued are handled first."""

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
        self.counter.sync.on_change = self._refresh_screens
        self.print_queue = PrintQueue(store, printer, self.counter.timing) if printer is not None else None
        self._code = code
        self._scanner = scanner or Scanner()
        self._timeout_scheduled = False
        self._acted = False
        self._quit_asked = False
        self._last_input_at = monotonic()
        self.register_theme(THEME)
        self.register_theme(CONTRAST)
        self.theme = self.appearance.theme

    @property
    def fault(self) -> Exception | None:
        """The exception that ended the app, if any."""
        return self._exception

    def _print_error_renderables(self) -> None:
        """Print nothing: Textual would print all variables, tokens among them."""

    def get_driver_class(self) -> type[Driver]:
        driver = super().get_driver_class()
        return TerminalDriver if driver is LinuxDriver else driver

    def get_line_filters(self) -> Sequence[LineFilter]:
        return [*super().get_line_filters(), VisibleText()]

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return PALETTE

    async def on_mount(self) -> None:
        await self.push_screen(self._choose_first_screen())
        self.run_worker(self.counter.sync.run(), group="sync")
        self.run_worker(self.counter.recalls.run(), group="recalls")
        self.run_worker(self.counter.backup_copies.run(), group="backup copies")
        self.start_printer()
        self.set_interval(LOCK_CHECK_INTERVAL, self._lock_if_idle)
        if self.is_web:
            parent = os.getppid()
            self.set_interval(CLOSED_CHECK_INTERVAL, lambda: self.exit() if os.getppid() != parent else None)
        elif not self.is_headless:
            self.set_interval(CLOSED_CHECK_INTERVAL, lambda: self.exit() if is_terminal_closed() else None)

    # --- appearance and sound ---------------------------------------------------------------------------

    def on_resize(self, event: events.Resize) -> None:
        self._fit_size(event.size)

    def on_app_focus(self) -> None:
        """A browser that reconnects has nothing on its screen yet."""
        self.refresh(layout=True)

    def bell(self) -> None:
        if self.appearance.sound:
            super().bell()

    @on(KioskScreen.Succeeded)
    def _ring_twice(self) -> None:
        self.bell()
        self.set_timer(BELL_INTERVAL, self.bell)

    def _apply_appearance(self, appearance: Appearance) -> None:
        """Apply it at once."""
        self.appearance = appearance
        self.theme = appearance.theme
        self._fit_size(self.size)
        for screen in self.screen_stack:
            screen.query("*").refresh(layout=True)

    def _fit_size(self, size: Size) -> None:
        self.set_class(self.appearance.is_large(size), LARGE)
        for screen in self.screen_stack:
            for bar in screen.query(KeyBar):
                bar.fit()

    def _choose_first_screen(self) -> KioskScreen:
        enrolment = self.counter.store.enrolments.current
        if enrolment is None or (self._code and normalize_code(self._code) != enrolment.code):
            return EnrolScreen(self.counter, self._code or self.counter.store.enrolments.get_unfinished_code())
        # Whoever started it may be anybody: an open shift is continued with the PIN only.
        return SignInScreen(self.counter)

    @property
    def session(self) -> Session:
        return self.counter.session

    def _refresh_screens(self) -> None:
        # A redemption without an answer is settled first.
        if self.session.attendant_ended and not self.session.pending:
            self.counter.shifts.end_by_server()
            self.post_message(messages.SignedOut(_("这位管理员已经停用，班次已结束")))
            return
        for screen in self.screen_stack:
            if isinstance(screen, KioskScreen) and screen.find_status() is not None:
                screen.refresh_state()

    # --- keys and scans ---------------------------------------------------------------------------------

    async def on_event(self, event: events.Event) -> None:
        """Every key goes through the scanner and never to a focused widget."""
        if isinstance(event, events.Key | events.Paste | events.MouseDown):
            self._last_input_at = monotonic()
            screen = self.screen if self.screen_stack else None
            if isinstance(screen, KioskScreen) and (status := screen.find_status()) is not None:
                status.release()
        if isinstance(event, events.Key) and not event.is_forwarded:
            printable = event.character if event.is_printable else None
            await self._handle_readings(self._scanner.key(printable or event.key, event.time))
            self._schedule_timeout(event.time)
        elif isinstance(event, events.Paste) and not event.is_forwarded:
            await self._handle_readings(self._scanner.paste(event.text, event.time))
        else:
            await super().on_event(event)

    def _schedule_timeout(self, now: float) -> None:
        """Post a message at the scanner's deadline."""
        deadline = self._scanner.deadline
        if deadline is None or self._timeout_scheduled:
            return
        self._timeout_scheduled = True
        self.set_timer(max(deadline - now, 0.001), lambda: self.post_message(self.ScannerTimeout()))

    async def on_kiosk_app_scanner_timeout(self, message: ScannerTimeout) -> None:
        self._timeout_scheduled = False
        if not self.is_headless and has_unread_keys():
            # The pause is this machine's: it hasn't read the keys yet.
            self._schedule_timeout(message.time)
            return
        await self._handle_readings(self._scanner.tick(message.time))
        self._schedule_timeout(message.time)

    async def _handle_readings(self, readings: list[Reading]) -> None:
        for reading in readings:
            match reading:
                case Scan(text):
                    await self._scan(text)
                case Repeat(text, double):
                    await self._scan_repeat(text, double=double)
                case Typed(keys):
                    for key in keys:
                        await self._press(key)

    async def _scan(self, text: str) -> None:
        self._acted = False
        match read_code(text):
            case CommandCode(command):
                await self._run_command(command)
            case _:
                if not (isinstance(self.screen, Overlay) and self.screen.takes_scan(text)):
                    await self.close_overlays()
                self.top_screen.scan(text)

    async def _scan_repeat(self, text: str, *, double: bool) -> None:
        """A command card repeated within two seconds counts only if the attendant has done something in between: a
        trigger held too long must not confirm what the first scan brought to the screen. Goods count each time,
        but for a scanner's own double read."""
        match read_code(text):
            case GoodsCode() if not double:
                await self._scan(text)
            case CommandCode():
                if self._acted:
                    await self._scan(text)
                else:
                    self.bell()
            case _:
                self.top_screen.scan_repeat(text)

    async def _run_command(self, command: Command) -> None:
        if command is Command.RECEIPT:
            await self.close_overlays()
        self.top_screen.run_command(command)

    @on(KeyCap.Pressed)
    @on(Shelf.Picked)
    @on(CartView.Picked)
    def _mark_acted(self) -> None:
        self._acted = True

    async def _press(self, key: str) -> None:
        # End keys may be a scanner's, sent late.
        self._acted |= key not in END_KEYS
        asked, self._quit_asked = self._quit_asked, False
        if key == "ctrl+q":
            self._quit(confirmed=asked)
        elif key == "f1" and not isinstance(self.screen, Overlay):
            await self._show_help()
        elif key in ("f9", "ctrl+p") and not isinstance(self.screen, Overlay):
            await self.push_screen(MenuScreen(self.counter, self._build_menu()))
        else:
            self.top_screen.press(key)

    # --- the menu ---------------------------------------------------------------------------------------

    def _build_menu(self) -> list[MenuItem]:
        appearance = self.appearance
        large = self.has_class(LARGE)
        contrast = appearance.theme == CONTRAST.name
        return [
            MenuItem(_("帮助"), "F1", lambda: self.call_next(self._show_help)),
            *self._build_demo_items(),
            *self.top_screen.build_menu(),
            MenuItem(
                _("换成平常的颜色") if contrast else _("换成黑白黄高对比颜色"),
                "",
                lambda: self._apply_appearance(replace(appearance, theme="jimei" if contrast else "contrast")),
            ),
            MenuItem(
                _("退出大字模式") if large else _("大字模式：一次只看一样"),
                "",
                lambda: self._apply_appearance(replace(appearance, large=not large)),
            ),
            MenuItem(
                _("关掉声音") if appearance.sound else _("打开声音"),
                "",
                lambda: self._apply_appearance(replace(appearance, sound=not appearance.sound)),
            ),
            MenuItem(_("退出程序"), "Ctrl+Q", lambda: self._quit(confirmed=False)),
        ]

    def _build_demo_items(self) -> list[MenuItem]:
        demo = self.session.demo
        if demo is None or not isinstance(self.screen, ServeScreen):
            return []
        return [MenuItem(_("演示：扫一张户卡"), "", lambda: self.call_next(self._scan, demo.card))]

    async def _show_help(self) -> None:
        await self.push_screen(HelpScreen(self.counter))

    @on(MenuScreen.Chosen)
    async def _run_menu_item(self, message: MenuScreen.Chosen) -> None:
        self._acted = True
        await self.close_overlays()
        message.item.run()

    # --- navigation -------------------------------------------------------------------------------------

    @on(EnrolScreen.Done)
    @on(EnrolScreen.Cancelled)
    @on(ShiftReportScreen.Closed)
    async def _show_sign_in(self) -> None:
        await self.replace_screen(SignInScreen(self.counter))

    @on(SignInScreen.EnrolRequested)
    async def _show_enrol(self, message: SignInScreen.EnrolRequested) -> None:
        await self.replace_screen(EnrolScreen(self.counter, message.code))

    @on(SignInScreen.Done)
    async def _show_serve(self, message: SignInScreen.Done) -> None:
        """Back to the screens that were locked, unless somebody else has begun a shift."""
        below = self.screen_stack[:-1]
        if message.unlocked and any(isinstance(screen, ServeScreen) for screen in below):
            await self.pop_screen()
            return
        while len([screen for screen in self.screen_stack if isinstance(screen, KioskScreen)]) > 1:
            await self.pop_screen()
        await self.replace_screen(ServeScreen(self.counter))
        if self.counter.store.receipts.find_unseen() is None:
            await self.ask_about_held()

    async def _lock_if_idle(self) -> None:
        """Cart, household and counts wait below the sign-in. A redemption without an answer is waited for."""
        till = self.session.till
        minutes = till.lock_minutes if till is not None else DEFAULT_LOCK_MINUTES
        locked = any(isinstance(screen, SignInScreen) for screen in self.screen_stack)
        if locked or self.session.attendant is None or self.session.pending:
            return
        if monotonic() - self._last_input_at < minutes * 60:
            return
        await self.close_overlays()
        await self.push_screen(SignInScreen(self.counter))

    @on(messages.RedemptionCompleted)
    async def _show_receipt(self, message: messages.RedemptionCompleted) -> None:
        await self.show_overlay(ReceiptScreen(self.counter, message.stored, interrupted=message.interrupted))
        self.wake_printer()

    @on(messages.CardPinRequested)
    async def _show_card_pin(self, message: messages.CardPinRequested) -> None:
        await self.show_overlay(CardPinScreen(self.counter, message.refusal))

    @on(PinScreen.Entered)
    async def _confirm_with_pin(self, message: PinScreen.Entered) -> None:
        await self.close_overlays()
        if isinstance(self.screen, ServeScreen | CountScreen):
            self.screen.confirm_with_pin(message.pin)

    @on(messages.ReceiptRequested)
    async def _show_last_receipt(self, message: messages.ReceiptRequested) -> None:
        await self.show_overlay(ReceiptScreen(self.counter, message.stored, recalled=True))

    @on(messages.VoidRequested)
    async def _show_void(self) -> None:
        await self.show_overlay(VoidScreen(self.counter))

    @on(VoidScreen.Done)
    async def _show_voided(self, message: VoidScreen.Done) -> None:
        await self.close_overlays()
        self.wake_printer()
        if isinstance(self.screen, ServeScreen):
            self.screen.show_voided(message.sentence)

    @on(messages.ShiftClosed)
    async def _show_report(self, message: messages.ShiftClosed) -> None:
        await self.replace_screen(ShiftReportScreen(self.counter, message.shift, message.report))

    @on(messages.SignedOut)
    async def _show_signed_out(self, message: messages.SignedOut) -> None:
        await self.replace_screen(SignInScreen(self.counter, message.reason))

    def _quit(self, *, confirmed: bool) -> None:
        """Quit, after a second request if there are unsent entries: they are kept, but the attendant should
        know."""
        unsent = self.session.connection.unsent
        if self.session.pending:
            self.top_screen.status.show_refusal(_("上一笔还没有答复，现在不能退出"))
        elif unsent and not confirmed:
            self._quit_asked = True
            self.top_screen.status.show_refusal(
                _("还有 {unsent} 笔没上传，都存在本机，下次打开自动上传；要退出请再按 Ctrl+Q").format(
                    unsent=unsent
                )
            )
        else:
            self.exit()
