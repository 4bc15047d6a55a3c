"""Has drafts checked where memory and time have a limit: in one worker process at a time, begun when it is first
needed, and anew after one that reached a limit. It ends with this process, by the end of its input."""

from __future__ import annotations

import asyncio
import atexit
import os
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Timer

import msgspec

from api.awards.rulebooks.draft_worker import (
    Answer,
    FileCheck,
    Request,
    TextCheck,
    read_message,
    write_message,
)
from api.platform.errors import ErrorCode, Refused
from api.platform.process_limits import OUT_OF_MEMORY
from rules import Problem

MAX_MEMORY = 768 << 20
MAX_SECONDS = 10
"""Of a processor for one text."""
_MAX_SECONDS_OF_FILES = 120
_WALL_FACTOR = 4
"""By the clock a busy machine takes so many times as long."""
MAX_WAITING = 16
_TOO_COSTLY = "算式太费时或太费内存，没有查完，请写简单一些。"


class DraftChecker:
    """Checks in turn, each text with at most so much memory and time; `check_text` may be called from any event
    loop."""

    def __init__(self, memory: int = MAX_MEMORY, seconds: int = MAX_SECONDS) -> None:
        self._memory, self._seconds = memory, seconds
        self._executor = ThreadPoolExecutor(1, "drafts")
        self._worker: subprocess.Popen[bytes] | None = None
        self._waiting = 0

    async def check_text(
        self, text: str, source: str, base: str = "", *, only_load: bool = False
    ) -> Sequence[Problem]:
        """All problems of a text, an overlay on its base's text, or only those of loading it. One that takes too
        much has that as its only problem.

        Raises Refused: busy.
        """
        if self._waiting >= MAX_WAITING:
            raise Refused(ErrorCode.BUSY, "现在检查规则的人太多，请过一会儿再试。")
        self._waiting += 1
        try:
            request = TextCheck(text, source, base, self._memory, self._seconds, only_load)
            answer = await asyncio.get_running_loop().run_in_executor(self._executor, self._ask, request)
        finally:
            self._waiting -= 1
        return [Problem(source, 1, 1, _TOO_COSTLY)] if answer is None else answer.problems

    def check_files(self, paths: Sequence[Path]) -> Answer:
        """All problems of files, and how many files they are. Raises Refused: rulebook-wrong, where they take too
        much."""
        request = FileCheck(os.getcwd(), [str(path) for path in paths], self._memory, _MAX_SECONDS_OF_FILES)
        answer = self._executor.submit(self._ask, request).result()
        if answer is None:
            raise Refused(ErrorCode.RULEBOOK_WRONG, _TOO_COSTLY)
        return answer

    def _ask(self, request: Request) -> Answer | None:
        """The worker's answer, None when it reached a limit."""
        worker = self._running_worker()
        assert worker.stdin is not None
        assert worker.stdout is not None
        timer = Timer(max(request.seconds, 1) * _WALL_FACTOR, worker.kill)
        timer.start()
        try:
            write_message(worker.stdin, msgspec.msgpack.encode(request))
            message = read_message(worker.stdout)
        except BrokenPipeError:
            message = b""
        finally:
            timer.cancel()
        if message:
            return msgspec.msgpack.decode(message, type=Answer)
        code = worker.wait()
        self._worker = None
        if code > 0 and code != OUT_OF_MEMORY:
            raise RuntimeError(f"the process that checks drafts ended with {code}")
        return None

    def _running_worker(self) -> subprocess.Popen[bytes]:
        if self._worker is None or self._worker.poll() is not None:
            self._worker = subprocess.Popen(
                [sys.executable, "-m", "api.awards.rulebooks.draft_worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                # Ctrl-C goes to this process.
                start_new_session=True,
            )
            atexit.register(self._worker.kill)
        return self._worker


DRAFT_CHECKER = DraftChecker()
