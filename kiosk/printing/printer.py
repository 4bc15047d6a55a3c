"""The kiosk's printer: it takes a slip within a few seconds, or an error is raised."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import Future
from threading import Thread
from typing import Protocol

from kiosk.language import _
from kiosk.printing.errors import PrinterError
from kiosk.printing.layout import PaperLine
from kiosk.printing.report import Report, lay_out_report
from kiosk.printing.settings import Mode, PrinterSettings
from kiosk.printing.slip import Slip, lay_out_slip

TIMEOUT = 5.0
"""Seconds for one slip."""
DEVICE_SHARE = 0.9
"""The device's share of the timeout, so that its own, more precise error comes first."""


class Printer(Protocol):
    @property
    def width(self) -> int:
        """Columns of the paper."""

    async def send(self, lines: Sequence[PaperLine]) -> None:
        """Send one slip. When it returns, the printer has the slip, which may not be on paper.

        Raises PrinterError, in bounded time."""


async def print_slip(printer: Printer, slip: Slip, *, reprint: bool) -> None:
    """`reprint`: mark it 补打, since it was or may have been sent before."""
    await printer.send(lay_out_slip(slip, printer.width, reprint=reprint))


async def print_report(printer: Printer, report: Report, *, reprint: bool) -> None:
    await printer.send(lay_out_report(report, printer.width, reprint=reprint))


class EscposPrinter:
    """Sends one slip at a time, in a thread: a device that hangs blocks neither the app nor its exit.

    While the thread hangs, further slips are refused at once."""

    def __init__(self, settings: PrinterSettings, timeout: float = TIMEOUT) -> None:
        self._settings = settings
        self._timeout = timeout
        self._lock = asyncio.Lock()
        self._result: Future[None] | None = None

    def __str__(self) -> str:
        return str(self._settings.device)

    @property
    def width(self) -> int:
        return self._settings.width

    def list_missing_scripts(self) -> list[str]:
        """The scripts that slips can't be drawn in, since this machine has no font of them."""
        if self._settings.mode is not Mode.IMAGE:
            return []
        from kiosk.printing.fonts import list_missing_scripts

        return [_(script.value.title) for script in list_missing_scripts()]

    async def send(self, lines: Sequence[PaperLine]) -> None:
        started = False
        try:
            async with asyncio.timeout(self._timeout), self._lock:
                if self._result is not None and not self._result.done():
                    raise PrinterError(_("打印机还没有收完上一张：请检查电源和纸，或关掉再开"))
                started = True
                await self._start_delivery(lines)
        except TimeoutError:
            raise PrinterError(_("打印机没有反应：请检查电源、纸和数据线"), maybe_printed=started) from None

    def _start_delivery(self, lines: Sequence[PaperLine]) -> asyncio.Future[None]:
        self._result = result = Future[None]()
        # Marked as running, so that a timeout doesn't cancel it while the thread works.
        result.set_running_or_notify_cancel()
        # Not a thread of the executor, for which the program would wait at its end.
        Thread(target=self._deliver, args=(lines, result), name="printer", daemon=True).start()
        return asyncio.wrap_future(result)

    def _deliver(self, lines: Sequence[PaperLine], result: Future[None]) -> None:
        try:
            self._settings.device.send(self._encode(lines), self._timeout * DEVICE_SHARE)
        except Exception as error:
            result.set_exception(error)
        else:
            result.set_result(None)

    def _encode(self, lines: Sequence[PaperLine]) -> bytes:
        # Imported late, so that the kiosk starts fast.
        if self._settings.mode is Mode.IMAGE:
            from kiosk.printing.image import build_image_commands

            return build_image_commands(lines, self.width)
        from kiosk.printing.commands import build_text_commands

        return build_text_commands(lines, self._settings.encoding)
