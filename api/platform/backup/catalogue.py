"""The folder of kept backups and what is known of each, as plain files beside them: it outlives the database.

data/backups/NAME.jimei      an encrypted backup
data/backups/catalogue.json  what is known of them, written atomically
data/backups/key.json        whom they are encrypted to, and who has printed the parts of the key
data/backups/backup.key      the key itself, only until its parts are printed
data/backups/lock            an exclusive lock: one process at a time makes, proves or removes backups
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec

from api.platform.disk import unwritable
from api.platform.durable_files import write_durably
from api.platform.errors import ErrorCode, Refused

SUFFIX = ".jimei"
_CATALOGUE = "catalogue.json"
_LOCK = "lock"


class Backup(msgspec.Struct, frozen=True):
    """An encrypted backup in the folder. `made_at`: the moment that it shows; `size`: in bytes; `sha256`: of the
    encrypted file; `key`: the fingerprint of the key that opens it; `tree_size`, `tree_root`: of the sealed books,
    the root in hexadecimal; `changes`: what the database had counted of changes; `proven_at`: when it was restored
    beside, verified, and its tree head compared, if it was."""

    name: str
    made_at: datetime
    size: int
    sha256: str
    key: str
    tree_size: int
    tree_root: str
    revision: str
    changes: str
    proven_at: datetime | None = None


class Attempt(msgspec.Struct, frozen=True):
    """The last time that a backup was tried; `failure`: one sentence, empty where it succeeded."""

    at: datetime
    failure: str


class Drill(msgspec.Struct, frozen=True):
    """A backup was opened with the printed parts, restored and verified; `seconds`: how long that took."""

    at: datetime
    backup_of: datetime
    key: str
    seconds: float


class Catalogue(msgspec.Struct, frozen=True):
    """`backups`: newest first. `copy_failure`: why the second folder hasn't all of them; empty where it has, or
    where none is set."""

    backups: tuple[Backup, ...] = ()
    attempt: Attempt | None = None
    drills: tuple[Drill, ...] = ()
    copied_at: datetime | None = None
    copy_failure: str = ""


@dataclass(frozen=True, slots=True)
class BackupState:
    """What stands on pages and tills. `newest_proven`: the newest that counts."""

    folder: Path
    newest: Backup | None
    newest_proven: Backup | None

    @property
    def newest_file(self) -> Path | None:
        """Of the newest backup, encrypted; what tills carry along."""
        return self.folder / self.newest.name if self.newest is not None else None


def backup_folder(data: Path) -> Path:
    return data / "backups"


def read_backup_state(data: Path) -> BackupState:
    """Reads one small file."""
    backups = read_catalogue(data).backups
    proven = next((each for each in backups if each.proven_at is not None), None)
    return BackupState(backup_folder(data), backups[0] if backups else None, proven)


def read_catalogue(data: Path) -> Catalogue:
    """Of an unreadable one nothing is known; the next backup begins it anew."""
    try:
        return msgspec.json.decode((backup_folder(data) / _CATALOGUE).read_bytes(), type=Catalogue)
    except (OSError, msgspec.DecodeError):
        return Catalogue()


def write_catalogue(data: Path, catalogue: Catalogue) -> None:
    """Only while the folder is locked."""
    text = msgspec.json.format(msgspec.json.encode(catalogue), indent=1)
    write_durably(backup_folder(data) / _CATALOGUE, text)


def with_backup(catalogue: Catalogue, backup: Backup) -> Catalogue:
    """Instead of one of the same name, if there is one."""
    others = [each for each in catalogue.backups if each.name != backup.name]
    return msgspec.structs.replace(catalogue, backups=_newest_first([*others, backup]))


def without_backups(catalogue: Catalogue, names: Sequence[str]) -> Catalogue:
    kept = tuple(each for each in catalogue.backups if each.name not in names)
    return msgspec.structs.replace(catalogue, backups=kept)


def _newest_first(backups: Sequence[Backup]) -> tuple[Backup, ...]:
    return tuple(sorted(backups, key=lambda each: each.made_at, reverse=True))


@contextmanager
def lock_backups(data: Path, *, wait: bool = False) -> Iterator[Path]:
    """The folder, for who changes something in it. Raises Refused: unwritable, disk-full; in-use, while another
    process does, unless it shall `wait`."""
    folder = _provide_folder(data)
    with _locked(folder / _LOCK, os.O_WRONLY | os.O_CREAT, wait):
        yield folder


@contextmanager
def lock_key(data: Path) -> Iterator[None]:
    """For who changes the key, which takes a moment; backups may be made meanwhile. Raises Refused: unwritable."""
    with _locked(_provide_folder(data), os.O_RDONLY | os.O_DIRECTORY, wait=True):
        yield


def _provide_folder(data: Path) -> Path:
    folder = backup_folder(data)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # Where a proof's database runs as `nobody`, it has to pass; the files are closed themselves.
        folder.chmod(0o711 if os.geteuid() == 0 else 0o700)
    except OSError as error:
        raise unwritable(folder, error) from None
    return folder


@contextmanager
def _locked(path: Path, flags: int, wait: bool) -> Iterator[None]:
    try:
        lock = os.open(path, flags, 0o600)
    except OSError as error:
        raise unwritable(path, error) from None
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            raise Refused(ErrorCode.IN_USE, "正在备份，请等它做完再试。") from None
        yield
    finally:
        os.close(lock)
