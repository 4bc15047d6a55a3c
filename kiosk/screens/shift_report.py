"""The end of a shift: what was handed over, and whether the server has it already."""

from __future__ import annotations

from uuid import UUID

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from api.wire import Command
from api.wire.till_journal import ShiftReport
from kiosk.columns import justify
from kiosk.counter import Counter
from kiosk.language import _
from kiosk.screens.base import TillScreen
from kiosk.widgets.banner import Banner
from kiosk.widgets.key_bar import KeyBar
from kiosk.widgets.status import Status


class Sheet(Widget):
    """The report's figures and goods, as many as there is room for."""

    DEFAULT_CSS = "Sheet { height: 1fr; }"

    def __init__(self, report: ShiftReport) -> None:
        super().__init__()
        self._report = report

    def render(self) -> Content:
        width, height = self.content_size
        report = self._report
        figures = [
            (
                _("兑换"),
                _("{redemptions} 笔  {points} 分").format(redemptions=report.redemptions, points=report.points),
                "bold $gold",
            ),
            (_("其中断网兑换"), _("{offline} 笔").format(offline=report.offline), "$cream"),
            (
                _("作废"),
                _("{voids} 笔  {voided_points} 分").format(voids=report.voids, voided_points=report.voided_points),
                "$cream",
            ),
        ]
        lines = [Content.assemble((justify(what, how_many, width), style)) for what, how_many, style in figures]
        goods = [
            Content.assemble(
                (justify(pieces.name, _("{quantity} 件").format(quantity=pieces.quantity), width), "$cream")
            )
            for pieces in report.goods
        ]
        room = max(height - len(lines) - 1, 1)
        if len(goods) > room:
            goods = [
                *goods[: room - 1],
                Content.assemble((_("另有 {kinds} 种，都在账上").format(kinds=len(goods) - room + 1), "$faded")),
            ]
        return Content("\n").join([*lines, Content(), *goods])


class Report(TillScreen):
    CSS = """
    Report #middle { height: 1fr; align: center middle; }
    Report #sheet { width: 56; max-height: 100%; background: $panel; padding: 1 4; }
    """

    class Seen(Message):
        """The attendant leaves."""

    class Print(Message):
        """The attendant wants it on paper."""

        def __init__(self, report: ShiftReport) -> None:
            super().__init__()
            self.report = report

    def __init__(self, counter: Counter, shift: UUID, report: ShiftReport) -> None:
        super().__init__(counter)
        self._shift = shift
        self._report = report
        self._told: object = None

    def compose(self) -> ComposeResult:
        yield Banner(self.session)
        with Vertical(id="middle"), Vertical(id="sheet"):
            yield Sheet(self._report)
        yield Status()
        yield KeyBar(("f5", "F5", _("打印")), ("escape", "Esc", _("返回登录")), ("ctrl+q", "Ctrl+Q", _("退出")))

    def on_mount(self) -> None:
        self.query_one("#sheet").styles.height = 6 + len(self._report.goods)
        self.news()

    def news(self) -> None:
        super().news()
        unsent = self.session.connection.unsent
        status, remark = self.counter.store.journal.get_closing_outcome(self._shift)
        if self._told == (unsent, status):
            return
        self._told = (unsent, status)
        if not status:
            self.status.waiting(
                _("已交班；还有 {unsent} 笔没上传，都存在本机，联网后自动上传").format(unsent=unsent)
            )
        elif remark:
            self.status.refuse(remark)
        else:
            self.status.done(_("已交班，全部上传，与账一致；按 Esc 返回登录"))

    def press(self, key: str) -> None:
        if key == "f5":
            self.post_message(self.Print(self._report))
        # A second F10 in haste must not wipe the report away.
        elif key not in ("f10", "f2"):
            self.post_message(self.Seen())

    def scan(self, text: str) -> None:
        self.status.refuse(_("已交班：请按 Esc 返回登录，再扫码"))

    def scan_again(self, text: str) -> None:
        self.scan(text)

    def command(self, command: Command) -> None:
        self.scan(command.value)
