"""Quit in order when the terminal closes or the process gets a signal."""

from __future__ import annotations

import asyncio
import os
import select
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Timer
from typing import IO, Any

from rich.cells import cell_len
from rich.segment import Segment
from textual.app import App
from textual.color import Color
from textual.drivers.linux_driver import LinuxDriver
from textual.filter import LineFilter

from api.wire.text import make_line_visible

QUIT_TIMEOUT = 5.0
"""Seconds from a signal until the process ends in any case."""
STUCK = 1
"""The exit code of a process that couldn't quit in order within that time."""


class TerminalDriver(LinuxDriver):
    """Drops what is written to a closed terminal. Textual's writer thread would end with the first error, and the
    app would wait for it forever once the queue between them is full."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if self._file is not None:
            self._file = ForgivingOutput(self._file)  # type: ignore[assignment]


class ForgivingOutput:
    """The part of a text file that Textual's writer thread uses, without its errors."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def fileno(self) -> int:
        return self._file.fileno()

    def write(self, text: str) -> None:
        with suppress(OSError):
            self._file.write(text)

    def flush(self) -> None:
        with suppress(OSError):
            self._file.flush()


class VisibleText(LineFilter):
    """Filters all text before the terminal, so that stored text can't contain terminal commands."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [
            segment
            if segment.control or (segment.text.isascii() and segment.text.isprintable())
            else Segment(_make_visible(segment.text), segment.style)
            for segment in segments
        ]


def _make_visible(text: str) -> str:
    """Padded to the width of `text`, with which it was laid out."""
    shown = make_line_visible(text)
    return shown + " " * (cell_len(text) - cell_len(shown))


def is_terminal_closed() -> bool:
    """For a terminal that closes without SIGHUP: `nohup` has it ignored, and a session without a controlling
    terminal gets none."""
    poll = select.poll()
    poll.register(sys.__stdin__, 0)  # type: ignore[arg-type]
    return any(state & select.POLLHUP for _, state in poll.poll(0))


@contextmanager
def quit_on_signals(app: App[Any]) -> Iterator[None]:
    """While the app runs, SIGHUP and SIGTERM end it, unless they are ignored."""
    loop = asyncio.get_running_loop()
    # A terminal that is there but takes no output can block the app. Nothing is lost: every commit is on disk.
    end = Timer(QUIT_TIMEOUT, os._exit, (STUCK,))
    end.daemon = True

    def quit_app(*_: object) -> None:
        loop.call_soon_threadsafe(app.exit)
        with suppress(RuntimeError):
            # It was started by an earlier signal.
            end.start()

    # Not `add_signal_handler`: it would wait for the event loop, which may be blocked.
    before = {number: signal.getsignal(number) for number in (signal.SIGHUP, signal.SIGTERM)}
    for number, handler in before.items():
        if handler != signal.SIG_IGN:
            signal.signal(number, quit_app)
    try:
        yield
    finally:
        end.cancel()
        for number, handler in before.items():
            signal.signal(number, handler)
