"""The kiosk's folder: readable by its own account alone, used by one process at a time."""

from __future__ import annotations

import fcntl
from pathlib import Path
from typing import IO

from kiosk.language import _

FILE = "kiosk.sqlite3"
LOCK = "lock"
MARKER = "jimei-kiosk"
"""A file that marks a kiosk's folder. Folders of older programs have a database only."""


class StoreError(Exception):
    """The folder or the database can't be used; the message says why, in the chosen language."""


def require_own_folder(folder: Path) -> None:
    """The folder must be a kiosk's, empty, or missing, since its permissions are restricted. Raises StoreError."""
    try:
        names = {each.name for each in folder.iterdir()} if folder.exists() else set()
    except OSError as error:
        raise _unusable(folder, error) from None
    if names - {LOCK} and not names & {MARKER, FILE}:
        raise StoreError(
            _("{folder} 里有别的文件，不是终端的数据文件夹，没有改动；请用 --data 另选一个空的。").format(
                folder=folder
            )
        )


def lock_folder(folder: Path) -> IO[bytes]:
    """Create the folder if needed and lock it until the returned file is closed or the process ends. Raises
    StoreError."""
    require_own_folder(folder)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (folder / MARKER).touch(mode=0o600)
        folder.chmod(0o700)
        lock = (folder / LOCK).open("ab")
    except OSError as error:
        raise _unusable(folder, error) from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        raise StoreError(
            _("数据文件夹 {folder} 正被另一个终端程序使用，请先关掉那一个。").format(folder=folder)
        ) from None
    return lock


def _unusable(folder: Path, error: OSError) -> StoreError:
    sentence = _("终端的数据文件夹 {folder} 用不了：{strerror}。")
    return StoreError(sentence.format(folder=folder, strerror=error.strerror))
