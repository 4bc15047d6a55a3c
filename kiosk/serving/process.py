"""The till as a process of its own, whose terminal is whichever browser is attached to it."""

from __future__ import annotations

import asyncio
import logging
import signal
from asyncio.subprocess import PIPE, Process
from collections.abc import Awaitable, Callable

from textual_serve.app_service import AppService
from textual_serve.download_manager import DownloadManager

from kiosk.language import N_, _

log = logging.getLogger(__name__)

READY = b"__GANGLION__\n"
"""The line with which the process begins to speak in packets."""
PRELUDE = b"\x1b[?1049h\x1b[?1000h\x1b[?1003h\x1b[?1006h\x1b[?25l\x1b[?2004h"
"""What the till told its first terminal: other screen, mouse, no cursor, pasting in brackets. A terminal that
comes later has to hear it too."""
LEAVE = b"\x11"
"""Ctrl+Q: the till leaves unless it has something to settle."""
UNDERSTOOD = 2
"""The exit code of a command that told in one sentence why it can't be done."""
BROKEN = N_("终端意外停止了，正在重新打开")
GRACE = 5.0
"""Seconds that it has to end when it must."""

WriteBytes = Callable[[bytes], Awaitable[None]]


async def _nobody(_: object = None) -> None:
    """The terminal of a till that nobody is attached to."""


class TillProcess(AppService):
    """One run of `command`. What it writes goes to the browser attached, and is lost when there is none: whoever
    attaches is drawn everything anew."""

    def __init__(self, command: list[str], settings: dict[str, str]) -> None:
        super().__init__(
            "", write_bytes=_nobody, write_str=_nobody, close=_nobody, download_manager=DownloadManager()
        )
        self._command = command
        self._settings = settings
        self.ended = asyncio.Event()
        self.last_words = ""
        """Why it ended, in one sentence; nothing when somebody wanted it to."""

    async def start(self, width: int, height: int) -> None:
        self._process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            env=self._build_environment(width, height) | self._settings,
            # Ctrl-C in the terminal of the server is the server's to answer.
            start_new_session=True,
        )
        self._stdin = self._process.stdin
        self._task = asyncio.create_task(self.run())

    async def attach(self, write_bytes: WriteBytes) -> None:
        self.remote_write_bytes = write_bytes
        await write_bytes(PRELUDE)
        await self.focus()

    def detach(self) -> None:
        self.remote_write_bytes = _nobody

    async def leave(self, patience: float) -> bool:
        """Ask it to end; False when it has something to settle and stays."""
        await self.send_bytes(LEAVE)
        try:
            async with asyncio.timeout(patience):
                await self.ended.wait()
        except TimeoutError:
            return False
        return True

    async def stop(self) -> None:
        """End it, as a terminal does that is closed."""
        if self._process is None or self._task is None:
            return
        if not self.ended.is_set():
            self._process.send_signal(signal.SIGTERM)
            try:
                await asyncio.wait_for(self.ended.wait(), GRACE)
            except TimeoutError:
                self._process.kill()
        await self._task

    async def run(self) -> None:
        process = self._process
        assert process is not None
        assert process.stderr is not None
        complaint = asyncio.create_task(process.stderr.read())
        try:
            await self._relay(process)
        finally:
            self.last_words = self._sentence(await process.wait(), (await complaint).decode(errors="replace"))
            self.ended.set()

    async def _relay(self, process: Process) -> None:
        """Pass on what it writes, packet by packet, until it ends."""
        stdout = process.stdout
        assert stdout is not None
        while line := await stdout.readline():
            if line == READY:
                break
        try:
            while True:
                kind, size = await stdout.readexactly(1), int.from_bytes(await stdout.readexactly(4), "big")
                payload = await stdout.readexactly(size)
                if kind == b"D":
                    await self._show(payload)
        except asyncio.IncompleteReadError:
            return

    async def _show(self, payload: bytes) -> None:
        try:
            await self.remote_write_bytes(payload)
        except ConnectionError:
            self.detach()

    @staticmethod
    def _sentence(code: int, complaint: str) -> str:
        if code == 0:
            return ""
        lines = complaint.strip().splitlines()
        if code == UNDERSTOOD and lines:
            return lines[-1]
        log.error("the till ended with exit code %s\n%s", code, complaint)
        return _(BROKEN)
