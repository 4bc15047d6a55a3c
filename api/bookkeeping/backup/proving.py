"""Prove a backup: the very file that was written is opened, restored beside, verified, and its tree head compared.

It is opened by a key made for it alone and forgotten afterwards, since the machine doesn't have the township's.
What that leaves open is whether the parts on paper give the township's key; the yearly drill shows that.
"""

from __future__ import annotations

from collections.abc import Set
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

from api.bookkeeping.backup.making import Made, mark_proven
from api.bookkeeping.backup.priority import giving_way
from api.bookkeeping.backup.rebuilding import Rebuilder, clear_scratch, scratch_cluster
from api.bookkeeping.backup.steps import Step
from api.platform.backup.archive import read_archive
from api.platform.backup.catalogue import Backup
from api.platform.database.embedded import find_servers
from api.platform.database.engine import Access
from api.platform.database.migrations import create_database

_SCRATCH = ".proof"


async def prove_backup(
    made: Made, folder: Path, data: Path, rebuilder: Rebuilder, *, beside_tills: bool
) -> tuple[Backup, list[str]]:
    """The backup, proven where nothing was found; and what doesn't hold, a sentence each. In the folder of
    backups, which the caller has locked. Raises as `read_archive` and `Rebuilder.rebuild`."""
    scratch = folder / _SCRATCH
    try:
        with scratch_cluster(scratch) as access:
            rebuilder.report(Step.OPEN)
            plain = scratch / "plain"
            plain.mkdir(mode=0o700)
            backup = read_archive(made.file, made.proof_key, plain)
            await create_database(access.require_owner())
            async with AsyncExitStack() as stack:
                if beside_tills:
                    await stack.enter_async_context(giving_way(partial(_find_processes, access)))
                found = await rebuilder.rebuild(access, backup, access.data)
    finally:
        clear_scratch(scratch)
    if found:
        return made.backup, found
    return mark_proven(data, made.backup, rebuilder.clock.now()), []


async def _find_processes(access: Access) -> Set[int]:
    """The scratch server's."""
    return find_servers(access.data / "pg")
