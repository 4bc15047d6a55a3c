"""`jimei export` killed or stopped half-way: real processes against a database that keeps them waiting."""

from __future__ import annotations

import asyncio
import os
import pty
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from api.bookkeeping.exports.use_cases import FORMATS
from api.platform import accounts
from tests.api.asking import rows
from tests.command_line import JIMEI, environment, jimei_beside
from tests.conftest import LiveTown


@pytest.fixture
async def crowded(town: LiveTown) -> LiveTown:
    """So many accounts that a file has something on disk before its first transaction."""
    async with town.town.unit_of_work() as uow:
        await uow.books.open_accounts([accounts.household(f"n{n}") for n in range(2000)], uow.now)
    return town


def export(format: str, output: Path) -> tuple[str, ...]:
    return ("export", "--format", format, "--output", str(output))


async def jimei_export(town: LiveTown, format: str, output: Path, stderr: int) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(*JIMEI, *export(format, output)),
        env=environment(url=town.clone) | {"TERM": "xterm"},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=stderr,
        # Ctrl-C ends it, also where whoever started the tests had it ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


@asynccontextmanager
async def held_up(town: LiveTown) -> AsyncIterator[None]:
    """Whoever wants to read the transactions waits: they are told with what is kept back of them."""
    engine = create_async_engine(town.clone.owner)
    async with engine.begin() as connection:
        await connection.execute(text("lock table ledger.withheld in access exclusive mode"))
        yield
    await engine.dispose()


async def waits(town: LiveTown) -> None:
    """The server looks at claims as well; this is the export."""
    waiting = (
        "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
        " and query like '%from ledger.transaction x%'"
    )
    async with asyncio.timeout(30):
        while not await rows(town, waiting):
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("format", FORMATS)
async def test_killed(crowded: LiveTown, tmp_path: Path, format: str) -> None:
    output = tmp_path / "books"
    async with held_up(crowded):
        process = await jimei_export(crowded, format, output, asyncio.subprocess.DEVNULL)
        await waits(crowded)
        process.send_signal(signal.SIGKILL)
        assert await process.wait() == -signal.SIGKILL
    [left] = os.listdir(tmp_path)
    assert left != "books"
    assert os.stat(tmp_path / left).st_mode & 0o077 == 0
    if format in ("beancount", "hledger"):
        assert os.stat(tmp_path / left / "books").st_size > 0
    again = await jimei_beside(*export(format, output), url=crowded.clone)
    assert (again.returncode, again.stderr) == (0, "")
    assert os.listdir(tmp_path) == ["books"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_stopped_by_its_user(crowded: LiveTown, tmp_path: Path, number: signal.Signals) -> None:
    async with held_up(crowded):
        process = await jimei_export(crowded, "xlsx", tmp_path / "books", asyncio.subprocess.PIPE)
        await waits(crowded)
        process.send_signal(number)
        async with asyncio.timeout(30):
            _, errors = await process.communicate()
    assert (process.returncode, errors) == (130, b"")
    assert os.listdir(tmp_path) == []


async def test_progress_on_a_terminal(town: LiveTown, tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    process = await jimei_export(town, "csv", tmp_path / "books", theirs)
    assert await process.wait() == 0
    os.close(theirs)
    seen = os.read(ours, 65536).decode()
    os.close(ours)
    [(count,)] = await rows(town, "select count(*) from ledger.transaction where phase in ('posted', 'post')")
    assert "导出交易" in seen
    assert f"{count}/{count}" in seen
