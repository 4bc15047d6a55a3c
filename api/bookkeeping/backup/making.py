"""Make a backup while the server goes on: one moment of the database and the data folder's keys, encrypted, in one
file."""

from __future__ import annotations

import importlib.metadata
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatch
from pathlib import Path

import msgspec
from pyrage.x25519 import Identity, Recipient
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.pool import NullPool

from api.bookkeeping.backup.facts import DatabaseFacts, read_facts
from api.bookkeeping.backup.priority import finding_dumps, giving_way
from api.bookkeeping.backup.steps import ReportStep, Step, ignore_step
from api.platform.backup.archive import DUMP, FILES, PHOTOS, Manifest, Part, measure, write_archive
from api.platform.backup.catalogue import (
    SUFFIX,
    Backup,
    backup_folder,
    read_catalogue,
    with_backup,
    without_backups,
    write_catalogue,
)
from api.platform.backup.dump import dump_database
from api.platform.backup.keys import KeyRecord, parse_recipient, provide_key
from api.platform.backup.retention import choose_superfluous
from api.platform.data_folder import evidence_files
from api.platform.database.connect import create_engine
from api.platform.database.embedded import APP, lower_priority
from api.platform.database.engine import Access
from api.platform.disk import unwritable
from api.platform.durable_files import sync_folder
from ledger.transactions import TownshipId

KEPT_FILES = ("seal.key", "seal-*.key", "csrf.secret", "demo.json")
"""Patterns of the data folder's. A till's own folder isn't among them: a restored till would be taken for a copy
of itself."""
KEY_FILES = ("key.json", "backup.key")
"""Of the folder of backups, so that a restored server goes on with the same key."""
_WORKING = ".making"


@dataclass(frozen=True, slots=True)
class Made:
    """`proof_key`: opens this one backup, too; it is kept nowhere, so only who made it can prove it."""

    backup: Backup
    file: Path
    proof_key: Identity


async def make_backup(
    access: Access,
    township: TownshipId,
    folder: Path,
    now: datetime,
    report: ReportStep = ignore_step,
    *,
    with_photos: bool = False,
) -> Made:
    """Into the folder of backups, which the caller has locked. `with_photos`: they are many times as large as the
    rest, and change little in an hour.

    Raises Refused: backup-failed, unwritable, disk-full, database-away.
    """
    data = access.data
    working = folder / _WORKING
    try:
        # What a process that was killed has left.
        shutil.rmtree(working, ignore_errors=True)
        working.mkdir(mode=0o700)
        key = provide_key(data, now)
        report(Step.DUMP)
        photos = working / "photos"
        photos.mkdir(mode=0o700)
        files = evidence_files(data) if with_photos else None
        # Before and after: whatever the database has at its moment is there at one of the two.
        if files is not None:
            files.link_into(photos)
        facts, dump = await _dump(access, township, working)
        if files is not None:
            files.link_into(photos)
        report(Step.ENCRYPT)
        places = [(DUMP, working / DUMP), *_copy_files(data, working)]
        places += [(f"{PHOTOS}{photo.name}", photo) for photo in sorted(photos.iterdir())]
        made = _encrypt(working, key, facts, dump, places, now, with_photos)
        report(Step.PLACE)
        file = folder / made.backup.name
        made.file.replace(file)
        sync_folder(folder)
        write_catalogue(data, with_backup(read_catalogue(data), made.backup))
    except OSError as error:
        raise unwritable(folder, error, "，没有备份") from None
    finally:
        shutil.rmtree(working, ignore_errors=True)
    return Made(made.backup, file, made.proof_key)


async def _dump(access: Access, township: TownshipId, working: Path) -> tuple[DatabaseFacts, Part]:
    """The facts and the dump are of the same moment."""
    url, role = (access.owner, None) if access.owner is not None else (access.app, APP)
    engine = create_engine(url, poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            await connection.execute(text("set transaction isolation level repeatable read, read only"))
            if role is not None:
                await connection.execute(text(f"set local role {role}"))
            async with _giving_way(access, connection):
                snapshot = str(await connection.scalar(text("select pg_export_snapshot()")))
                facts = await read_facts(connection, township)
                return facts, await dump_database(url, snapshot, working / DUMP, role)
    finally:
        await engine.dispose()


def _encrypt(
    working: Path,
    key: KeyRecord,
    facts: DatabaseFacts,
    dump: Part,
    places: Sequence[tuple[str, Path]],
    now: datetime,
    with_photos: bool,
) -> Made:
    manifest = Manifest(
        program=importlib.metadata.version("jimei"),
        revision=facts.revision,
        made_at=now,
        township=facts.township,
        tree_size=facts.tree_size,
        tree_root=facts.tree_root,
        rows=facts.rows,
        parts={name: dump if name == DUMP else measure(place) for name, place in places},
        with_photos=with_photos,
    )
    proof_key = Identity.generate()
    recipients: Sequence[Recipient] = [parse_recipient(key.recipient), proof_key.to_public()]
    name = f"jimei-{now:%Y%m%dT%H%M%SZ}{SUFFIX}"
    encrypted = write_archive(working / name, recipients, manifest, places)
    backup = Backup(
        name=name,
        made_at=now,
        size=encrypted.size,
        sha256=encrypted.sha256,
        key=key.fingerprint,
        tree_size=facts.tree_size,
        tree_root=facts.tree_root,
        revision=facts.revision,
        changes=facts.changes,
    )
    return Made(backup, working / name, proof_key)


def is_kept(name: str) -> bool:
    return any(fnmatch(name, pattern) for pattern in KEPT_FILES)


def _copy_files(data: Path, working: Path) -> list[tuple[str, Path]]:
    """As they are now: what is encrypted must not change meanwhile."""
    found = [file for pattern in KEPT_FILES for file in sorted(data.glob(pattern))]
    found += [backup_folder(data) / name for name in KEY_FILES]
    return [
        (f"{FILES}{place.name}", Path(shutil.copy(place, working / place.name)))
        for place in found
        if place.is_file()
    ]


def remove_superfluous(data: Path, folder: Path) -> None:
    """By the rule of keeping; what the catalogue doesn't know stays. Only while the folder is locked."""
    catalogue = read_catalogue(data)
    names = [each.name for each in choose_superfluous(catalogue.backups)]
    for name in names:
        (folder / name).unlink(missing_ok=True)
    write_catalogue(data, without_backups(catalogue, names))


def mark_proven(data: Path, backup: Backup, now: datetime) -> Backup:
    """Only while the folder is locked."""
    proven = msgspec.structs.replace(backup, proven_at=now)
    write_catalogue(data, with_backup(read_catalogue(data), proven))
    return proven


@asynccontextmanager
async def _giving_way(access: Access, connection: AsyncConnection) -> AsyncIterator[None]:
    """Beside an embedded server alone: another one may be on any machine."""
    if not access.embedded:
        yield
        return
    lower_priority(int(await connection.scalar(text("select pg_backend_pid()")) or 0))
    async with finding_dumps(access.require_owner()) as find, giving_way(find):
        yield
