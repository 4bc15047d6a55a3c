"""A backup from beginning to end: made, proven, copied, the old ones removed, and what came of it noted."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec
from sqlalchemy import URL
from sqlalchemy.pool import NullPool

from api.bookkeeping.backup.copying import copy_backups
from api.bookkeeping.backup.facts import has_township
from api.bookkeeping.backup.making import make_backup, remove_superfluous
from api.bookkeeping.backup.proving import prove_backup
from api.bookkeeping.backup.rebuilding import Rebuilder
from api.bookkeeping.backup.steps import Step
from api.platform.backup.catalogue import (
    Attempt,
    Backup,
    lock_backups,
    read_catalogue,
    write_catalogue,
)
from api.platform.clock import Clock
from api.platform.database.connect import create_engine
from api.platform.database.engine import Access
from api.platform.database.migrations import exists, is_current
from api.platform.disk import unwritable
from api.platform.errors import Refused

DISCREPANCIES = "账目不符，备份没有算作验证过：请运行 jimei verify，并告诉监委。"


@dataclass(frozen=True, slots=True)
class BackupResult:
    """`file`: where it is. `discrepancies`: what doesn't hold of the books, a sentence each; nothing is known of
    that where it wasn't proven. `copy_failure`: why the second folder hasn't got it."""

    backup: Backup
    file: Path
    discrepancies: list[str]
    copy_failure: str


async def back_up(access: Access, rebuilder: Rebuilder, copy: Path | None, *, prove: bool) -> BackupResult:
    """Raises as `make_backup` and `prove_backup`, after noting it; Refused: in-use."""
    data, clock = access.data, rebuilder.clock
    with lock_backups(data) as folder:
        try:
            discrepancies: list[str] = []
            async with _noting(data, clock, discrepancies):
                made = await make_backup(
                    access, rebuilder.township, folder, clock.now(), rebuilder.report, with_photos=prove
                )
                backup = made.backup
                # First of all it has to be in two places.
                rebuilder.report(Step.COPY)
                failure = copy_backups(data, folder, copy, clock.now())
                if prove:
                    backup, found = await prove_backup(made, folder, data, rebuilder, beside_tills=access.embedded)
                    discrepancies.extend(found)
            remove_superfluous(data, folder)
        except OSError as error:
            raise unwritable(folder, error) from None
    return BackupResult(backup, made.file, discrepancies, failure)


async def needs_backup_before_upgrade(owner: URL) -> bool:
    """Whether there is a township in the database, and an upgrade would change something."""
    if not await exists(owner):
        return False
    engine = create_engine(owner, poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            return await has_township(connection) and not await connection.run_sync(is_current)
    finally:
        await engine.dispose()


@asynccontextmanager
async def _noting(data: Path, clock: Clock, discrepancies: list[str]) -> AsyncIterator[None]:
    """What came of it, for pages and for when to try again."""
    failure = ""
    try:
        yield
        failure = DISCREPANCIES if discrepancies else ""
    except Refused as refused:
        failure = refused.detail
        raise
    except Exception:
        failure = "程序出了意外，没有备份成；请看服务器的日志。"
        raise
    finally:
        # Where there is no room for that either, it is the failure that is told.
        with suppress(OSError):
            attempt = Attempt(clock.now(), failure)
            write_catalogue(data, msgspec.structs.replace(read_catalogue(data), attempt=attempt))
