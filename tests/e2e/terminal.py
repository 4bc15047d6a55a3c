"""A program in a terminal of 80×24 of the test's own: what is typed goes in, what it draws is listened to."""

from __future__ import annotations

import asyncio
import fcntl
import os
import re
import signal
import struct
import termios
from contextlib import suppress

F2, F8, F10, ESCAPE, LEAVE = "\x1bOQ", "\x1b[19~", "\x1b[21~", "\x1b", "\x11"
PATIENCE = 30.0
STILL = 0.06
_CONTROL = re.compile(r"\x1b(\[[0-9;?<>=$]*[A-Za-z~]|[PX^_\]].*?(\x1b\\|\x07)|.)")


class Terminal:
    """`heard` is the text drawn since the last key, without what moves the cursor and colours it."""

    def __init__(self, process: asyncio.subprocess.Process, master: int) -> None:
        self._process = process
        self._master = master
        self._drawn = b""
        self._news = asyncio.Event()
        asyncio.get_running_loop().add_reader(master, self._read)

    @classmethod
    async def run(cls, *command: str, environment: dict[str, str], controlling: bool = True) -> Terminal:
        """`controlling`: the program gets SIGHUP when the terminal closes, or this process ends."""
        master, slave = os.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        os.set_blocking(master, False)
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=environment,
            start_new_session=True,
            preexec_fn=_take_control if controlling else None,
        )
        os.close(slave)
        return cls(process, master)

    def _read(self) -> None:
        try:
            self._drawn += os.read(self._master, 65536)
        except BlockingIOError:
            return
        except OSError:
            # The program has gone.
            asyncio.get_running_loop().remove_reader(self._master)
        self._news.set()

    @property
    def heard(self) -> str:
        return _CONTROL.sub("", self._drawn.decode(errors="replace"))

    def type(self, keys: str) -> None:
        """All at once, as fast as any scanner."""
        self._drawn = b""
        os.write(self._master, keys.encode())

    async def sees(self, *words: str) -> str:
        """Any of these words; gives the one."""
        try:
            async with asyncio.timeout(PATIENCE):
                while True:
                    self._news.clear()
                    heard = self.heard
                    for word in words:
                        if word in heard:
                            return word
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"never saw {words} in {self.heard[-2000:]}") from None

    async def still(self) -> None:
        """Until it draws no more: eyes need that long, and a program on a busy machine that draws while a scanner
        types may take the keys' times for a person's."""
        with suppress(TimeoutError):
            while True:
                self._news.clear()
                await asyncio.wait_for(self._news.wait(), STILL)

    async def close(self) -> int:
        """Close the terminal and wait for the program to end; gives its exit code."""
        asyncio.get_running_loop().remove_reader(self._master)
        os.close(self._master)
        return await self._wait()

    async def terminate(self) -> int:
        """End the program by SIGTERM; gives its exit code."""
        self._process.terminate()
        return await self._wait()

    async def _wait(self) -> int:
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._process.wait()
        except TimeoutError:
            self._process.kill()
            raise

    async def kill(self) -> None:
        """The power goes."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        await self.ended()

    async def ended(self) -> int:
        """Wait until the program ends by itself; gives its exit code."""
        code = await self._process.wait()
        asyncio.get_running_loop().remove_reader(self._master)
        os.close(self._master)
        return code


def _take_control() -> None:
    """In the new process, before the program: make the terminal at its standard input its controlling one, whose
    Ctrl-C it hears, also where the tests run in the background of a shell."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
