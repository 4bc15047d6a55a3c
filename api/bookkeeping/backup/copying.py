"""The same backups in a second folder: another disk, a USB stick, a share of another machine."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from api.platform import os_errors
from api.platform.backup.archive import measure
from api.platform.backup.catalogue import (
    SUFFIX,
    Backup,
    read_catalogue,
    write_catalogue,
)
from api.platform.disk import is_disk_full
from api.platform.durable_files import sync_folder

_PART = ".part"


def copy_backups(data: Path, folder: Path, target: Path | None, now: datetime) -> str:
    """Have in `target` what there is in the folder of backups, and nothing that was removed there before; note it
    in the catalogue. Returns what is in the way, in one sentence; empty where nothing is. Only while the folder is
    locked."""
    catalogue = read_catalogue(data)
    failure, copied_at = "", None
    if target is not None:
        failure = _copy(folder, target, catalogue.backups)
        copied_at = catalogue.copied_at if failure else now
        failure = failure or _find_risk(folder, target)
    write_catalogue(data, msgspec.structs.replace(catalogue, copied_at=copied_at, copy_failure=failure))
    return failure


def _copy(folder: Path, target: Path, backups: Sequence[Backup]) -> str:
    try:
        if not target.is_dir():
            # Never made: where a stick isn't in, its folder would be one on this disk.
            return f"第二个文件夹 {target} 不在：盘没有插好，或路径写错了。"
        known = {file.name for file in target.glob(f"*{SUFFIX}")}
        for backup in backups:
            if backup.name not in known and (folder / backup.name).is_file():
                copy_checked(folder / backup.name, target / backup.name, backup)
        kept = {backup.name for backup in backups}
        oldest = min(kept, default="")
        for name in known - kept:
            # By their names, those older than all that are kept are of another server or of before a restore.
            if kept and name > oldest:
                (target / name).unlink()
    except OSError as error:
        if is_disk_full(error):
            return f"第二个文件夹 {target} 满了，没有抄全；请腾出空间，或换一个大的。"
        return f"第二个文件夹 {target} 写不了（{os_errors.describe(error)}），没有抄全。"
    return ""


def _find_risk(folder: Path, target: Path) -> str:
    if os.stat(target).st_dev != os.stat(folder).st_dev:
        return ""
    return f"第二个文件夹 {target} 和数据在同一块盘上，盘坏了会一起丢；请换一块盘。"


def copy_checked(source: Path, target: Path, backup: Backup) -> None:
    """Under its name only once what was written has been read again and is the same. Raises OSError."""
    part = target.with_name(target.name + _PART)
    try:
        shutil.copyfile(source, part)
        with part.open("rb") as written:
            os.fsync(written.fileno())
        if measure(part).sha256 != backup.sha256:
            raise OSError(5, "what was written is not what was read")
        part.replace(target)
        sync_folder(target.parent)
    finally:
        part.unlink(missing_ok=True)
