"""Photos are kept as long as they are needed, and no file is without its row: by jobs, backups, a full disk."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from datetime import timedelta

import pytest

from api.awards.evidence.removal import forget_unnamed_photos
from api.bookkeeping.verification import verify_books
from api.platform.backup.archive import PHOTOS
from api.platform.data_folder import evidence_files
from api.platform.durable_files import ContentFiles
from tests.api.asking import problem, rows, sign_in
from tests.api.awards.claims.conftest import days_pass, declare
from tests.api.awards.evidence.conftest import (
    bring,
    digest_of_new,
    filling_in,
    list_files,
    photo,
    put_photo_on_notice,
    trees,
)
from tests.api.bookkeeping.backup.conftest import Workshop
from tests.api.web.browser import browsing
from tests.clusters import passable
from tests.conftest import LiveTown, run_jobs
from tests.databases import owner_engine


async def pass_days(town: LiveTown, days: float) -> None:
    town.clock.travel(town.clock.now() + timedelta(days=days))
    await run_jobs(town.town)


async def discrepancies(town: LiveTown) -> list[str]:
    found = await verify_books(town.town, lambda *_: None, beside_tills=False)
    return [each for each in found.discrepancies if "photo" in each or "照片" in each]


async def test_what_nobody_names_goes_after_a_day_and_what_is_named_stays(own_folder: LiveTown) -> None:
    town = own_folder
    named, unnamed = await digest_of_new(town, 1), await digest_of_new(town, 2)
    await declare(town, trees(named))
    await pass_days(town, 0.9)
    assert set(list_files(town)) == {named, unnamed}
    await pass_days(town, 0.2)
    assert list_files(town) == [named]
    assert await rows(town, "select digest from photo") == [(named,)]
    assert await discrepancies(town) == []


async def test_the_policy_removes_a_photo_and_its_hash_stays(own_folder: LiveTown) -> None:
    town = own_folder
    id = await put_photo_on_notice(town, "hp-3")
    [digest] = list_files(town)
    waiting = trees(await digest_of_new(town, 2), household="hp-2")
    await declare(town, waiting)
    await pass_days(town, 179)
    assert digest in list_files(town)
    await pass_days(town, 2)
    # The other is not decided yet.
    assert list_files(town) != []
    assert digest not in list_files(town)
    assert await discrepancies(town) == []
    [(metadata,)] = await rows(town, "select metadata from ledger.transaction where id = :id", id=id)
    assert metadata["evidence"] == [digest, digest]
    [(removed,)] = await rows(town, "select count(*) from photo where removed_at is not null")
    assert removed == 1
    async with owner_engine(town.clone).begin() as owner:
        await owner.exec_driver_sql(f"update claim set status = 'refused' where id = '{waiting['id']}'")
    await run_jobs(town.town)
    assert list_files(town) == []


async def test_pages_say_that_a_photo_is_removed(own_folder: LiveTown) -> None:
    town = own_folder
    id = await put_photo_on_notice(town, "hp-1")
    await pass_days(town, 181)
    async with browsing(town, "qian") as qian:
        assert "照片已按规定删除" in await qian.open(f"/desk/claims/{id}")
    async with browsing(town) as household:
        assert "照片已按规定删除" in await household.open(f"/c/{town.card}")


async def test_a_photo_that_was_removed_may_be_brought_again(own_folder: LiveTown) -> None:
    town = own_folder
    await put_photo_on_notice(town, "hp-3")
    await pass_days(town, 181)
    await days_pass(town, 0)
    await sign_in(town, "wang")
    digest = await digest_of_new(town, 1)
    await run_jobs(town.town)
    assert list_files(town) == [digest]
    assert await discrepancies(town) == []
    await declare(town, trees(digest, household="hp-4", day="2026-11-01"))
    await pass_days(town, 2)
    assert list_files(town) == [digest]


@pytest.mark.parametrize("cut_off", ["before the file", "in the file", "after the file"])
async def test_cut_off_in_the_midst_nothing_is_left_behind(
    own_folder: LiveTown, monkeypatch: pytest.MonkeyPatch, cut_off: str
) -> None:
    """As a process that is killed leaves it."""
    town, write = own_folder, ContentFiles.write

    def die(files: ContentFiles, content: bytes) -> str:
        if cut_off == "after the file":
            write(files, content)
        elif cut_off == "in the file":
            (files.folder / "incoming").mkdir(parents=True, exist_ok=True)
            (files.folder / "incoming" / "tmp1").write_bytes(content[:100])
        raise RuntimeError("killed")

    with monkeypatch.context() as patched:
        patched.setattr(ContentFiles, "write", die)
        assert (await bring(town, photo())).status_code == 500
    # Nobody may name it.
    known = await rows(town, "select digest from photo")
    [outcome] = await declare(town, trees(known[0][0]))
    assert outcome["status"] == "refused"
    # Files are as old as the machine's clock says.
    town.clock.travel(town.clock.now() + timedelta(days=800))
    await forget_unnamed_photos(town.town)
    assert (list_files(town), await rows(town, "select digest from photo")) == ([], [])


async def test_a_full_disk_is_told_and_the_form_stays(
    own_folder: LiveTown, monkeypatch: pytest.MonkeyPatch
) -> None:
    town = own_folder

    def fail(*_: object) -> str:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(ContentFiles, "write", fail)
    problem(await bring(town, photo()), 507, "disk-full")
    async with filling_in(town) as form:
        assert "硬盘满了" in await form.send(("a.jpg", photo()), note="两棵树")
        assert 'value="两棵树"' in form.browser.page.text


async def test_verify_names_a_photo_that_is_missing_altered_or_another(own_folder: LiveTown) -> None:
    town = own_folder
    id = await put_photo_on_notice(town, "hp-3")
    [digest] = list_files(town)
    assert await discrepancies(town) == []
    file = evidence_files(town.town.data).locate(digest)
    whole = file.read_bytes()
    file.write_bytes(whole[:-1] + b"x")
    assert await discrepancies(town) == [f"photo {digest}: 照片的文件被改过，或已损坏"]
    file.unlink()
    assert await discrepancies(town) == [f"photo {digest}: 照片不见了，还没有到删除的时候"]
    # Sent again it is whole again.
    assert await digest_of_new(town, 1) == digest
    assert await discrepancies(town) == []
    other = await digest_of_new(town, 2)
    async with owner_engine(town.clone).begin() as owner:
        await owner.exec_driver_sql(f"update claim_photo set photo = '{other}' where claim = '{id}'")
    assert await discrepancies(town) == [f"claim {id}: 申报的照片与账上封印的不是同几张"]


@pytest.fixture
def workshop(own_folder: LiveTown) -> Iterator[Workshop]:
    with passable("jimei-backup-") as folder:
        (folder / "data").mkdir()
        yield Workshop(folder, own_folder.clock)


async def test_a_proven_backup_gives_the_photos_back(own_folder: LiveTown, workshop: Workshop) -> None:
    town = own_folder
    await put_photo_on_notice(town, "hp-3")
    [digest] = list_files(town)
    shutil.copytree(town.town.data, workshop.data, dirs_exist_ok=True)
    hourly = await workshop.back_up(town.clone)
    workshop.clock.travel(workshop.clock.now() + timedelta(hours=1))
    made = await workshop.back_up(town.clone, prove=True)
    assert made.discrepancies == []
    target, restored = await workshop.restore(made.file)
    assert restored.discrepancies == []
    assert f"{PHOTOS}{digest}" in restored.manifest.parts
    assert evidence_files(target).examine(digest) == "sound"
    assert evidence_files(target).locate(digest).stat().st_mode & 0o077 == 0
    shutil.rmtree(target)
    target, without = await workshop.restore(hourly.file)
    assert (without.discrepancies, without.manifest.with_photos) == ([], False)
    assert not evidence_files(target).folder.exists()


async def test_an_altered_photo_proves_nothing(own_folder: LiveTown, workshop: Workshop) -> None:
    town = own_folder
    await put_photo_on_notice(town, "hp-3")
    [digest] = list_files(town)
    shutil.copytree(town.town.data, workshop.data, dirs_exist_ok=True)
    evidence_files(workshop.data).locate(digest).write_bytes(b"another")
    made = await workshop.back_up(town.clone, prove=True)
    assert made.discrepancies == [f"photo {digest}: 照片的文件被改过，或已损坏"]
