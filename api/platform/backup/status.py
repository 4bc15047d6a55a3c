"""What people are told of the backups: the newest that was proven, and loudly where that is long ago."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from api.platform.backup.catalogue import read_backup_state
from api.platform.clock import local_time

LATE = timedelta(days=3)
"""A backup is proven each night."""


@dataclass(frozen=True, slots=True)
class BackupStatus:
    """`sentence`, without its full stop, is short enough for a till; `late`: somebody should act on it.
    `made_at`: of the newest proven backup, None before the first."""

    sentence: str
    late: bool
    made_at: datetime | None


def read_backup_status(data: Path, now: datetime) -> BackupStatus:
    """Reads one small file."""
    proven = read_backup_state(data).newest_proven
    if proven is None:
        return BackupStatus("还没有证明过的备份", late=True, made_at=None)
    age = now - proven.made_at
    if age > LATE:
        return BackupStatus(f"上次证明过的备份已是 {age.days} 天前", late=True, made_at=proven.made_at)
    made_at = local_time(proven.made_at)
    return BackupStatus(f"{made_at:%m-%d %H:%M} 的备份已证明", late=False, made_at=proven.made_at)
