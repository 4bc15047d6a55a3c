"""PostgreSQL clusters of a test's own: their folders, and copies of one made once, since making takes seconds."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from api import wire
from api.clock import TravelClock
from api.database.embedded import APP, OWNER, Embedded
from api.database.engine import DATABASE, Access
from api.database.migrations import migrate
from api.opening import open_town
from api.register.use_cases import found

FOUNDED_AT = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)


def in_memory() -> Path | None:
    """A folder in memory, where there is enough: a clone takes 20 ms there, and 400 ms on a slow disk."""
    memory = Path("/dev/shm")
    return memory if memory.is_dir() and shutil.disk_usage(memory).free > 4_000_000_000 else None


@contextmanager
def passable(prefix: str) -> Iterator[Path]:
    """A folder that the database's own account may pass on its way; pytest's own is closed to it."""
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=in_memory()))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def make(data: Path) -> None:
    """A cluster as `jimei migrate` and `jimei found` leave it, stopped."""
    with Embedded(data) as server:
        access = Access(server.url(OWNER, DATABASE), server.url(APP, DATABASE), data, embedded=True)
        asyncio.run(_found(access))


async def _found(access: Access) -> None:
    await migrate(access.owner)
    roles = ["office", "party-branch"]
    office = wire.NewPerson(login="office", name="王", roles=roles, password="a long password")
    async with open_town(access, TravelClock(FOUNDED_AT)) as town:
        await found(town, "乡", office)


def copy(stopped: Path, data: Path) -> None:
    """A stopped cluster of one's own, with the owners and modes that its account asks for."""
    subprocess.run(["/bin/cp", "-a", stopped, data], check=True)
