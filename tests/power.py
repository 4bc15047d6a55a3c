"""A machine of the test's own whose power can be cut: every process of its database dies at once."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import URL, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from api.platform.database.embedded import Embedded
from tests.clusters import copy, passable

WAIT = 60.0  # seconds until something that should happen at once counts as broken

# Recovery first flushes whatever lies in the cluster: in one call for all, not file by file, or each of many cuts
# would cost seconds. What is durable stays as it is.
QUICK_RECOVERY = "recovery_init_sync_method = syncfs\n"
DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}


class Machine:
    """An embedded PostgreSQL that nobody else uses."""

    def __init__(self, server: Embedded) -> None:
        self.server = server
        self.powered = True

    async def cut_power(self) -> None:
        """SIGKILL for the postmaster and all its children, with no moment in which one sees another gone."""
        postmaster = int((self.server.data / "pg" / "postmaster.pid").read_text().split()[0])
        self.powered = False
        # A stopped postmaster starts no further child and mourns none.
        os.kill(postmaster, signal.SIGSTOP)
        processes = [*_children(postmaster), postmaster]
        for pid in processes:
            os.kill(pid, signal.SIGSTOP)
        for pid in processes:
            os.kill(pid, signal.SIGKILL)
        async with asyncio.timeout(WAIT):
            while any(_lives(pid) for pid in processes):
                await asyncio.sleep(0.001)

    async def restore_power(self) -> None:
        await asyncio.to_thread(self.server.open)
        self.powered = True


@contextmanager
def machine(model: Path) -> Iterator[Machine]:
    """With a copy of the cluster `model`. In memory it dies as on a disk: what a kill leaves, the kernel has."""
    if not Path("/proc/self/task").exists():
        pytest.skip("finds the server's processes through /proc")
    with passable("jimei-power-") as folder:
        copy(model, folder / "data")
        # In the cluster's own file, so that it holds whoever starts the server next.
        with (folder / "data" / "pg" / "postgresql.conf").open("a") as settings:
            settings.write(QUICK_RECOVERY)
        with Embedded(folder / "data") as server:
            yield Machine(server)


def random_moments() -> Random:
    """The seed is in the output of a test that fails; JIMEI_TEST_SEED brings it back."""
    seed = int(os.environ.get("JIMEI_TEST_SEED") or secrets.randbits(32))
    print(f"JIMEI_TEST_SEED={seed}")
    return Random(seed)


async def require_durability(url: URL) -> None:
    """A cut proves nothing about a database that was told to lose what it answered for."""
    engine = create_async_engine(url, poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            found = {name: await connection.scalar(text(f"show {name}")) for name in DURABLE}
    finally:
        await engine.dispose()
    assert found == DURABLE


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _lives(pid: int) -> bool:
    """Whether the process runs; one that is dead but not yet waited for doesn't."""
    with suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False
