"""`jimei backup` and `jimei restore` as the operator meets them, power cuts and fires included."""

from __future__ import annotations

import asyncio
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from pyrage.x25519 import Identity
from sqlalchemy import text

from api.bookkeeping.backup.steps import Step
from api.platform.backup.catalogue import read_backup_state, read_catalogue
from api.platform.backup.keys import KeyPart, read_secret, split
from api.platform.database.embedded import APP, OWNER, Embedded
from api.platform.database.migrations import migrate
from api.platform.database.sql_files import REVISIONS
from tests.api.bookkeeping.backup.conftest import Workshop
from tests.command_line import Done, Where, environment, jimei, jimei_process, one_sentence
from tests.conftest import LiveTown
from tests.databases import Clone, maintain, owner_engine
from tests.profile import PROFILE


def write_parts(parts: list[KeyPart], folder: Path) -> list[str]:
    """A file for each, as the words of `--key`."""
    words = []
    for part in parts:
        file = folder / f"part-{part.number}.txt"
        file.write_text(part.text.upper())
        words += ["--key", str(file)]
    return words


def read_page(page: Path) -> list[KeyPart]:
    """The parts as they are printed."""
    sections = page.read_text().split("<section>")[1:]
    words = [re.findall(r"<li>(\w+)</li>", section) for section in sections]
    return [KeyPart(number, "", tuple(each)) for number, each in enumerate(words, start=1)]


@pytest.mark.slow
def test_a_server_that_burns_down_is_brought_back_by_two_of_three(initialized: Path, tmp_path: Path) -> None:
    stick, page = tmp_path / "stick.jimei", tmp_path / "parts.html"
    # A proof beside an embedded server gives way to whatever else runs, such as other tests.
    done = jimei_process("backup", "--no-proof", "--output", str(stick), data=initialized)
    assert (done.returncode, str(stick) in done.stdout) == (0, True), done
    done = jimei("backup", "--key-parts", str(page), data=initialized)
    assert (done.returncode, page.stat().st_mode & 0o777, read_secret(initialized)) == (0, 0o600, None)
    assert "已经印过" in one_sentence(jimei("backup", "--key-parts", str(page), data=initialized))
    parts = read_page(page)
    shutil.rmtree(initialized)

    new = initialized.parent / "new"
    keys = write_parts([parts[0], parts[2]], tmp_path)
    done = jimei("restore", str(stick), "--data", str(new), *keys, "--by", "消防员")
    assert (done.returncode, "账目相符" in done.stdout) == (0, True), done
    assert not initialized.exists()
    assert jimei_process("verify", data=new).returncode == 0
    # The parts go on working, for what is backed up from now on.
    done = jimei("restore", str(stick), "--drill", data=new, typed=f"\n{parts[1].text}\n{parts[0].text}\n")
    assert (done.returncode, "演练成功" in done.stdout) == (0, True), done
    assert len(read_catalogue(new).drills) == 1
    assert sorted(each.name for each in new.parent.iterdir()) == ["new"]


async def backed_up(workshop: Workshop, town: LiveTown) -> Path:
    return (await workshop.back_up(town.clone)).file


async def test_each_mistake_at_restoring_is_told(town: LiveTown, workshop: Workshop, tmp_path: Path) -> None:
    file = await backed_up(workshop, town)
    key = ["--key", str(workshop.data / "backups" / "backup.key")]
    new = ["--data", str(tmp_path / "new")]
    other = write_parts(split(Identity.generate())[:2], tmp_path)
    (tmp_path / "cut.jimei").write_bytes(file.read_bytes()[:-1])
    (tmp_path / "not.jimei").write_text("一封信")

    async def told(*words: str, typed: str = "") -> str:
        done = await asyncio.to_thread(jimei, "restore", *words, data=workshop.data, typed=typed)
        assert done.returncode == 2, done
        return done.stderr.strip().splitlines()[-1]

    assert "打不开" in await told(str(file), *new, *other)
    assert "损坏" in await told(str(tmp_path / "cut.jimei"), *new, *key)
    assert "损坏" in await told(str(tmp_path / "not.jimei"), *new, *key)
    assert "没有这个文件" in await told(str(tmp_path / "none.jimei"), *new, *key)
    assert "钥匙不够" in await told(str(file), *new)
    assert "不在词表里" in await told(str(file), *new, typed="zebra\n")
    assert "读不了" in await told(str(file), *new, "--key", str(tmp_path / "none.txt"))
    assert "--data" in await told(str(file), *key)
    assert "--data" in await told(str(file), *new, "--drill", *key)
    assert "已有东西" in await told(str(file), "--data", str(workshop.data), *key)
    assert "没有恢复" in await told(str(file), "--data", "/dev/null/x", *key)
    assert not (tmp_path / "new").exists()
    assert {each.name for each in workshop.folder.iterdir()} == {"data"}


def run_dying(step: Step, *words: str, data: Path, url: Where = "") -> Done:
    return subprocess.run(
        [sys.executable, "-m", "tests.api.bookkeeping.backup.dying", step.name, *words],
        env=environment(data, url), cwd=Path(__file__).parents[4],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


MAKING = [Step.DUMP, Step.ENCRYPT, Step.PLACE, Step.OPEN, Step.VERIFY, Step.COPY]
RESTORING = [Step.OPEN, Step.REBUILD, Step.MIGRATE, Step.VERIFY, Step.MARK, Step.MOVE]
BY_DAY = {Step.PLACE, Step.VERIFY, Step.MOVE}


@pytest.mark.slow
async def test_killed_at_any_step_a_backup_is_there_or_not_and_the_next_one_works(
    town: LiveTown, workshop: Workshop
) -> None:
    kept: list[str] = []
    for step in [each for each in MAKING if PROFILE == "nightly" or each in BY_DAY]:
        done = await asyncio.to_thread(run_dying, step, "backup", data=workshop.data, url=town.clone)
        assert done.returncode == -signal.SIGKILL, done
        state = read_backup_state(workshop.data)
        names = sorted(file.name for file in state.folder.glob("*.jimei"))
        assert names == sorted(each.name for each in read_catalogue(workshop.data).backups)
        # What is there was there as a whole; nothing that was there is lost.
        assert set(kept) <= set(names)
        assert state.newest_proven is None
        kept = names
    done = await asyncio.to_thread(jimei, "backup", data=workshop.data, url=town.clone)
    assert done.returncode == 0, done
    left = {each.name for each in (workshop.data / "backups").iterdir() if each.suffix != ".jimei"}
    assert left == {"catalogue.json", "key.json", "backup.key", "lock"}


@pytest.mark.slow
async def test_killed_at_any_step_a_restore_left_nothing_and_works_again(
    town: LiveTown, workshop: Workshop
) -> None:
    file = await backed_up(workshop, town)
    new = workshop.folder / "new"
    words = ["restore", str(file), "--data", str(new), "--key", str(workshop.data / "backups" / "backup.key")]
    for step in [each for each in RESTORING if PROFILE == "nightly" or each in BY_DAY]:
        done = await asyncio.to_thread(run_dying, step, *words, data=workshop.data)
        assert done.returncode == -signal.SIGKILL, done
        assert not new.exists()
    done = await asyncio.to_thread(jimei, *words)
    assert done.returncode == 0, done
    assert {each.name for each in workshop.folder.iterdir()} == {"data", "new"}


async def test_an_upgrade_backs_up_what_there_is_to_lose(
    server: Embedded, workshop: Workshop, tmp_path: Path
) -> None:
    earlier = Path(
        shutil.copytree(REVISIONS, tmp_path / "alembic", ignore=shutil.ignore_patterns("100[3-9]*", "current"))
    )
    await maintain(server, "create database aging")
    clone = Clone(server.url(OWNER, "aging"), server.url(APP, "aging"))

    async def upgrade(*words: str) -> Done:
        return await asyncio.to_thread(jimei, "migrate", *words, data=workshop.data, url=clone)

    try:
        await migrate(clone.owner, earlier)
        async with owner_engine(clone).begin() as connection:
            await connection.execute(text("insert into township values (1, '乡', now())"))
        folder = workshop.data / "backups"
        folder.write_text("in the way")
        assert "没有升级" in one_sentence(await upgrade())
        async with owner_engine(clone).connect() as connection:
            assert await connection.scalar(text("select version_num from alembic_version")) == "1002"
        folder.unlink()
        done = await upgrade()
        assert (done.returncode, "升级前已备份" in done.stdout) == (0, True), done
        newest = read_backup_state(workshop.data).newest
        assert newest is not None
        assert newest.revision == "1002"
        # Nothing would change any more, so there is nothing to go back to.
        assert "备份" not in (await upgrade()).stdout
        _, restored = await workshop.restore(folder / newest.name)
        assert restored.discrepancies == []
    finally:
        await maintain(server, "drop database aging (force)")
