"""A disk without room: told by its name, and what there was stays."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from api.platform.backup.catalogue import read_backup_state, read_catalogue
from api.platform.errors import ErrorCode, Refused
from tests.api.bookkeeping.backup.conftest import Workshop
from tests.conftest import LiveTown


@contextmanager
def small_disk(folder: Path, size: int) -> Iterator[Path]:
    """Of so many bytes; only root can have one."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=755", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode != 0:
        pytest.skip("no disk of one's own can be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


async def test_a_backup_that_finds_no_room_leaves_the_one_before(town: LiveTown, workshop: Workshop) -> None:
    with small_disk(workshop.folder / "small", 1_200_000) as disk:
        workshop.folder = disk
        (disk / "data").mkdir()
        first = await workshop.back_up(town.clone)
        filler = disk / "data" / "filler"
        filler.write_bytes(bytes(shutil.disk_usage(disk).free - 200_000))
        for room in (100_000, 0):
            with pytest.raises(Refused) as full:
                await workshop.back_up(town.clone)
            assert full.value.code is ErrorCode.DISK_FULL
            state = read_backup_state(disk / "data")
            assert state.newest == first.backup
            assert list(state.folder.glob("*.jimei")) == [first.file]
            with filler.open("ab") as file:
                file.write(bytes(max(shutil.disk_usage(disk).free - room - 50_000, 0)))
        attempt = read_catalogue(disk / "data").attempt
        assert attempt is not None
        assert "硬盘满了" in attempt.failure


async def test_a_restore_that_finds_no_room_leaves_nothing(town: LiveTown, workshop: Workshop) -> None:
    made = await workshop.back_up(town.clone)
    # Too small for the backup itself, and for its database.
    for size in (200_000, 45_000_000):
        with small_disk(workshop.folder / f"small-{size}", size) as disk:
            with pytest.raises(Refused) as full:
                await workshop.restorer(made.file).restore(disk / "new")
            assert full.value.code in (ErrorCode.DISK_FULL, ErrorCode.BACKUP_FAILED), full.value
            assert list(disk.iterdir()) == []


async def test_a_second_folder_without_room_is_told_and_fails_nothing(town: LiveTown, workshop: Workshop) -> None:
    with small_disk(workshop.folder / "stick", 100_000) as stick:
        made = await workshop.back_up(town.clone, copy=stick)
        assert "满了" in made.copy_failure
        assert list(stick.iterdir()) == []
        assert read_backup_state(workshop.data).newest == made.backup
