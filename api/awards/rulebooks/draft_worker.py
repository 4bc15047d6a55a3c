"""Checks drafts in a process of its own: `python -m api.awards.rulebooks.draft_worker`.

What nobody has adopted yet may be made to take all memory or time. Here both have a limit for each request, and a
request that reaches it ends this process and nothing else. Requests come on standard input, answers go to standard
output, each a length of four bytes and MessagePack; at the end of the input the process ends.
"""

from __future__ import annotations

import os
import struct
import sys
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import IO

import msgspec

import rules
from api.platform.process_limits import OUT_OF_MEMORY, OUT_OF_MEMORY_ERRORS, limit_process

LENGTH = struct.Struct(">I")


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


def read_message(stream: IO[bytes]) -> bytes:
    """The next message, empty at the end of the stream."""
    head = stream.read(LENGTH.size)
    return stream.read(*LENGTH.unpack(head)) if len(head) == LENGTH.size else b""


def write_message(stream: IO[bytes], message: bytes) -> None:
    stream.write(LENGTH.pack(len(message)) + message)
    stream.flush()


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


def _main() -> None:
    while message := read_message(sys.stdin.buffer):
        request: Request = msgspec.msgpack.decode(message, type=Request)
        limit_process(request.memory, request.seconds)
        try:
            write_message(sys.stdout.buffer, msgspec.msgpack.encode(answer(request)))
        except OUT_OF_MEMORY_ERRORS:
            os._exit(OUT_OF_MEMORY)


if __name__ == "__main__":
    _main()
