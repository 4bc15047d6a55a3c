"""What goes to the printer, and what the attendant hears of it."""

from __future__ import annotations

from dataclasses import dataclass

from textual import on
from textual.message import Message

from kiosk.language import _
from kiosk.print_queue import PrintQueue
from kiosk.printing.errors import PrinterError
from kiosk.printing.report import Report as PaperReport
from kiosk.printing.shift import build_shift_report
from kiosk.screens.base import Reprint
from kiosk.screens.promises.slip import PromiseSlipScreen
from kiosk.screens.receipt import ReceiptScreen
from kiosk.screens.routes import Routes
from kiosk.screens.shift_report import Report
from kiosk.widgets.status import Status

SCREEN_COMES = 0.05
"""Seconds until a screen that is coming is there."""


class PaperRoutes(Routes):
    @dataclass
    class PrinterTold(Message):
        """A slip went, or why none does."""

        trouble: str

    def run_printer(self) -> None:
        """Print what waits, for as long as the program runs; nothing where there is no printer."""
        if self.print_queue is not None:
            self.print_queue.on_result = lambda trouble: self.post_message(self.PrinterTold(trouble))
            self.counter.sync.on_promise_slip = self.print_queue.wake
            self.run_worker(self.print_queue.run(), group="printer")

    @on(PrinterTold)
    def _tell_of_printer(self, told: PrinterTold) -> None:
        """The goods are handed over all the same; the paper can follow."""
        if not self.screen_stack:
            # The program ends; the print job is kept.
            return
        if not self.screen.query(Status):
            # One screen is just giving way to another.
            self.set_timer(SCREEN_COMES, lambda: self.post_message(self.PrinterTold(told.trouble)))
        elif told.trouble:
            self.top.status.refuse(told.trouble)
        elif isinstance(self.screen, ReceiptScreen | PromiseSlipScreen):
            self.screen.printed()

    @on(Reprint)
    def _reprint(self, message: Reprint) -> None:
        if self.print_queue is None:
            self.top.status.refuse(_("没有设置打印机，不能补打"))
            return
        self.counter.store.receipts.reprint(message.paper)
        self.top.status.waiting(_("正在补打，请稍候"))
        self.print_queue.wake()

    @on(Report.Print)
    def _print_report(self, message: Report.Print) -> None:
        if self.print_queue is None:
            self.top.status.refuse(_("没有设置打印机，不能打印"))
            return
        till = self.counter.session.till
        place = till.supermarket if till else ""
        paper = build_shift_report(message.report, place, self.counter.store.clock.now())
        self.run_worker(self._to_paper(self.print_queue, paper))

    async def _to_paper(self, print_queue: PrintQueue, report: PaperReport) -> None:
        try:
            await print_queue.print_report(report)
        except PrinterError as away:
            self.top.status.refuse(away.sentence)
        else:
            self.top.status.done(_("报表已发送打印；按 Esc 返回登录"))
