"""Room on the disks that we write to: a full one has a word of its own, and is told before it is full."""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import structlog

from api.platform import os_errors
from api.platform.errors import ErrorCode, Refused

log = structlog.get_logger()

LEAST_FREE = 1_000_000_000
"""Bytes below which a disk is told to be low."""
LEAST_SHARE = 0.1
WARN_EVERY = 3600.0
"""Seconds."""
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_FULL_WORDS = tuple(map(os.strerror, sorted(_FULL)))
DISK_FULL = "服务器的硬盘满了，没有办成；请联系维护的人腾出空间，再做一次。"


@dataclass(frozen=True, slots=True)
class Space:
    """Bytes of a file system: what we may still write, and all there are."""

    free: int
    total: int

    @property
    def is_low(self) -> bool:
        return self.free < LEAST_FREE or self.free < LEAST_SHARE * self.total

    def __str__(self) -> str:
        return f"{self.free / 1e9:.1f} GB（{self.free * 100 // max(self.total, 1)}%）"


MeasureSpace: TypeAlias = Callable[[Path], Space]


def measure_space(folder: Path) -> Space:
    """Of the file system that `folder` is on. Raises OSError."""
    usage = shutil.disk_usage(folder)
    return Space(usage.free, usage.total)


def find_low_disk(data: Path, measure: MeasureSpace) -> Space | None:
    """Of the data folder's disk and that of the embedded database, the fullest that is low."""
    spaces = []
    for folder in (data, data / "pg"):
        try:
            spaces.append(measure(folder))
        except OSError:
            # There is none, as with a database of one's own.
            continue
    return min((space for space in spaces if space.is_low), key=lambda space: space.free, default=None)


async def warn_of_low_disk(data: Path, measure: MeasureSpace) -> None:
    """Run as long as the server does."""
    while True:
        space = await asyncio.to_thread(find_low_disk, data, measure)
        if space is not None:
            log.warning("the disk is nearly full", free=space.free, total=space.total)
        await asyncio.sleep(WARN_EVERY)


def is_disk_full(error: BaseException, sqlstate: str = "") -> bool:
    """Whether a file or, by its SQLSTATE, the database couldn't be written for want of room. The database has a
    state of its own for that, except where it only tells what the system told it."""
    if sqlstate in ("58030", "XX000"):
        return any(words in str(error) for words in _FULL_WORDS)
    if sqlstate:
        return sqlstate == "53100"
    return isinstance(error, OSError) and error.errno in _FULL


def unwritable(output: Path, error: OSError, undone: str = "") -> Refused:
    """disk-full or unwritable; `undone` says what didn't happen."""
    if is_disk_full(error):
        return Refused(ErrorCode.DISK_FULL, f"硬盘满了，写不下 {output}{undone}；请先腾出空间，再做一次。")
    return Refused(ErrorCode.UNWRITABLE, f"写不了 {output}（{os_errors.describe(error)}）{undone}。")
