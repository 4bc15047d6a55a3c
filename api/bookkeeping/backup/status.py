"""What is told of backups at the desk, and who may fetch one."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from api import wire
from api.platform.access import Role, Staff, require_township
from api.platform.backup.catalogue import Backup, Catalogue, backup_folder, read_backup_state, read_catalogue
from api.platform.backup.keys import KeyRecord, read_key_record, read_secret
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services

VIEWERS = (Role.OFFICE, Role.SUPERVISOR)
DRILL_EVERY = timedelta(days=365)


def read_status(services: Services, staff: Staff) -> wire.BackupStatus:
    """Raises Refused: not-allowed."""
    require_township(staff, *VIEWERS)
    data, now = services.data, services.clock.now()
    catalogue, record = read_catalogue(data), read_key_record(data)
    proven = read_backup_state(data).newest_proven
    drilled_at = _last_drill(catalogue, record)
    return wire.BackupStatus(
        newest_proven=_view(proven) if proven is not None else None,
        backups=[_view(each) for each in catalogue.backups],
        failure=catalogue.attempt.failure if catalogue.attempt is not None else "",
        copied_at=catalogue.copied_at,
        copy_failure=catalogue.copy_failure,
        key=_view_key(data, record) if record is not None else None,
        drilled_at=drilled_at,
        drill_due=_is_drill_due(record, drilled_at, now),
    )


def find_backup(services: Services, staff: Staff, name: str) -> Path:
    """The encrypted file, to be carried away by the office. Raises Refused: not-allowed, unknown."""
    require_township(staff, Role.OFFICE)
    file = backup_folder(services.data) / name
    if name not in {each.name for each in read_catalogue(services.data).backups} or not file.is_file():
        raise Refused(ErrorCode.UNKNOWN, "没有这份备份，可能已按规则删去；请看列表里现有的。")
    return file


def _last_drill(catalogue: Catalogue, record: KeyRecord | None) -> datetime | None:
    """With the parts of the present key: what opened another one says nothing of it."""
    if record is None:
        return None
    return next((each.at for each in catalogue.drills if each.key == record.fingerprint), None)


def _is_drill_due(record: KeyRecord | None, drilled_at: datetime | None, now: datetime) -> bool:
    since = drilled_at or (record.printed_at if record is not None else None)
    if since is None:
        return False
    return drilled_at is None or now - since >= DRILL_EVERY


def _view(backup: Backup) -> wire.BackupView:
    return wire.BackupView(
        name=backup.name,
        made_at=backup.made_at,
        size=backup.size,
        sha256=backup.sha256,
        key=backup.key,
        sealed=backup.tree_size,
        root=backup.tree_root,
        proven_at=backup.proven_at,
    )


def _view_key(data: Path, record: KeyRecord) -> wire.BackupKeyView:
    return wire.BackupKeyView(
        number=record.fingerprint,
        on_server=read_secret(data) is not None,
        approved=bool(record.approved_by),
        printed_at=record.printed_at,
        printed_by=list(record.printed_by),
    )
