"""PostgreSQL clusters of a test's own: their folders, and copies of one made once, since making takes seconds."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import text

from api import wire
from api.opening import open_services
from api.platform.clock import TravelClock
from api.platform.database.embedded import APP, OWNER, Embedded
from api.platform.database.engine import DATABASE, Access
from api.platform.database.migrations import administer, migrate
from api.registry.register.use_cases import init_township

INITIALIZED_AT = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)


def in_memory() -> Path | None:
    """A folder in memory, where there is enough: a clone takes 20 ms there, and 400 ms on a slow disk."""
    memory = Path("/dev/shm")
    if not memory.is_dir() or shutil.disk_usage(memory).free < 4_000_000_000:
        return None
    # Some keep programs from running there, and one test copies the server's own.
    return None if os.statvfs(memory).f_flag & os.ST_NOEXEC else memory


@contextmanager
def passable(prefix: str) -> Iterator[Path]:
    """A folder that the database's own account may pass on its way; pytest's own is closed to it."""
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=in_memory()))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def make(data: Path, migrated: str) -> None:
    """A cluster as `jimei migrate` and `jimei init` leave it, stopped; `migrated`: beside it a database with all
    tables and no township."""
    with Embedded(data) as server:
        asyncio.run(_fill(server, migrated))


async def _fill(server: Embedded, migrated: str) -> None:
    await migrate(server.url(OWNER, migrated))
    access = Access(server.url(OWNER, DATABASE), server.url(APP, DATABASE), server.data, embedded=True)
    await administer(access.owner, text(f"create database {DATABASE} template {migrated}"))
    roles = ["office", "party-branch"]
    office = wire.NewPerson(login="office", name="王", roles=roles, township=True, password="a long password")
    async with open_services(access, TravelClock(INITIALIZED_AT)) as services:
        await init_township(services, "乡", office)


def copy(stopped: Path, data: Path) -> None:
    """A stopped cluster of one's own, with the owners and modes that its account asks for."""
    subprocess.run(["/bin/cp", "-a", stopped, data], check=True)
