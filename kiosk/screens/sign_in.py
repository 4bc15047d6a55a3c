"""Signing in by PIN."""

from __future__ import annotations

import re
from functools import partial

from textual import work
from textual.app import ComposeResult
from textual.containers import Center, Vertical
from textual.message import Message
from textual.widgets import Static

from api.wire import Command, TillAttendant
from kiosk.codes import EnrolCode, read_code
from kiosk.counter import Counter
from kiosk.errors import KioskError
from kiosk.language import N_, _
from kiosk.screens.base import KioskScreen, MenuItem
from kiosk.screens.menu import Menu
from kiosk.widgets.banner import Banner
from kiosk.widgets.key_bar import KeyBar
from kiosk.widgets.pin_boxes import MAX_LENGTH, MIN_LENGTH, PinBoxes
from kiosk.widgets.status import Status

SIGN_IN_FIRST = N_("请先登录，再扫码")
CHOOSE = N_("按数字键选自己的名字，也可用上下键选，再按 F2；点名字也行")
HINT = N_("按数字键输入 PIN，再按 F2 登录")
OFFLINE = N_("{outage}：在这台终端登录过的管理员可以照常输入 PIN，照常兑换")


class SignInScreen(KioskScreen):
    """Who it is first, then the PIN. While a shift is open, its attendant's PIN goes on with it."""

    CSS = """
    SignInScreen #middle { height: 1fr; align: center middle; background: $background; }
    SignInScreen #card { width: 72; height: auto; background: $panel; padding: 2 4; }
    SignInScreen Center { height: auto; }
    SignInScreen Menu { width: 1fr; margin: 1 0; }
    SignInScreen #title { width: 1fr; text-align: center; color: $gold; text-style: bold; }
    SignInScreen #place { width: 1fr; text-align: center; color: $faded; margin-bottom: 1; }
    SignInScreen #demo { width: 1fr; text-align: center; color: $jade; margin-top: 1; }
    SignInScreen #ask { width: 1fr; text-align: center; color: $cream; }
    """

    class Done(Message):
        """An attendant signed in. `unlocked`: with the shift that was open."""

        def __init__(self, *, unlocked: bool) -> None:
            super().__init__()
            self.unlocked = unlocked

    class EnrolRequested(Message):
        """The machine is to be enrolled again."""

        def __init__(self, code: str = "") -> None:
            super().__init__()
            self.code = code

    def __init__(self, counter: Counter, reason: str = "") -> None:
        super().__init__(counter)
        self._pin = ""
        self._attendants = counter.shifts.list_attendants()
        self._open_shift = counter.store.shifts.current
        self._chosen = self._choose_first()
        self._reason = reason
        self._busy = False
        self._shown_state: object = None
        # Whether the status is about the connection, and not about the attendant's last action.
        self._shows_connection = True

    def compose(self) -> ComposeResult:
        yield Banner(self.session)
        with Vertical(id="middle"), Vertical(id="card"):
            yield Static(_("积 美 积 分 超 市"), id="title")
            yield Static(_("以德换物，以美兴村"), id="place")
            yield Menu(self._build_choices())
            with Center():
                yield PinBoxes()
            yield Static(id="ask", markup=False)
            if self.session.demo is not None:
                demo = _("演示：PIN 是 {pin}，输好按 F2；网址和登录名按 F1 看")
                yield Static(demo.format(pin=self.session.demo.pin), id="demo", markup=False)
        yield Status()
        yield KeyBar(
            ("f2", "F2", _("登录")),
            ("backspace", "Backspace", _("退一格")),
            ("escape", "Esc", _("重输")),
            ("f1", "F1", _("帮助")),
            ("f9", "F9", _("菜单")),
            ("ctrl+q", "Ctrl+Q", _("退出")),
        )

    def build_menu(self) -> list[MenuItem]:
        locked_out = self.session.connection.lockout_reason
        return [self.build_key_item(_("重新登记这台终端"), "F7", "f7")] if locked_out else []

    # --- who it is --------------------------------------------------------------------------------------

    def _choose_first(self) -> TillAttendant | None:
        """Where there is no choice, or a shift is open. None: not chosen yet, or unknown here."""
        shift = self._open_shift
        if shift is not None:
            return TillAttendant(id=shift.attendant, name=shift.name)
        return self._attendants[0] if len(self._attendants) == 1 else None

    @property
    def _choosing(self) -> bool:
        return self._chosen is None and len(self._attendants) > 1

    def _build_choices(self) -> list[MenuItem]:
        return [MenuItem(each.name, "", partial(self._choose, each)) for each in self._attendants]

    def on_menu_clicked(self, message: Menu.Clicked) -> None:
        if self._choosing and not self._busy:
            self._choose(self._attendants[message.index])

    def _choose(self, attendant: TillAttendant | None) -> None:
        self._chosen, self._pin = attendant, ""
        self._show_step()
        self._show_hint()

    def _show_step(self) -> None:
        """Either the names, or the boxes of the PIN."""
        menu, boxes = self.query_one(Menu), self.query_one(PinBoxes)
        menu.display, boxes.display = self._choosing, not self._choosing
        boxes.filled = len(self._pin)
        self.query_one("#ask", Static).update(self._build_prompt())

    def _show_hint(self) -> None:
        self.status.show_hint(_(CHOOSE) if self._choosing else _(HINT))

    def _build_prompt(self) -> str:
        if self._choosing:
            return _("谁来值班？")
        if self._chosen is None:
            ask = _("请输入值班 PIN（{shortest} 到 {longest} 位数字）")
            return ask.format(shortest=MIN_LENGTH, longest=MAX_LENGTH)
        if self._goes_on:
            return _("{name}的班还开着，请输入值班 PIN 接着值班").format(name=self._chosen.name)
        return _("{name}，请输入值班 PIN").format(name=self._chosen.name)

    @property
    def _goes_on(self) -> bool:
        """Whether the right PIN goes on with the open shift."""
        shift = self._open_shift
        return shift is not None and self._chosen is not None and self._chosen.id == shift.attendant

    def _press_choosing(self, key: str) -> None:
        menu = self.query_one(Menu)
        if len(key) == 1 and key in "123456789" and int(key) <= len(self._attendants):
            self._choose(self._attendants[int(key) - 1])
        elif key in ("up", "down"):
            menu.chosen = (menu.chosen + (1 if key == "down" else -1)) % len(self._attendants)
        elif key in ("f2", " "):
            self._choose(self._attendants[menu.chosen])

    # --- keys and scans ---------------------------------------------------------------------------------

    def on_mount(self) -> None:
        if not self.query(PinBoxes):
            # The program ends before the screen is whole.
            return
        self._show_step()
        self._show_hint()
        self.refresh_state()
        if self._reason:
            self.status.show_refusal(self._reason)
        elif interruption := self._describe_interruption():
            self._shows_connection = False
            self.status.show_waiting(interruption)

    def _describe_interruption(self) -> str:
        """What the program stopped in the middle of, or empty."""
        if self.session.pending:
            return _("刚才有一笔还没有答复就中断了：请登录，会接着办完，请先不要重复兑换")
        unseen = self.counter.store.receipts.find_unseen()
        if unseen is None:
            return ""
        sentence = _("刚才中断前，{name}的 {points} 分兑换已经记账：请登录看收据，不要重复兑换")
        return sentence.format(name=unseen.receipt.name, points=unseen.receipt.points)

    def refresh_state(self) -> None:
        super().refresh_state()
        self._refresh_attendants()
        connection = self.session.connection
        state = (connection.online, connection.outage, connection.problem, connection.lockout_reason)
        if state == self._shown_state or self._busy:
            return
        first, self._shown_state = self._shown_state is None, state
        if connection.lockout_reason or connection.problem:
            self.status.show_refusal(
                _("{trouble}（按 F7 重新登记）").format(trouble=_(connection.lockout_reason))
                if connection.lockout_reason
                else connection.problem
            )
        elif self._describe_interruption():
            # The network may be said at any time; that this was booked, only now.
            return
        elif connection.online is False and self.counter.store.shifts.list_known_attendants():
            self.status.show_waiting(connection.outage.fill(_(OFFLINE)))
        elif connection.online is False:
            self.status.show_refusal(connection.outage.advice)
        elif first or (self._shows_connection and not self._reason):
            self._show_hint()
        else:
            return
        self._shows_connection = True

    def _refresh_attendants(self) -> None:
        """The server may have told others; whoever types already goes on."""
        attendants = self.counter.shifts.list_attendants()
        if attendants == self._attendants or self._busy or self._pin:
            return
        chosen = None if self._chosen in self._attendants and len(attendants) > 1 else self._chosen
        self._attendants = attendants
        self.query_one(Menu).show(self._build_choices())
        if not self._reason:
            self._chosen = chosen or self._choose_first()
            self._show_step()
            # What was said to a key stands: only another question takes its place.
            if self._shows_connection or self._choosing:
                self._show_hint()

    def press(self, key: str) -> None:
        if self._busy:
            return
        self._shows_connection = False
        if key == "f7" and self.session.connection.lockout_reason:
            self.post_message(self.EnrolRequested())
        elif self._choosing:
            self._press_choosing(key)
            return
        elif len(key) == 1 and key in "0123456789":
            self._pin = (self._pin + key)[:MAX_LENGTH]
            self.status.show_hint(_(HINT))
        elif key in ("backspace", "delete"):
            self._pin = self._pin[:-1]
        elif key == "escape" and not self._pin and len(self._attendants) > 1:
            self._choose(None)
        elif key == "escape":
            self._pin = ""
        elif key in ("f2", "enter"):
            self._submit()
        self.query_one(PinBoxes).filled = len(self._pin)

    def scan(self, text: str) -> None:
        if self._busy:
            return
        self._shows_connection = False
        # Digits at a scanner's speed: a PIN badge, or a keyboard behind a jittery connection.
        if re.fullmatch(rf"[0-9]{{{MIN_LENGTH},{MAX_LENGTH}}}", text):
            self._pin = text
            self._submit()
        elif isinstance(code := read_code(text), EnrolCode):
            self.post_message(self.EnrolRequested(code.code))
        else:
            self.status.show_refusal(_(SIGN_IN_FIRST))

    def scan_repeat(self, text: str) -> None:
        self.scan(text)

    def run_command(self, command: Command) -> None:
        if not self._busy:
            self.status.show_refusal(_(SIGN_IN_FIRST))

    def _submit(self) -> None:
        if len(self._pin) < MIN_LENGTH:
            self.status.show_refusal(
                _("PIN 是 {shortest} 到 {longest} 位数字").format(shortest=MIN_LENGTH, longest=MAX_LENGTH)
            )
            return
        self._busy = True
        self.status.show_waiting(_("正在登录，请稍候"))
        self._sign_in(self._pin)

    @work
    async def _sign_in(self, pin: str) -> None:
        goes_on = self._goes_on
        try:
            if goes_on:
                await self.counter.shifts.unlock(pin)
            else:
                await self.counter.shifts.sign_in(pin, self._chosen.id if self._chosen else None)
        except KioskError as error:
            self.status.show_refusal(error.sentence)
        else:
            self.post_message(self.Done(unlocked=goes_on))
        finally:
            self._pin = ""
            self._busy = False
            self.query_one(PinBoxes).filled = 0
