"""Restore a backup into a new data folder, which appears under its name once all of it is there and verified."""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec
from pyrage.x25519 import Identity
from sqlalchemy import Connection, text
from uuid_utils.compat import uuid7

from api.bookkeeping.backup.making import KEY_FILES, is_kept
from api.bookkeeping.backup.rebuilding import Rebuilder, clear_scratch, require_restorable, scratch_cluster
from api.bookkeeping.backup.steps import Step
from api.bookkeeping.seals.restores import mark_restored
from api.platform import os_errors
from api.platform.backup.archive import Manifest, Unpacked, read_archive
from api.platform.backup.catalogue import (
    Drill,
    backup_folder,
    lock_backups,
    read_catalogue,
    write_catalogue,
)
from api.platform.backup.keys import fingerprint_of
from api.platform.data_folder import EVIDENCE
from api.platform.database.embedded import APP
from api.platform.database.engine import Access
from api.platform.database.migrations import RESTORING, create_database, run_on
from api.platform.disk import unwritable
from api.platform.durable_files import sync_folder
from api.platform.errors import ErrorCode, Refused

REASON = "从备份恢复"


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored, and what doesn't hold of it, a sentence each."""

    manifest: Manifest
    discrepancies: list[str]


@dataclass(frozen=True, slots=True)
class Restorer:
    """`person`: who restores, as named at the terminal. `even_if_wrong`: what doesn't hold is restored all the
    same, since it is all there is."""

    file: Path
    identity: Identity
    rebuilder: Rebuilder
    person: str
    even_if_wrong: bool = False

    async def restore(self, target: Path, own: Access | None = None) -> Restored:
        """Into the folder `target`, which isn't there or is empty. `own`: an empty database of the operator's own
        to take, by both logins; else an embedded server's is begun in the folder.

        Raises Refused: not-our-folder, in-use, unwritable; as `read_archive` and `Rebuilder.rebuild`.
        """
        cut_off = own is not None and await _was_cut_off(own, target)
        if not cut_off:
            _require_empty(target)
        with _working_folder(target) as working:
            backup = self._open(working)
            if own is not None:
                await run_on(own.require_owner(), _make_room)
                (working / "data").mkdir(mode=0o700)
                found = await self._fill(own, backup, working / "data")
            else:
                with scratch_cluster(working / "cluster", durable=True) as access:
                    await create_database(access.require_owner())
                    found = await self._fill(access, backup, access.data)
                (working / "cluster" / "data").rename(working / "data")
            if not found or self.even_if_wrong:
                self.rebuilder.report(Step.MOVE)
                if cut_off:
                    shutil.rmtree(target)
                _move(working / "data", target)
                if own is not None:
                    await run_on(own.require_owner(), _unmark)
        return Restored(backup.manifest, found)

    async def drill(self, scratch: Path) -> Restored:
        """The same into a folder that is removed again."""
        with _working_folder(scratch) as working:
            backup = self._open(working)
            with scratch_cluster(working / "cluster") as access:
                await create_database(access.require_owner())
                found = await self.rebuilder.rebuild(access, backup, access.data)
        return Restored(backup.manifest, found)

    def _open(self, working: Path) -> Unpacked:
        self.rebuilder.report(Step.OPEN)
        plain = working / "plain"
        plain.mkdir(mode=0o700)
        backup = read_archive(self.file, self.identity, plain)
        require_restorable(backup.manifest)
        return backup

    async def _fill(self, access: Access, backup: Unpacked, data: Path) -> list[str]:
        found = await self.rebuilder.rebuild(access, backup, data)
        if not found or self.even_if_wrong:
            self.rebuilder.report(Step.MARK)
            async with self.rebuilder.use_database(access, data) as services:
                # By a clock that is behind the one of the backup, too.
                backup_at = min(backup.manifest.made_at, self.rebuilder.clock.now())
                await mark_restored(services, uuid7(), backup_at=backup_at, person=self.person, reason=REASON)
            _place_files(backup, data)
            if access.embedded:
                await run_on(access.require_owner(), _unmark)
        return found


def note_drill(data: Path, restored: Restored, identity: Identity, began: datetime, seconds: float) -> None:
    """That the parts work, in the catalogue of the server's own folder. Raises Refused: unwritable."""
    key = fingerprint_of(str(identity.to_public()))
    drill = Drill(began, restored.manifest.made_at, key, round(seconds, 1))
    with lock_backups(data, wait=True):
        catalogue = read_catalogue(data)
        write_catalogue(data, msgspec.structs.replace(catalogue, drills=(drill, *catalogue.drills)))


@contextmanager
def measure_seconds() -> Iterator[list[float]]:
    """The list has one number once the block is left."""
    began, taken = time.monotonic(), list[float]()
    try:
        yield taken
    finally:
        taken.append(time.monotonic() - began)


def _require_empty(target: Path) -> None:
    try:
        taken = target.exists() and (not target.is_dir() or any(target.iterdir()))
    except OSError as error:
        raise Refused(ErrorCode.NOT_OUR_FOLDER, f"{target} 读不了（{os_errors.describe(error)}）。") from None
    if taken:
        raise Refused(
            ErrorCode.NOT_OUR_FOLDER, f"{target} 里已有东西，没有恢复；请用 --data 写一个还没有的或空的文件夹。"
        )


async def _was_cut_off(own: Access, target: Path) -> bool:
    """Whether what is in the folder was put there by a restore into this very database that was killed then."""
    await create_database(own.require_owner())
    return _holds_only_ours(target) and await run_on(own.require_owner(), _is_marked)


def _holds_only_ours(folder: Path) -> bool:
    return folder.is_dir() and all(
        is_kept(each.name) or each.name in ("backups", EVIDENCE) for each in folder.iterdir()
    )


def _is_marked(connection: Connection) -> bool:
    return connection.scalar(text("select to_regnamespace(:mark)"), {"mark": RESTORING}) is not None


@contextmanager
def _working_folder(target: Path) -> Iterator[Path]:
    """Beside the target, so that one renaming puts all in its place. Nobody else uses it meanwhile; what a process
    that was killed has left there is removed."""
    working = target.with_name(f".{target.name}.restoring")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with _locked(target.parent):
            clear_scratch(working / "cluster")
            shutil.rmtree(working, ignore_errors=True)
            try:
                # The database's user has to pass it; what is in it is closed itself.
                working.mkdir(mode=0o711)
                yield working
            finally:
                shutil.rmtree(working, ignore_errors=True)
    except OSError as error:
        raise unwritable(target, error, "，没有恢复") from None


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Raises Refused: in-use."""
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise Refused(ErrorCode.IN_USE, "这里正有一次恢复在做，请等它做完。") from None
    finally:
        os.close(opened)


def _place_files(backup: Unpacked, data: Path) -> None:
    kept = [(name, place) for name, place in backup.list_files() if is_kept(name)]
    keys = [(name, place) for name, place in backup.list_files() if name in KEY_FILES]
    backup_folder(data).mkdir(mode=0o711)
    for folder, files in ((data, kept), (backup_folder(data), keys)):
        for name, place in files:
            with (folder / name).open("wb") as output:
                (folder / name).chmod(0o600)
                output.write(place.read_bytes())
                output.flush()
                os.fsync(output.fileno())
        sync_folder(folder)
    # The photos, too, of which there may be thousands.
    os.sync()


def _move(data: Path, target: Path) -> None:
    # In the place of an empty folder, too.
    data.rename(target)
    sync_folder(target.parent)


def _make_room(connection: Connection) -> None:
    """Remove what a restore that was killed has left, and have the application's role. Raises Refused:
    database-changed, where anything else is there."""
    if _is_marked(connection):
        connection.execute(text(f"drop schema if exists ledger, {RESTORING}, public cascade"))
        connection.execute(text("create schema public"))
    if connection.scalar(text(_TAKEN)):
        raise Refused(
            ErrorCode.DATABASE_CHANGED, "JIMEI_DATABASE_URL 指向的库里已有东西，没有恢复；请换一个空的库。"
        )
    if not connection.scalar(text("select exists (select from pg_roles where rolname = :app)"), {"app": APP}):
        connection.execute(text(f"create role {APP} nologin"))


def _unmark(connection: Connection) -> None:
    connection.execute(text(f"drop schema {RESTORING}"))


_TAKEN = """
    select exists (select from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = 'public')
        or to_regnamespace('ledger') is not null"""
