"""A file that takes its name once it is whole and on disk."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

from api.platform.errors import ErrorCode, Refused

_PREFIX, _SUFFIX = ".jimei-", ".part"


@contextmanager
def whole(output: Path) -> Iterator[IO[bytes]]:
    """A new file for what is to stand at `output`, in a folder that is the place for other files on the way.
    Readable by their owner alone: names and points of households are nobody else's business.

    Raises Refused: unwritable.
    """
    try:
        # Through links, which stay what they are.
        output = output.resolve()
        if output.exists() and not output.is_file():
            raise Refused(ErrorCode.UNWRITABLE, f"写不了 {output}，它不是普通文件。")
        with _folder_beside(output) as folder:
            part = folder / output.name
            part.touch(mode=0o600)
            with part.open("wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            part.replace(output)
    except OSError as error:
        raise Refused(ErrorCode.UNWRITABLE, f"写不了 {output}（{error.strerror}），没有导出。") from None


@contextmanager
def _folder_beside(output: Path) -> Iterator[Path]:
    """On the same disk. What was left by programs that were killed is removed: nobody holds it any more."""
    for left in output.parent.glob(f"{_PREFIX}*{_SUFFIX}"):
        with suppress(OSError), _held(left, fcntl.LOCK_EX):
            shutil.rmtree(left)
    with TemporaryDirectory(dir=output.parent, prefix=_PREFIX, suffix=_SUFFIX) as name:
        folder = Path(name)
        with _held(folder, fcntl.LOCK_SH):
            yield folder


@contextmanager
def _held(folder: Path, how: int) -> Iterator[None]:
    """The kernel lets go when a process ends, however it ends."""
    place = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(place, how | fcntl.LOCK_NB)
        yield
    finally:
        os.close(place)
