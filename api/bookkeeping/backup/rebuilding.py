"""Build a database from a backup and hold it against what the backup says of itself: the one way that proofs,
drills and restores go."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, text
from sqlalchemy.pool import NullPool

from api.bookkeeping.backup.facts import read_facts
from api.bookkeeping.backup.steps import ReportStep, Step, ignore_progress, ignore_step
from api.bookkeeping.verification import verify_books
from api.platform.backup.archive import Manifest, Unpacked
from api.platform.backup.dump import restore_database
from api.platform.clock import Clock
from api.platform.data_folder import evidence_files
from api.platform.database.connect import create_engine
from api.platform.database.embedded import APP, OWNER, Embedded
from api.platform.database.engine import DATABASE, Access, Database
from api.platform.database.migrations import migrate, require_known, run_on
from api.platform.database.os_user import EmbeddedError
from api.platform.services import Services
from ledger.transactions import TownshipId

# Nothing of a scratch cluster outlives its use.
_SCRATCH = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "max_connections": "20"}


def require_restorable(manifest: Manifest) -> None:
    """Raises Refused: database-version, of a newer program's backup."""
    require_known(manifest.revision)


@dataclass(frozen=True, slots=True)
class Rebuilder:
    """`report` is told each step, `report_progress` how far verifying has come."""

    township: TownshipId
    clock: Clock
    report: ReportStep = ignore_step
    report_progress: Callable[[int, int], None] = ignore_progress

    async def rebuild(self, access: Access, backup: Unpacked, data: Path) -> list[str]:
        """Restore into the database of `access`, which has nothing in it, bring it to this program's version, put
        the photos into the data folder, and verify. Returns what doesn't hold, a sentence each.

        Raises Refused: backup-failed, disk-full; as `migrate`.
        """
        owner = access.require_owner()
        self.report(Step.REBUILD)
        await restore_database(owner, backup.dump)
        found = await compare_facts(access, backup.manifest, self.township)
        self.report(Step.MIGRATE)
        await migrate(owner)
        # Without statistics verifying would be slow, and so would the first day.
        await run_on(owner, _analyze)
        for digest, place in backup.list_photos():
            evidence_files(data).adopt(digest, place)
        self.report(Step.VERIFY)
        async with self.use_database(access, data) as services:
            verification = await verify_books(
                services,
                self.report_progress,
                beside_tills=False,
                with_photos=backup.manifest.with_photos,
            )
        return [*found, *verification.discrepancies]

    @asynccontextmanager
    async def use_database(self, access: Access, data: Path) -> AsyncIterator[Services]:
        """Whether it may be served from or not."""
        database = Database(access.app, statement_timeout=None)
        try:
            yield Services(database, self.clock, self.township, data)
        finally:
            await database.close()


def _analyze(connection: Connection) -> None:
    connection.execute(text("analyze"))


async def compare_facts(access: Access, manifest: Manifest, township: TownshipId) -> list[str]:
    """How what was restored differs from what was dumped."""
    engine = create_engine(access.require_owner(), poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            facts = await read_facts(connection, township)
    finally:
        await engine.dispose()
    found = [
        f"{table}: 备份时有 {manifest.rows.get(table, 0)} 行，恢复后有 {facts.rows.get(table, 0)} 行"
        for table in sorted(manifest.rows.keys() | facts.rows.keys())
        if manifest.rows.get(table) != facts.rows.get(table)
    ]
    if (manifest.tree_size, manifest.tree_root) != (facts.tree_size, facts.tree_root):
        found.append(f"head: 备份时封印到 {manifest.tree_size} 条，恢复后是 {facts.tree_size} 条，或根摘要不同")
    return found


@contextmanager
def scratch_cluster(folder: Path, *, durable: bool = False) -> Iterator[Access]:
    """A cluster of its own in `folder`/data, which is begun anew; stopped at the end. Not a database beside the
    township's: on its own server a proof would write twice what it reads into the log that tills wait for, and a
    database of one's own may not let us create any."""
    clear_scratch(folder)
    folder.mkdir(mode=0o711)
    with Embedded(folder / "data", {} if durable else _SCRATCH) as server:
        owner, app = (server.url(role, DATABASE) for role in (OWNER, APP))
        yield Access(owner, app, server.data, embedded=True, durable=durable)


def clear_scratch(folder: Path) -> None:
    """Whatever a process that was killed has left there, and the server that it has left running."""
    data = folder / "data"
    if (data / "pg").exists():
        try:
            with Embedded(data):
                pass
        except EmbeddedError:
            # It doesn't start, so nothing runs.
            pass
    shutil.rmtree(folder, ignore_errors=True)
