"""The kiosk as a subprocess, whose terminal is the browser attached to it."""

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

READY_LINE = b"__GANGLION__\n"
"""Textual's line after which its output is packets."""
TERMINAL_SETUP = b"\x1b[?1049h\x1b[?1000h\x1b[?1003h\x1b[?1006h\x1b[?25l\x1b[?2004h"
"""What the program sends at its start: alternate screen, mouse, no cursor, bracketed paste. A browser attached
later needs it too."""
QUIT_KEY = b"\x11"
"""Ctrl+Q: the program quits unless a redemption is pending."""
REFUSED_EXIT_CODE = 2
"""The exit code of a command that was refused with one sentence."""
CRASHED = N_("终端意外停止了，正在重新打开")
STOP_TIMEOUT = 5.0
"""Seconds from SIGTERM to SIGKILL."""

WriteBytes = Callable[[bytes], Awaitable[None]]


async def _discard(_: object = None) -> None:
    """The output while no browser is attached."""


class KioskProcess(AppService):
    """One run of `command`. Its output goes to the browser attached, or is discarded: a browser attached later
    gets a full redraw."""

    def __init__(self, command: list[str], settings: dict[str, str]) -> None:
        super().__init__(
            "", write_bytes=_discard, write_str=_discard, close=_discard, download_manager=DownloadManager()
        )
        self._command = command
        self._settings = settings
        self.ended = asyncio.Event()
        self.exit_sentence = ""
        """Why it ended, in one sentence; empty if the attendant quit."""

    async def start(self, width: int, height: int) -> None:
        self._process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            env=self._build_environment(width, height) | self._settings,
            # Ctrl-C in the server's terminal is for the server alone.
            start_new_session=True,
        )
        self._stdin = self._process.stdin
        self._task = asyncio.create_task(self.run())

    async def attach(self, write_bytes: WriteBytes) -> None:
        self.remote_write_bytes = write_bytes
        await write_bytes(TERMINAL_SETUP)
        await self.focus()

    def detach(self) -> None:
        self.remote_write_bytes = _discard

    async def quit(self, seconds: float) -> bool:
        """Ask it to quit; returns False if it still runs after so many seconds, with a redemption pending."""
        await self.send_bytes(QUIT_KEY)
        try:
            async with asyncio.timeout(seconds):
                await self.ended.wait()
        except TimeoutError:
            return False
        return True

    async def stop(self) -> None:
        """End it by SIGTERM, or by SIGKILL if that fails."""
        if self._process is None or self._task is None:
            return
        if not self.ended.is_set():
            self._process.send_signal(signal.SIGTERM)
            try:
                await asyncio.wait_for(self.ended.wait(), STOP_TIMEOUT)
            except TimeoutError:
                self._process.kill()
        await self._task

    async def run(self) -> None:
        process = self._process
        assert process is not None
        assert process.stderr is not None
        errors = asyncio.create_task(process.stderr.read())
        try:
            await self._relay(process)
        finally:
            self.exit_sentence = self._describe_exit(await process.wait(), (await errors).decode(errors="replace"))
            self.ended.set()

    async def _relay(self, process: Process) -> None:
        """Pass on its output, packet by packet, until it ends."""
        stdout = process.stdout
        assert stdout is not None
        while line := await stdout.readline():
            if line == READY_LINE:
                break
        try:
            while True:
                kind, size = await stdout.readexactly(1), int.from_bytes(await stdout.readexactly(4), "big")
                payload = await stdout.readexactly(size)
                if kind == b"D":
                    await self._forward(payload)
        except asyncio.IncompleteReadError:
            return

    async def _forward(self, payload: bytes) -> None:
        try:
            await self.remote_write_bytes(payload)
        except ConnectionError:
            self.detach()

    @staticmethod
    def _describe_exit(code: int, errors: str) -> str:
        if code == 0:
            return ""
        lines = errors.strip().splitlines()
        if code == REFUSED_EXIT_CODE and lines:
            return lines[-1]
        log.error("the till ended with exit code %s\n%s", code, errors)
        return _(CRASHED)
