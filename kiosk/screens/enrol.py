"""Enrolling this machine by the one-time code from the township's desk, typed or scanned."""

from __future__ import annotations

from textual import work
from textual.app import ComposeResult
from textual.containers import Center, Vertical
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widgets import Static

from api.wire import Command
from kiosk.codes import EnrolCode, read_code
from kiosk.counter import Counter
from kiosk.errors import KioskError
from kiosk.language import N_, _
from kiosk.screens.base import KioskScreen
from kiosk.store.enrolments import CODE_LENGTH, normalize_code
from kiosk.widgets.banner import Banner
from kiosk.widgets.key_bar import KeyBar
from kiosk.widgets.status import Status

HINT = N_("输入登记码，再按 F2；也可以扫登记码")
_GROUP = 4


class CodeBoxes(Static):
    """The code typed so far, in groups."""

    DEFAULT_CSS = "CodeBoxes { width: auto; height: 1; margin: 1 0; }"

    code = reactive("", layout=True)

    def render(self) -> Content:
        padded = self.code.ljust(CODE_LENGTH)
        groups = [padded[start : start + _GROUP] for start in range(0, CODE_LENGTH, _GROUP)]
        return Content("   ").join(
            Content(" ").join(Content.assemble((f" {symbol} ", "bold $gold on $keycap")) for symbol in group)
            for group in groups
        )


class EnrolScreen(KioskScreen):
    CSS = """
    EnrolScreen #middle { height: 1fr; align: center middle; background: $background; }
    EnrolScreen #card { width: 72; height: auto; background: $panel; padding: 2 4; }
    EnrolScreen Center { height: auto; }
    EnrolScreen #title { width: 1fr; text-align: center; color: $gold; text-style: bold; }
    EnrolScreen #ask { width: 1fr; text-align: center; color: $cream; margin-top: 1; }
    EnrolScreen #where { width: 1fr; text-align: center; color: $faded; }
    """

    class Done(Message):
        """The machine is enrolled."""

    class Cancelled(Message):
        """The enrolment stays as it was."""

    def __init__(self, counter: Counter, code: str = "") -> None:
        super().__init__(counter)
        self._code = normalize_code(code)[:CODE_LENGTH]
        self._submit_at_once = bool(code)
        # As the scanned code has it.
        self._server = ""
        self._busy = False

    def compose(self) -> ComposeResult:
        yield Banner(self.session)
        with Vertical(id="middle"), Vertical(id="card"):
            yield Static(_("登 记 终 端"), id="title")
            yield Static(
                _("请输入乡镇办公室给的登记码（{length} 位字母和数字）").format(length=CODE_LENGTH),
                id="ask",
            )
            with Center():
                yield CodeBoxes()
            yield Static(_("服务器 {server}").format(server=self.counter.server), id="where", markup=False)
        yield Status()
        leave = [("escape", "Esc", _("返回"))] if self._enrolled else [("escape", "Esc", _("重输"))]
        yield KeyBar(
            ("f2", "F2", _("登记")),
            ("backspace", "Backspace", _("退一格")),
            *leave,
            ("ctrl+q", "Ctrl+Q", _("退出")),
        )

    @property
    def _enrolled(self) -> bool:
        return self.counter.store.enrolments.current is not None

    def on_mount(self) -> None:
        self.query_one(CodeBoxes).code = self._code
        self.status.show_hint(_(HINT))
        if self._submit_at_once:
            self._submit()

    def press(self, key: str) -> None:
        if self._busy:
            return
        if len(key) == 1 and normalize_code(key):
            self._code = (self._code + normalize_code(key))[:CODE_LENGTH]
            self.status.show_hint(_(HINT))
        elif key in ("backspace", "delete"):
            self._code = self._code[:-1]
        elif key == "escape":
            self._code = ""
            if self._enrolled:
                self.post_message(self.Cancelled())
        elif key in ("f2", "enter"):
            self._submit()
        self.query_one(CodeBoxes).code = self._code

    def scan(self, text: str) -> None:
        """A code that was scanned, or typed at a scanner's speed: all of it, or the rest of it."""
        if self._busy:
            return
        scanned = read_code(text)
        code = normalize_code(scanned.code if isinstance(scanned, EnrolCode) else text)
        full_code = code if len(code) == CODE_LENGTH else self._code + code
        if len(full_code) > CODE_LENGTH:
            self.status.show_refusal(_("这不是登记码；请先登记这台终端"))
            return
        if isinstance(scanned, EnrolCode):
            self._server = scanned.server
        self._code = self.query_one(CodeBoxes).code = full_code
        if len(full_code) == CODE_LENGTH:
            self._submit()

    def scan_repeat(self, text: str) -> None:
        self.scan(text)

    def run_command(self, command: Command) -> None:
        self.status.show_refusal(_("请先登记这台终端"))

    def _submit(self) -> None:
        if len(self._code) < CODE_LENGTH:
            self.status.show_refusal(
                _("登记码有 {length} 位，还差 {missing} 位").format(
                    length=CODE_LENGTH, missing=CODE_LENGTH - len(self._code)
                )
            )
            return
        self._busy = True
        self.status.show_waiting(_("正在登记，请稍候"))
        self._enrol(self._code)

    @work
    async def _enrol(self, code: str) -> None:
        try:
            await self.counter.shifts.enrol(code, self._server)
        except KioskError as error:
            self.status.show_refusal(error.sentence)
        else:
            self.post_message(self.Done())
        finally:
            self._busy = False
