"""The print queue: receipts and slips go to the printer one at a time, in the background."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

from msgspec import UNSET

from kiosk.errors import DiskError
from kiosk.printing.errors import PrinterError
from kiosk.printing.printer import Printer, print_report, print_slip
from kiosk.printing.promise import build_promise_report
from kiosk.printing.report import Report
from kiosk.printing.slip import Slip, SlipLine
from kiosk.store.facade import Store
from kiosk.store.receipts import PrintJob, StoredReceipt
from kiosk.timing import Timing

STALE_AFTER = timedelta(minutes=10)
"""An older receipt isn't printed automatically: its household has gone home."""


class PrintQueue:
    """`on_result` is called with the printer's error when that changes, and with an empty text for each slip
    sent."""

    def __init__(self, store: Store, printer: Printer, timing: Timing) -> None:
        self.on_result: Callable[[str], object] = lambda error: None
        self._store = store
        self._printer = printer
        self._timing = timing
        self._wake = asyncio.Event()
        self._error = ""
        # A heap from a time without a printer isn't printed before somebody was asked: up to this job.
        heap = store.receipts.list_waiting()
        self._held_up_to = heap[-1].id if len(heap) > 1 else 0

    @property
    def held(self) -> list[PrintJob]:
        """What waits since before the start, until `print_held`."""
        waiting = self._store.receipts.list_waiting() if self._held_up_to else []
        return [job for job in waiting if job.id <= self._held_up_to]

    def print_held(self, last: int) -> None:
        """Print so many of the last ones, and no other of them."""
        held = self.held
        for place, job in enumerate(held):
            if place < len(held) - last:
                self._store.receipts.mark_lapsed(job)
            elif self._is_stale(job):
                # As one that may have been printed: its household has gone home.
                self._store.receipts.mark_lapsed(job)
                self._store.receipts.reprint(job.document_id)
        self._held_up_to = 0
        self.wake()

    async def run(self) -> None:
        """Run as long as the app does."""
        pauses = self._timing.iterate_pauses()
        while True:
            self._wake.clear()
            job = self._get_next_job()
            if job is None:
                await self._wake.wait()
            elif await self._print(job):
                pauses = self._timing.iterate_pauses()
            else:
                with suppress(TimeoutError):
                    async with asyncio.timeout(next(pauses)):
                        await self._wake.wait()

    async def print_report(self, report: Report) -> None:
        """Print at once or not at all: the report can be printed again. Raises PrinterError."""
        await print_report(self._printer, report, reprint=False)

    def wake(self) -> None:
        """There is something to print."""
        self._wake.set()

    def _get_next_job(self) -> PrintJob | None:
        receipts = self._store.receipts
        while (job := receipts.get_next_print_job(self._held_up_to)) is not None:
            if not self._is_stale(job):
                return job
            receipts.mark_lapsed(job)
        return None

    def _is_stale(self, job: PrintJob) -> bool:
        return not job.copy and self._store.clock.now() - job.happened_at >= STALE_AFTER

    async def _print(self, job: PrintJob) -> bool:
        """Return whether the printer took it. That it is being sent is saved first: if this is interrupted, the
        slip is marked 补打 when it is sent again."""
        try:
            self._store.receipts.mark_sending(job)
            await self._send(job)
            self._store.receipts.mark_sent(job)
        except PrinterError as error:
            if not error.maybe_printed and not job.is_reprint:
                self._store.receipts.mark_unsent(job)
            self._report_result(error.sentence)
            return False
        except DiskError as error:
            self._report_result(error.sentence)
            return False
        self._report_result("")
        return True

    async def _send(self, job: PrintJob) -> None:
        match job.document:
            case StoredReceipt() as stored:
                await print_slip(self._printer, build_slip(stored), reprint=job.is_reprint)
            case promise:
                await print_report(self._printer, build_promise_report(promise), reprint=job.is_reprint)

    def _report_result(self, error: str) -> None:
        if error != self._error or not error:
            self._error = error
            self.on_result(error)


def build_slip(stored: StoredReceipt) -> Slip:
    receipt = stored.receipt
    return Slip(
        id=receipt.id,
        supermarket=receipt.supermarket,
        household=receipt.name,
        lines=tuple(SlipLine(line.name, line.quantity, line.points) for line in receipt.lines),
        balance=receipt.balance,
        attendant=receipt.attendant,
        recorded_at=receipt.recorded_at,
        offline=stored.offline,
        collector=receipt.collector,
        identified=None if receipt.identified is UNSET else receipt.identified,
        seal=stored.seal,
        unavailable=() if receipt.held is UNSET else tuple(receipt.held),
        voided=stored.voided,
    )
