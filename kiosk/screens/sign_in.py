"""Signing in: a PIN on the digit keys."""

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
from kiosk.screens.base import TillScreen
from kiosk.widgets.banner import Banner
from kiosk.widgets.key_bar import KeyBar
from kiosk.widgets.pin_boxes import LONGEST, SHORTEST, PinBoxes
from kiosk.widgets.status import Status

FIRST = N_("请先登录，再扫码")
HINT = N_("按数字键输入 PIN，再按 F2 登录")
OFFLINE = N_("网络断了：在这台终端登录过的管理员可以照常输入 PIN，断网兑换")


class SignIn(TillScreen):
    CSS = """
    SignIn #middle { height: 1fr; align: center middle; background: $background; }
    SignIn #card { width: 72; height: auto; background: $panel; padding: 2 4; }
    SignIn Center { height: auto; }
    SignIn #title { width: 1fr; text-align: center; color: $gold; text-style: bold; }
    SignIn #place { width: 1fr; text-align: center; color: $faded; margin-bottom: 1; }
    SignIn #ask { width: 1fr; text-align: center; color: $cream; }
    """

    class Done(Message):
        """An attendant signed in."""

    class ToEnrol(Message):
        """This machine is to be enrolled anew."""

        def __init__(self, code: str = "") -> None:
            super().__init__()
            self.code = code

    def __init__(self, counter: Counter, obstacle: str = "") -> None:
        super().__init__(counter)
        self._pin = ""
        self._obstacle = obstacle
        self._asking = False
        self._told: object = None
        # Whether what stands there is about the line, and not about what the attendant did.
        self._about_line = True

    def compose(self) -> ComposeResult:
        yield Banner(self.session)
        with Vertical(id="middle"), Vertical(id="card"):
            yield Static(_("积 美 积 分 超 市"), id="title")
            yield Static(_("以德换物，以美兴村"), id="place")
            with Center():
                yield PinBoxes()
            ask = _("请输入值班 PIN（{shortest} 到 {longest} 位数字）")
            yield Static(ask.format(shortest=SHORTEST, longest=LONGEST), id="ask")
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
        self.news()
        if self._obstacle:
            self.status.refuse(self._obstacle)

    def news(self) -> None:
        super().news()
        contact = self.session.connection
        seen = (contact.online, contact.error, contact.lockout_reason)
        if seen == self._told or self._asking:
            return
        first, self._told = self._told is None, seen
        if contact.lockout_reason or contact.error:
            self.status.refuse(
                _("{trouble}（按 F7 重新登记）").format(trouble=_(contact.lockout_reason))
                if contact.lockout_reason
                else contact.error
            )
        elif contact.online is False and self.counter.store.shifts.list_known_attendants():
            self.status.waiting(_(OFFLINE))
        elif contact.online is False:
            self.status.refuse(ServerUnavailable(sent=True).sentence)
        elif first or (self._about_line and not self._obstacle):
            self.status.hint(_(HINT))
        else:
            return
        self._about_line = True

    def press(self, key: str) -> None:
        if self._asking:
            return
        self._about_line = False
        if len(key) == 1 and key in "0123456789":
            self._pin = (self._pin + key)[:LONGEST]
            self.status.hint(_(HINT))
        elif key in ("backspace", "delete"):
            self._pin = self._pin[:-1]
        elif key == "escape":
            self._pin = ""
        elif key in ("f2", "enter"):
            self._submit()
        elif key == "f7" and self.session.connection.lockout_reason:
            self.post_message(self.ToEnrol())
        self.query_one(PinBoxes).filled = len(self._pin)

    def scan(self, text: str) -> None:
        if self._asking:
            return
        self._about_line = False
        # Digits that came too fast for a finger: a PIN badge, or a keyboard behind a jittery link.
        if re.fullmatch(rf"[0-9]{{{SHORTEST},{LONGEST}}}", text):
            self._pin = text
            self._submit()
        elif isinstance(code := read_code(text), EnrolCode):
            self.post_message(self.ToEnrol(code.code))
        else:
            self.status.refuse(_(FIRST))

    def scan_again(self, text: str) -> None:
        self.scan(text)

    def command(self, command: Command) -> None:
        if not self._asking:
            self.status.refuse(_(FIRST))

    def _submit(self) -> None:
        if len(self._pin) < SHORTEST:
            self.status.refuse(
                _("PIN 是 {shortest} 到 {longest} 位数字").format(shortest=SHORTEST, longest=LONGEST)
            )
            return
        self._asking = True
        self.status.waiting(_("正在登录，请稍候"))
        self._sign_in(self._pin)

    @work
    async def _sign_in(self, pin: str) -> None:
        try:
            await self.counter.shifts.sign_in(pin)
        except KioskError as obstacle:
            self.status.refuse(obstacle.sentence)
        else:
            self.post_message(self.Done())
        finally:
            self._pin = ""
            self._asking = False
            self.query_one(PinBoxes).filled = 0
