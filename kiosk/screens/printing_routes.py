"""Printing, and its results on the screen."""

from __future__ import annotations

from dataclasses import dataclass

from textual import on
from textual.message import Message

from kiosk.language import _
from kiosk.print_queue import PrintQueue
from kiosk.printing.errors import PrinterError
from kiosk.printing.report import Report
from kiosk.printing.shift import build_shift_report
from kiosk.screens.base import MenuItem, ReprintRequested
from kiosk.screens.menu import MenuScreen
from kiosk.screens.promises.slip import PromiseSlipScreen
from kiosk.screens.receipt import ReceiptScreen
from kiosk.screens.routes import Routes
from kiosk.screens.shift_report import ShiftReportScreen
from kiosk.widgets.status import Status

SCREEN_SWITCH_DELAY = 0.05
"""Seconds for a screen to replace another."""


class PrintingRoutes(Routes):
    @dataclass
    class PrinterResult(Message):
        """A slip was sent, or the printer's `error`."""

        error: str

    def start_printer(self) -> None:
        """Print the queue as long as the program runs, if there is a printer."""
        if self.print_queue is not None:
            self.print_queue.on_result = lambda error: self.post_message(self.PrinterResult(error))
            self.counter.sync.on_promise_slip = self.print_queue.wake
            self.run_worker(self.print_queue.run(), group="printer")

    @on(PrinterResult)
    def _show_printer_result(self, message: PrinterResult) -> None:
        """An error doesn't stop the redemption: the receipt can be printed later."""
        if not self.screen_stack:
            # The program ends; the print job stays in the queue.
            return
        if not self.screen.query(Status):
            # One screen is just replacing another.
            self.set_timer(SCREEN_SWITCH_DELAY, lambda: self.post_message(self.PrinterResult(message.error)))
        elif message.error:
            self.top_screen.status.show_refusal(message.error)
        elif isinstance(self.screen, ReceiptScreen | PromiseSlipScreen):
            self.screen.show_printed()

    async def ask_about_held(self) -> None:
        """Whether a heap of slips from a time without a printer is to be printed."""
        queue = self.print_queue
        held = queue.held if queue is not None else []
        if queue is None or not held:
            return
        items = [
            MenuItem(_("全部打印"), "", lambda: queue.print_held(len(held))),
            MenuItem(_("只打最后一张"), "", lambda: queue.print_held(1)),
            MenuItem(_("都不打，需要时再补打"), "", lambda: queue.print_held(0)),
        ]
        hint = _("没有打印机的时候积下了 {slips} 张：按数字选怎么办；按别的键以后再问")
        await self.show_overlay(MenuScreen(self.counter, items, hint.format(slips=len(held))))

    @on(ReprintRequested)
    def _reprint(self, message: ReprintRequested) -> None:
        if self.print_queue is None:
            self.top_screen.status.show_refusal(_("没有设置打印机，不能补打"))
            return
        self.counter.store.receipts.reprint(message.document)
        self.top_screen.status.show_waiting(_("正在补打，请稍候"))
        self.print_queue.wake()

    @on(ShiftReportScreen.PrintRequested)
    def _print_report(self, message: ShiftReportScreen.PrintRequested) -> None:
        if self.print_queue is None:
            self.top_screen.status.show_refusal(_("没有设置打印机，不能打印"))
            return
        till = self.counter.session.till
        supermarket = till.supermarket if till else ""
        report = build_shift_report(
            message.report,
            supermarket,
            self.counter.store.clock.now(),
            attendant=message.facts.attendant,
            opened_at=message.facts.opened_at,
            closed_at=message.facts.closed_at,
        )
        self.run_worker(self._send_report(self.print_queue, report))

    async def _send_report(self, print_queue: PrintQueue, report: Report) -> None:
        try:
            await print_queue.print_report(report)
        except PrinterError as error:
            self.top_screen.status.show_refusal(error.sentence)
        else:
            self.top_screen.status.show_result(_("报表已发送打印；按 Esc 返回登录"))
