"""Write a file that appears under its name only once it is complete and on disk."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

from api.platform.disk import unwritable
from api.platform.errors import ErrorCode, Refused

_PREFIX, _SUFFIX = ".jimei-", ".part"


@contextmanager
def write_atomically(output: Path) -> Iterator[IO[bytes]]:
    """A temporary file that replaces `output` at the end, in a folder that may be used for other temporary files.
    Readable only by its owner, since it has names and points of households.

    Raises Refused: unwritable, disk-full.
    """
    try:
        # Follow symbolic links, which stay unchanged.
        output = output.resolve()
        if output.exists() and not output.is_file():
            raise Refused(ErrorCode.UNWRITABLE, f"写不了 {output}，它不是普通文件。")
        with _temporary_folder(output) as folder:
            part = folder / output.name
            part.touch(mode=0o600)
            with part.open("wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            part.replace(output)
    except OSError as error:
        raise unwritable(output, error, "，没有导出") from None


@contextmanager
def _temporary_folder(output: Path) -> Iterator[Path]:
    """On the same file system. Folders left by killed processes are removed: nobody has them locked."""
    for leftover in output.parent.glob(f"{_PREFIX}*{_SUFFIX}"):
        with suppress(OSError), _locked(leftover, fcntl.LOCK_EX):
            shutil.rmtree(leftover)
    with TemporaryDirectory(dir=output.parent, prefix=_PREFIX, suffix=_SUFFIX) as name:
        folder = Path(name)
        with _locked(folder, fcntl.LOCK_SH):
            yield folder


@contextmanager
def _locked(folder: Path, operation: int) -> Iterator[None]:
    """The kernel releases the lock when the process ends, however it ends."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(fd, operation | fcntl.LOCK_NB)
        yield
    finally:
        os.close(fd)
