"""Receipts on their way to the printer: one at a time, by themselves, and never in anybody's way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

from kiosk.errors import DiskError
from kiosk.printing.errors import PrinterError
from kiosk.printing.printer import Printer, print_report, print_slip
from kiosk.printing.promise import promise_on_paper
from kiosk.printing.report import Report
from kiosk.printing.slip import Slip, SlipLine
from kiosk.store.facade import Store
from kiosk.store.receipts import PrintJob, StoredReceipt
from kiosk.timing import Timing

STALE = timedelta(minutes=10)
"""A receipt this old isn't printed by itself any more: its household has gone home."""


class Outbox:
    """`told` gets what is wrong with the printer, when that changes, and an empty text for each slip that went."""

    def __init__(self, store: Store, printer: Printer, timing: Timing) -> None:
        self.told: Callable[[str], object] = lambda trouble: None
        self._store = store
        self._printer = printer
        self._timing = timing
        self._wake = asyncio.Event()
        self._trouble = ""

    async def run(self) -> None:
        """For as long as the kiosk is open."""
        pauses = self._timing.iterate_pauses()
        while True:
            self._wake.clear()
            job = self._next()
            if job is None:
                await self._wake.wait()
            elif await self._print(job):
                pauses = self._timing.iterate_pauses()
            else:
                with suppress(TimeoutError):
                    async with asyncio.timeout(next(pauses)):
                        await self._wake.wait()

    async def report(self, report: Report) -> None:
        """At once or not at all: the figures can be printed again. Raises PrinterError."""
        await print_report(self._printer, report, reprint=False)

    def wake(self) -> None:
        """There is something to print."""
        self._wake.set()

    def _next(self) -> PrintJob | None:
        receipts = self._store.receipts
        while (job := receipts.get_next_print_job()) is not None:
            if job.copy or self._store.clock.now() - job.happened_at < STALE:
                return job
            receipts.mark_lapsed(job)
        return None

    async def _print(self, job: PrintJob) -> bool:
        """Whether the printer took it. That it is about to go is kept first: whatever cuts in here, the same slip
        says 补打 when it goes again."""
        try:
            self._store.receipts.mark_sending(job)
            await self._send(job)
            self._store.receipts.mark_sent(job)
        except PrinterError as away:
            if not away.maybe_printed and not job.is_reprint:
                self._store.receipts.mark_unsent(job)
            self._tell(away.sentence)
            return False
        except DiskError as failed:
            self._tell(failed.sentence)
            return False
        self._tell("")
        return True

    async def _send(self, job: PrintJob) -> None:
        match job.document:
            case StoredReceipt() as kept:
                await print_slip(self._printer, slip_of(kept), reprint=job.is_reprint)
            case promise:
                await print_report(self._printer, promise_on_paper(promise), reprint=job.is_reprint)

    def _tell(self, trouble: str) -> None:
        if trouble != self._trouble or not trouble:
            self._trouble = trouble
            self.told(trouble)


def slip_of(kept: StoredReceipt) -> Slip:
    receipt = kept.receipt
    return Slip(
        id=receipt.id,
        supermarket=receipt.supermarket,
        household=receipt.name,
        lines=tuple(SlipLine(line.name, line.quantity, line.points) for line in receipt.lines),
        balance=receipt.balance,
        attendant=receipt.attendant,
        recorded_at=receipt.recorded_at,
        offline=kept.offline,
        collected_by=receipt.collector,
        seal=kept.seal,
    )
