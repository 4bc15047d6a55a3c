"""Whose folder JIMEI_DATA is: never one with other things in it, which would be mixed with ours and, with a demo,
be removed."""

from __future__ import annotations

from pathlib import Path

from api.platform import os_errors
from api.platform.durable_files import ContentFiles
from api.platform.errors import ErrorCode, Refused

EVIDENCE = "evidence"
_MARKS = frozenset({"pg", "pg.lock", "csrf.secret", "seal.key", "demo.json", "demo.building", "backups"})
"""What a server or a demo keeps there from its start."""
_GUESTS = frozenset({"kiosk", "crash.log", "crash.log.old"})


def require_own_folder(data: Path) -> None:
    """It is ours, empty, or not there yet. Raises Refused: not-our-folder."""
    if not data.is_dir():
        return
    try:
        names = {each.name for each in data.iterdir()}
    except OSError as error:
        raise Refused(
            ErrorCode.NOT_OUR_FOLDER, f"数据文件夹 {data} 读不了（{os_errors.describe(error)}）。"
        ) from None
    if names - _GUESTS and not names & _MARKS:
        raise Refused(
            ErrorCode.NOT_OUR_FOLDER,
            f"{data} 里有别的文件，不是积美的数据文件夹，没有改动；请让 JIMEI_DATA 指向一个空的。",
        )


def evidence_files(data: Path) -> ContentFiles:
    """The photos that claims name; outside of whatever a web server serves by itself."""
    return ContentFiles(data / EVIDENCE)
