"""A process of its own for what may be made to take all memory or time: begun when first needed, and anew after a
request that reached a limit. It ends with this process, by the end of its input.

Requests come on its standard input, answers go to its standard output, each a length of four bytes and a message.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import struct
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Timer
from typing import IO

from api.platform.errors import ErrorCode, Refused
from api.platform.process_limits import OUT_OF_MEMORY, OUT_OF_MEMORY_ERRORS

MAX_WAITING = 16
_LENGTH = struct.Struct(">I")
_WALL_FACTOR = 4
"""By the clock a busy machine takes so many times as long."""


class WorkerProcess:
    """Asks the module `module`, which calls `serve`, one request after the other; `ask` may be called from any
    event loop. `busy`: the sentence for whoever comes when too many wait."""

    def __init__(self, module: str, busy: str) -> None:
        self._module, self._busy = module, busy
        self._executor = ThreadPoolExecutor(1, module.rpartition(".")[2])
        self._process: subprocess.Popen[bytes] | None = None
        self._waiting = 0

    async def ask(self, request: bytes, seconds: int) -> bytes | None:
        """The answer, None when the request took too much. `seconds`: of a processor, that it may take.

        Raises Refused: busy.
        """
        if self._waiting >= MAX_WAITING:
            raise Refused(ErrorCode.BUSY, self._busy)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._executor, self._ask, request, seconds)
        finally:
            self._waiting -= 1

    def ask_in_turn(self, request: bytes, seconds: int) -> bytes | None:
        """As `ask`, for whoever has no event loop and waits."""
        return self._executor.submit(self._ask, request, seconds).result()

    def _ask(self, request: bytes, seconds: int) -> bytes | None:
        process = self._running()
        assert process.stdin is not None
        assert process.stdout is not None
        timer = Timer(max(seconds, 1) * _WALL_FACTOR, process.kill)
        timer.start()
        try:
            _write_message(process.stdin, request)
            answer = _read_message(process.stdout)
        except BrokenPipeError:
            answer = b""
        finally:
            timer.cancel()
        if answer:
            return answer
        code = process.wait()
        self._process = None
        if code > 0 and code != OUT_OF_MEMORY:
            raise RuntimeError(f"{self._module} ended with {code}")
        return None

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self._process = subprocess.Popen(
                [sys.executable, "-m", self._module],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                # Ctrl-C goes to this process.
                start_new_session=True,
            )
            atexit.register(self._process.kill)
        return self._process


def serve(answer: Callable[[bytes], bytes]) -> None:
    """The worker's side, until the end of its input: `answer` sets the limits (`limit_process`) and gives an
    answer that isn't empty."""
    while message := _read_message(sys.stdin.buffer):
        try:
            _write_message(sys.stdout.buffer, answer(message))
        except OUT_OF_MEMORY_ERRORS:
            os._exit(OUT_OF_MEMORY)


def _read_message(stream: IO[bytes]) -> bytes:
    """The next message, empty at the end of the stream."""
    head = stream.read(_LENGTH.size)
    return stream.read(*_LENGTH.unpack(head)) if len(head) == _LENGTH.size else b""


def _write_message(stream: IO[bytes], message: bytes) -> None:
    stream.write(_LENGTH.pack(len(message)) + message)
    stream.flush()
