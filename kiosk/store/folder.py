"""The kiosk's folder: readable by its own account alone, used by one process at a time."""

from __future__ import annotations

import fcntl
from pathlib import Path
from typing import IO

from kiosk.language import _

LOCK = "lock"


class StoreError(Exception):
    """The folder or the database can't be used; the message says why, in the chosen language."""


def lock_folder(folder: Path) -> IO[bytes]:
    """Create the folder if needed and lock it until the returned file is closed or the process ends. Raises
    StoreError."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        lock = (folder / LOCK).open("ab")
    except OSError as error:
        raise StoreError(
            _("终端的数据文件夹 {folder} 用不了：{strerror}。").format(folder=folder, strerror=error.strerror)
        ) from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        raise StoreError(
            _("数据文件夹 {folder} 正被另一个终端程序使用，请先关掉那一个。").format(folder=folder)
        ) from None
    return lock
