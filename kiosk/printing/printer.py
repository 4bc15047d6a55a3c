"""A printer as the till sees it: lines go out, within a few seconds or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import Future
from threading import Thread
from typing import Protocol

from kiosk.language import _
from kiosk.printing.errors import PrinterError
from kiosk.printing.layout import Line
from kiosk.printing.report import Report, report_lines
from kiosk.printing.settings import Mode, Settings
from kiosk.printing.slip import Slip, slip_lines

PATIENCE = 5.0
"""Seconds until a printer that doesn't take a slip is told."""
DEVICE_SHARE = 0.9
"""Of the patience, for the device itself, which knows better what is wrong than the clock does."""


class Printer(Protocol):
    @property
    def width(self) -> int:
        """Columns of the paper."""

    async def send(self, lines: Sequence[Line]) -> None:
        """Send one slip. That it returns says that the printer took it, not that it is on paper.

        Raises PrinterError, in bounded time."""


async def print_slip(printer: Printer, slip: Slip, *, reprint: bool) -> None:
    """Send the receipt, marked 补打 when it was sent before or may have been."""
    await printer.send(slip_lines(slip, printer.width, reprint=reprint))


async def print_report(printer: Printer, report: Report, *, reprint: bool) -> None:
    await printer.send(report_lines(report, printer.width, reprint=reprint))


class EscposPrinter:
    """One slip at a time, in a thread of its own: a device that hangs holds up neither the till nor its end.

    While a thread still hangs, further slips are turned away at once."""

    def __init__(self, settings: Settings, patience: float = PATIENCE) -> None:
        self._settings = settings
        self._patience = patience
        self._turn = asyncio.Lock()
        self._outcome: Future[None] | None = None

    def __str__(self) -> str:
        return str(self._settings.device)

    @property
    def width(self) -> int:
        return self._settings.width

    async def send(self, lines: Sequence[Line]) -> None:
        begun = False
        try:
            async with asyncio.timeout(self._patience), self._turn:
                if self._outcome is not None and not self._outcome.done():
                    raise PrinterError(_("打印机还没有收完上一张：请检查电源和纸，或关掉再开"))
                begun = True
                await self._sent(lines)
        except TimeoutError:
            raise PrinterError(_("打印机没有反应：请检查电源、纸和数据线"), maybe_printed=begun) from None

    def _sent(self, lines: Sequence[Line]) -> asyncio.Future[None]:
        self._outcome = outcome = Future[None]()
        # Running, so that giving up waiting doesn't cancel what the thread has yet to answer.
        outcome.set_running_or_notify_cancel()
        # Not one of the executor's, which the program waits for at its end.
        Thread(target=self._deliver, args=(lines, outcome), name="printer", daemon=True).start()
        return asyncio.wrap_future(outcome)

    def _deliver(self, lines: Sequence[Line], outcome: Future[None]) -> None:
        try:
            self._settings.device.deliver(self._composed(lines), self._patience * DEVICE_SHARE)
        except Exception as error:
            outcome.set_exception(error)
        else:
            outcome.set_result(None)

    def _composed(self, lines: Sequence[Line]) -> bytes:
        # Brought in when something is printed: a till has to open at once.
        if self._settings.mode is Mode.IMAGE:
            from kiosk.printing.image import as_picture

            return as_picture(lines, self.width)
        from kiosk.printing.commands import as_text

        return as_text(lines, self._settings.encoding)
