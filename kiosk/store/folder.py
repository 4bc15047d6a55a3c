"""The kiosk's folder: for its own account alone, and for one program at a time."""

from __future__ import annotations

import fcntl
from pathlib import Path
from typing import IO

from kiosk.language import _

LOCK = "lock"


class Unusable(Exception):
    """This folder can't be used; the message says why, in Chinese."""


def hold(folder: Path) -> IO[bytes]:
    """Make the folder if need be, and hold it until the file given is closed, or this process ends in
    whatever way. Raises Unusable."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        lock = (folder / LOCK).open("ab")
    except OSError as error:
        raise Unusable(
            _("终端的数据文件夹 {folder} 用不了：{strerror}。").format(folder=folder, strerror=error.strerror)
        ) from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        raise Unusable(
            _("数据文件夹 {folder} 正被另一个终端程序使用，请先关掉那一个。").format(folder=folder)
        ) from None
    return lock
