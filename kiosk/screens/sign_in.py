"""Signing in by PIN."""

from __future__ import annotations

import re

from textual import work
from textual.app import ComposeResult
from textual.containers import Center, Vertical
from textual.message import Message
from textual.widgets import Static

from api.wire import Command
from kiosk.codes import EnrolCode, read_code
from kiosk.counter import Counter
from kiosk.errors import KioskError, ServerUnavailable
from kiosk.language import N_, _
from kiosk.screens.base import KioskScreen
from kiosk.widgets.banner import Banner
from kiosk.widgets.key_bar import KeyBar
from kiosk.widgets.pin_boxes import MAX_LENGTH, MIN_LENGTH, PinBoxes
from kiosk.widgets.status import Status

SIGN_IN_FIRST = N_("请先登录，再扫码")
HINT = N_("按数字键输入 PIN，再按 F2 登录")
OFFLINE = N_("网络断了：在这台终端登录过的管理员可以照常输入 PIN，断网兑换")


class SignInScreen(KioskScreen):
    CSS = """
    SignInScreen #middle { height: 1fr; align: center middle; background: $background; }
    SignInScreen #card { width: 72; height: auto; background: $panel; padding: 2 4; }
    SignInScreen Center { height: auto; }
    SignInScreen #title { width: 1fr; text-align: center; color: $gold; text-style: bold; }
    SignInScreen #place { width: 1fr; text-align: center; color: $faded; margin-bottom: 1; }
    SignInScreen #ask { width: 1fr; text-align: center; color: $cream; }
    """

    class Done(Message):
        """An attendant signed in."""

    class EnrolRequested(Message):
        """The machine is to be enrolled again."""

        def __init__(self, code: str = "") -> None:
            super().__init__()
            self.code = code

    def __init__(self, counter: Counter, reason: str = "") -> None:
        super().__init__(counter)
        self._pin = ""
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
            with Center():
                yield PinBoxes()
            ask = _("请输入值班 PIN（{shortest} 到 {longest} 位数字）")
            yield Static(ask.format(shortest=MIN_LENGTH, longest=MAX_LENGTH), id="ask")
        yield Status()
        yield KeyBar(
            ("f2", "F2", _("登录")),
            ("backspace", "Backspace", _("退一格")),
            ("escape", "Esc", _("重输")),
            ("f1", "F1", _("帮助")),
            ("f9", "F9", _("菜单")),
            ("ctrl+q", "Ctrl+Q", _("退出")),
        )

    def on_mount(self) -> None:
        self.refresh_state()
        if self._reason:
            self.status.show_refusal(self._reason)

    def refresh_state(self) -> None:
        super().refresh_state()
        connection = self.session.connection
        state = (connection.online, connection.error, connection.lockout_reason)
        if state == self._shown_state or self._busy:
            return
        first, self._shown_state = self._shown_state is None, state
        if connection.lockout_reason or connection.error:
            self.status.show_refusal(
                _("{trouble}（按 F7 重新登记）").format(trouble=_(connection.lockout_reason))
                if connection.lockout_reason
                else connection.error
            )
        elif connection.online is False and self.counter.store.shifts.list_known_attendants():
            self.status.show_waiting(_(OFFLINE))
        elif connection.online is False:
            self.status.show_refusal(ServerUnavailable(sent=True).sentence)
        elif first or (self._shows_connection and not self._reason):
            self.status.show_hint(_(HINT))
        else:
            return
        self._shows_connection = True

    def press(self, key: str) -> None:
        if self._busy:
            return
        self._shows_connection = False
        if len(key) == 1 and key in "0123456789":
            self._pin = (self._pin + key)[:MAX_LENGTH]
            self.status.show_hint(_(HINT))
        elif key in ("backspace", "delete"):
            self._pin = self._pin[:-1]
        elif key == "escape":
            self._pin = ""
        elif key in ("f2", "enter"):
            self._submit()
        elif key == "f7" and self.session.connection.lockout_reason:
            self.post_message(self.EnrolRequested())
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
        try:
            await self.counter.shifts.sign_in(pin)
        except KioskError as error:
            self.status.show_refusal(error.sentence)
        else:
            self.post_message(self.Done())
        finally:
            self._pin = ""
            self._busy = False
            self.query_one(PinBoxes).filled = 0
