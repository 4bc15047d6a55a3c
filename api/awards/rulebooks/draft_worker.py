"""Checks drafts in a process of its own: `python -m api.awards.rulebooks.draft_worker`.

What nobody has adopted yet may be made to take all memory or time. Here both have a limit for each request, and a
request that reaches it ends this process and nothing else. Requests and answers are MessagePack.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import msgspec

import rules
from api.platform.process_limits import limit_process
from api.platform.worker_process import serve


class TextCheck(msgspec.Struct, frozen=True, tag=True):
    """Check a text, an overlay on its base's adopted text, or only load it. `source` names it in problems."""

    text: str
    source: str
    base: str
    memory: int
    seconds: int
    only_load: bool = False


class FileCheck(msgspec.Struct, frozen=True, tag=True):
    """Check files, also against each other; their paths are as seen from `folder`."""

    folder: str
    paths: Sequence[str]
    memory: int
    seconds: int


Request = TextCheck | FileCheck


class Answer(msgspec.Struct, frozen=True):
    """All problems, and the number of texts."""

    problems: Sequence[rules.Problem]
    texts: int = 1


def answer(request: Request) -> Answer:
    match request:
        case TextCheck(text, source, base, only_load=only_load):
            base_book = _load_base(base) if base else None
            return Answer((_load if only_load else rules.check)(text, source, base_book)[1])
        case FileCheck(folder, paths):
            os.chdir(folder)
            checked = rules.check_files(map(Path, paths))
            return Answer([problem for one in checked for problem in one.problems], len(checked))


def _load(
    text: str, source: str, base: rules.Rulebook | None
) -> tuple[rules.Rulebook | None, list[rules.Problem]]:
    try:
        return rules.load(text, source, base), []
    except rules.RulebookError as error:
        return None, error.problems


# Whoever writes an overlay has it checked again and again on the same base.
@lru_cache(maxsize=8)
def _load_base(text: str) -> rules.Rulebook:
    return rules.load(text, "base.toml", adopted=True)


def _answer_message(message: bytes) -> bytes:
    request: Request = msgspec.msgpack.decode(message, type=Request)
    limit_process(request.memory, request.seconds)
    return msgspec.msgpack.encode(answer(request))


if __name__ == "__main__":
    serve(_answer_message)
