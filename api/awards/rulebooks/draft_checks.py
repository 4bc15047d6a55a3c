"""Has drafts checked where memory and time have a limit: in one worker process at a time."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import msgspec

from api.awards.rulebooks.draft_worker import Answer, FileCheck, Request, TextCheck
from api.platform.errors import ErrorCode, Refused
from api.platform.worker_process import WorkerProcess
from rules import Problem

MAX_MEMORY = 768 << 20
MAX_SECONDS = 10
"""Of a processor for one text."""
_MAX_SECONDS_OF_FILES = 120
_WORKER = "api.awards.rulebooks.draft_worker"
_BUSY = "现在检查规则的人太多，请过一会儿再试。"
_TOO_COSTLY = "算式太费时或太费内存，没有查完，请写简单一些。"


class DraftChecker:
    """Checks in turn, each text with at most so much memory and time; `check_text` may be called from any event
    loop."""

    def __init__(self, memory: int = MAX_MEMORY, seconds: int = MAX_SECONDS) -> None:
        self._memory, self._seconds = memory, seconds
        self._worker = WorkerProcess(_WORKER, _BUSY)

    async def check_text(
        self, text: str, source: str, base: str = "", *, only_load: bool = False
    ) -> Sequence[Problem]:
        """All problems of a text, an overlay on its base's text, or only those of loading it. One that takes too
        much has that as its only problem.

        Raises Refused: busy.
        """
        request = TextCheck(text, source, base, self._memory, self._seconds, only_load)
        answer = await self._worker.ask(_encode(request), request.seconds)
        return [Problem(source, 1, 1, _TOO_COSTLY)] if answer is None else _decode(answer).problems

    def check_files(self, paths: Sequence[Path]) -> Answer:
        """All problems of files, and how many files they are. Raises Refused: rulebook-wrong, where they take too
        much."""
        request = FileCheck(os.getcwd(), [str(path) for path in paths], self._memory, _MAX_SECONDS_OF_FILES)
        answer = self._worker.ask_in_turn(_encode(request), request.seconds)
        if answer is None:
            raise Refused(ErrorCode.RULEBOOK_WRONG, _TOO_COSTLY)
        return _decode(answer)


def _encode(request: Request) -> bytes:
    return msgspec.msgpack.encode(request)


def _decode(answer: bytes) -> Answer:
    return msgspec.msgpack.decode(answer, type=Answer)


DRAFT_CHECKER = DraftChecker()
