"""The report of a closed shift, and whether the server has it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from api.wire import Command
from api.wire.till_journal import ShiftReport
from kiosk.appearance import SHANGHAI
from kiosk.columns import justify
from kiosk.counter import Counter
from kiosk.language import _
from kiosk.screens.base import KioskScreen, MenuItem
from kiosk.store.shifts import ShiftFacts
from kiosk.widgets.banner import Banner
from kiosk.widgets.key_bar import KeyBar
from kiosk.widgets.status import Status


class ReportFigures(Widget):
    """The report's figures and goods, as many as fit."""

    DEFAULT_CSS = "ReportFigures { height: 1fr; }"

    def __init__(self, report: ShiftReport, facts: ShiftFacts) -> None:
        super().__init__()
        self._report = report
        self._facts = facts

    def render(self) -> Content:
        width, height = self.content_size
        report = self._report
        facts = self._facts
        figures = [
            (_("值班"), facts.attendant, "$cream"),
            (_("开班"), _format_moment(facts.opened_at), "$cream"),
            (_("交班"), _format_moment(facts.closed_at), "$cream"),
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


class ShiftReportScreen(KioskScreen):
    CSS = """
    ShiftReportScreen #middle { height: 1fr; align: center middle; }
    ShiftReportScreen #sheet { width: 56; max-height: 100%; background: $panel; padding: 1 4; }
    """

    class Closed(Message):
        """The attendant closed the report."""

    class PrintRequested(Message):
        """The attendant asked to print it."""

        def __init__(self, report: ShiftReport, facts: ShiftFacts) -> None:
            super().__init__()
            self.report = report
            self.facts = facts

    def __init__(self, counter: Counter, shift: UUID, report: ShiftReport) -> None:
        super().__init__(counter)
        self._shift = shift
        self._report = report
        self._facts = counter.store.shifts.describe(shift)
        self._shown_state: object = None

    def compose(self) -> ComposeResult:
        yield Banner(self.session)
        with Vertical(id="middle"), Vertical(id="sheet"):
            yield ReportFigures(self._report, self._facts)
        yield Status()
        yield KeyBar(("f5", "F5", _("打印")), ("escape", "Esc", _("返回登录")), ("ctrl+q", "Ctrl+Q", _("退出")))

    def on_mount(self) -> None:
        self.query_one("#sheet").styles.height = 9 + len(self._report.goods)
        self.refresh_state()

    def refresh_state(self) -> None:
        super().refresh_state()
        unsent = self.session.connection.unsent
        status, remark = self.counter.store.journal.get_closing_outcome(self._shift)
        if self._shown_state == (unsent, status):
            return
        self._shown_state = (unsent, status)
        if not status:
            self.status.show_waiting(
                _("已交班；还有 {unsent} 笔没上传，都存在本机，联网后自动上传").format(unsent=unsent)
            )
        elif remark:
            self.status.show_refusal(remark)
        else:
            self.status.show_done(_("已交班，全部上传，与账一致；按 Esc 返回登录"))

    def press(self, key: str) -> None:
        if key == "f5":
            self.post_message(self.PrintRequested(self._report, self._facts))
        # A second F10 must not close the report.
        elif key not in ("f10", "f2"):
            self.post_message(self.Closed())

    def build_menu(self) -> list[MenuItem]:
        return [
            self.build_key_item(_("打印报表"), "F5", "f5"),
            self.build_key_item(_("返回登录"), "Esc", "escape"),
        ]

    def scan(self, text: str) -> None:
        self.status.show_refusal(_("已交班：请按 Esc 返回登录，再扫码"))

    def scan_repeat(self, text: str) -> None:
        self.scan(text)

    def run_command(self, command: Command) -> None:
        self.scan(command.value)


def _format_moment(moment: datetime | None) -> str:
    return f"{moment.astimezone(SHANGHAI):%Y-%m-%d %H:%M}" if moment is not None else ""
