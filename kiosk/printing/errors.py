"""Errors of the printer."""

from __future__ import annotations

from kiosk.errors import KioskError


class PrinterError(KioskError):
    """The slip was not sent completely. `maybe_printed`: part of it may be on paper, so sending it again is a
    reprint."""

    def __init__(self, sentence: str, *, maybe_printed: bool = False) -> None:
        super().__init__(sentence)
        self.maybe_printed = maybe_printed
