"""Pieces of the newest proven backup, for kiosks that carry a copy along. It is encrypted: they can't read it."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from pathlib import Path

from api.platform.backup.catalogue import read_backup_state
from api.platform.errors import ErrorCode, Refused

MAX_PIECE = 1_000_000
"""Bytes: RFC 9110 lets a server send less than was asked for."""
_RANGE = re.compile(r"bytes=([0-9]{1,15})-([0-9]{1,15})?")


@dataclass(frozen=True, slots=True)
class BackupPiece:
    """`tag`: of the whole file, which has this `name` and `size`; `content` begins at byte `first`."""

    name: str
    tag: str
    size: int
    first: int
    content: bytes

    @property
    def content_range(self) -> str:
        return f"bytes {self.first}-{self.first + len(self.content) - 1}/{self.size}"


async def read_piece(data: Path, wanted: str, if_range: str) -> BackupPiece:
    """`wanted` and `if_range`: the headers `Range` and `If-Range`; of another file it begins anew. Raises Refused:
    unknown, if there is no proven backup; malformed, if that range isn't in it."""
    state = read_backup_state(data)
    backup = state.newest_proven
    if backup is None:
        raise Refused(ErrorCode.UNKNOWN, "还没有证明过的备份。")
    tag = f'"{backup.sha256}"'
    first, end = _parse_range(wanted) if if_range in ("", tag) else (0, MAX_PIECE)
    content = await asyncio.to_thread(_read, state.folder / backup.name, first, min(end - first, MAX_PIECE))
    if not content:
        raise Refused(ErrorCode.MALFORMED, "备份里没有这一段。")
    return BackupPiece(backup.name, tag, backup.size, first, content)


def _parse_range(wanted: str) -> tuple[int, int]:
    """The first byte, and the one after the last."""
    asked = _RANGE.fullmatch(wanted)
    if asked is None:
        return 0, MAX_PIECE
    first = int(asked[1])
    return first, int(asked[2]) + 1 if asked[2] else first + MAX_PIECE


def _read(file: Path, first: int, length: int) -> bytes:
    """Nothing where the file has just been removed: the next one is asked for."""
    try:
        with file.open("rb") as opened:
            opened.seek(first)
            return opened.read(max(length, 0))
    except OSError:
        return b""
