"""A program in a terminal of 80×24: type into it, and measure when it draws something."""

from __future__ import annotations

import asyncio
import fcntl
import os
import re
import signal
import struct
import termios
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from time import perf_counter
from typing import Self

TIMEOUT = 60.0
_CONTROL = re.compile(rb"\x1b(\[[0-9;?<>=$]*[A-Za-z~]|[PX^_\]].*?(\x1b\\|\x07)|.)")


class Terminal:
    def __init__(self, command: Sequence[str]) -> None:
        self._drawn = b""
        self._changed = asyncio.Event()
        master, slave = os.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        os.set_blocking(master, False)
        self._master = master
        asyncio.get_running_loop().add_reader(master, self._read)
        self.started_at = perf_counter()
        self.pid = os.posix_spawn(
            command[0],
            list(command),
            {**os.environ, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"},
            file_actions=[(os.POSIX_SPAWN_DUP2, slave, fd) for fd in (0, 1, 2)],
            setsid=True,
        )
        os.close(slave)

    def _read(self) -> None:
        with suppress(BlockingIOError):
            try:
                self._drawn += os.read(self._master, 65536)
            except OSError:
                asyncio.get_running_loop().remove_reader(self._master)
        self._changed.set()

    def type(self, keys: str) -> float:
        """Type all keys at once; returns the time."""
        self._drawn = b""
        os.write(self._master, keys.encode())
        return perf_counter()

    async def wait_for(self, word: str) -> float:
        """Wait until this text is drawn; returns the time."""
        async with asyncio.timeout(TIMEOUT):
            while word.encode() not in _CONTROL.sub(b"", self._drawn):
                self._changed.clear()
                await self._changed.wait()
        return perf_counter()

    @property
    def resident(self) -> float:
        """Resident memory in MiB."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024  # type: ignore[index]

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        """End the program in any case: without its terminal it would spin."""
        os.kill(self.pid, signal.SIGTERM)
        await asyncio.to_thread(os.waitpid, self.pid, 0)
        with suppress(ValueError):
            asyncio.get_running_loop().remove_reader(self._master)
        os.close(self._master)
