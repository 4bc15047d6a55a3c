"""Backups of a township at work: made, proven, restored, from and to any version and server."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from api.bookkeeping.seals.use_cases import seal
from api.bookkeeping.verification import verify_books
from api.opening import open_services
from api.platform.backup.archive import measure
from api.platform.backup.catalogue import read_backup_state, read_catalogue
from api.platform.database.embedded import APP, OWNER, Embedded
from api.platform.database.engine import DATABASE, Access
from api.platform.database.migrations import migrate
from api.platform.database.sql_files import REVISIONS
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services
from tests.api.asking import rows
from tests.api.bookkeeping.backup.conftest import Workshop
from tests.conftest import LiveTown
from tests.databases import Clone, maintain, owner_engine


async def count_unsealed(services: Services) -> int:
    async with services.unit_of_work() as uow:
        found = await uow.session.scalar(
            text("select (select count(*) from ledger.record) - (select count(*) from ledger.leaf)")
        )
    return int(found or 0)


@pytest.mark.slow
async def test_a_township_is_proven_and_brought_back(town: LiveTown, workshop: Workshop) -> None:
    """Some of its records sealed, others not, on a new server whose transactions have hardly been counted."""
    await town.award("hp-1", 20)
    while await seal(town.town):
        pass
    await town.put_on_notice("hp-2", 7)
    unsealed = await count_unsealed(town.town)
    assert unsealed > 0
    made = await workshop.back_up(town.clone, prove=True)
    assert (made.discrepancies, made.backup.proven_at) == ([], workshop.clock.now())
    assert read_backup_state(workshop.data).newest_proven == made.backup
    assert measure(made.file).sha256 == made.backup.sha256
    assert {each.name for each in made.file.parent.iterdir()} == {
        made.file.name, "catalogue.json", "key.json", "backup.key", "lock"
    }  # fmt: skip
    # What comes after its moment isn't in it.
    [(recorded,)] = await rows(town, "select count(*) from ledger.transaction")
    await town.award("hp-3", 9)

    data, restored = await workshop.restore(made.file)
    assert restored.discrepancies == []
    assert (data / "seal.key").read_bytes() == b"the key of seals"
    assert (data / "backups" / "backup.key").read_bytes() == (
        workshop.data / "backups" / "backup.key"
    ).read_bytes()
    assert {each.name for each in workshop.folder.iterdir()} == {"data", "restored"}
    with Embedded(data, {"fsync": "off"}) as server:
        access = Access(server.url(OWNER, DATABASE), server.url(APP, DATABASE), data, embedded=True)
        (data / "seal.key").unlink()
        async with open_services(access, workshop.clock) as services:
            assert await count_unsealed(services) >= unsealed
            while await seal(services):
                pass
            # The last head's own record waits for the next.
            assert await count_unsealed(services) <= 2
            found = await verify_books(services, lambda done, total: None, beside_tills=False)
            assert found.discrepancies == []
            async with services.unit_of_work() as uow:
                there = await uow.session.scalar(text("select count(*) from ledger.transaction"))
                assert there == recorded
                assert await uow.session.scalar(text("select name from village")) == "河畔村"


async def test_books_that_do_not_hold_prove_nothing_and_are_restored_only_on_demand(
    town: LiveTown, workshop: Workshop
) -> None:
    async with owner_engine(town.clone).begin() as connection:
        await connection.execute(text("set session_replication_role = replica"))
        await connection.execute(text("update ledger.balance set posted = posted + 1 where posted > 0"))
    made = await workshop.back_up(town.clone, prove=True)
    assert made.discrepancies
    state = read_backup_state(workshop.data)
    assert (state.newest, state.newest_proven) == (made.backup, None)
    attempt = read_catalogue(workshop.data).attempt
    assert attempt is not None
    assert "账目不符" in attempt.failure
    target, restored = await workshop.restore(made.file)
    assert restored.discrepancies == made.discrepancies
    assert not target.exists()
    await workshop.restorer(made.file, even_if_wrong=True).restore(target)
    assert (target / "pg").is_dir()


async def test_a_backup_of_an_earlier_program_is_brought_up(
    server: Embedded, workshop: Workshop, tmp_path: Path
) -> None:
    earlier = Path(
        shutil.copytree(REVISIONS, tmp_path / "alembic", ignore=shutil.ignore_patterns("100[3-9]*", "current"))
    )
    await maintain(server, "create database earlier")
    clone = Clone(server.url(OWNER, "earlier"), server.url(APP, "earlier"))
    try:
        await migrate(clone.owner, earlier)
        async with owner_engine(clone).begin() as connection:
            await connection.execute(text("insert into township values (1, '乡', now())"))
            await connection.execute(text("insert into village values (1, 'hp', '河畔村', 3)"))
        made = await workshop.back_up(clone)
        assert made.backup.revision == "1002"
        data, restored = await workshop.restore(made.file)
    finally:
        await maintain(server, "drop database earlier (force)")
    assert restored.discrepancies == []
    with Embedded(data, {"fsync": "off"}) as running:
        access = Access(running.url(OWNER, DATABASE), running.url(APP, DATABASE), data, embedded=True)
        async with open_services(access, workshop.clock) as services, services.unit_of_work() as uow:
            assert await uow.session.scalar(text("select name from village")) == "河畔村"


async def test_a_newer_program_s_backup_and_a_taken_folder_are_refused(town: LiveTown, workshop: Workshop) -> None:
    async with owner_engine(town.clone).begin() as connection:
        await connection.execute(text("update alembic_version set version_num = '9999'"))
    made = await workshop.back_up(town.clone)
    with pytest.raises(Refused, match="更新的程序") as newer:
        await workshop.restore(made.file)
    assert newer.value.code is ErrorCode.DATABASE_VERSION
    taken = workshop.folder / "taken"
    taken.mkdir()
    (taken / "letter.txt").write_text("…")
    with pytest.raises(Refused) as refused:
        await workshop.restorer(made.file).restore(taken)
    assert refused.value.code is ErrorCode.NOT_OUR_FOLDER
    assert {each.name for each in workshop.folder.iterdir()} == {"data", "taken"}


async def test_the_second_folder_has_what_the_first_has(town: LiveTown, workshop: Workshop) -> None:
    stick = workshop.folder / "stick"
    first = await workshop.back_up(town.clone, copy=stick)
    assert "盘没有插好" in first.copy_failure
    assert not stick.exists()
    stick.mkdir()
    workshop.clock.travel(workshop.clock.now() + timedelta(hours=1))
    second = await workshop.back_up(town.clone, copy=stick)
    assert "同一块盘" in second.copy_failure
    for each in (first, second):
        assert measure(stick / each.file.name).sha256 == each.backup.sha256
    assert {each.name for each in stick.iterdir()} == {first.file.name, second.file.name}
    catalogue = read_catalogue(workshop.data)
    assert catalogue.copied_at == workshop.clock.now()
    # Nobody knows any more of what is here: nothing there is removed for that.
    (workshop.data / "backups" / "catalogue.json").write_text("")
    workshop.clock.travel(workshop.clock.now() + timedelta(hours=1))
    await workshop.back_up(town.clone, copy=stick)
    assert len(list(stick.glob("*.jimei"))) == len(list(first.file.parent.glob("*.jimei"))) == 3
