"""Backups of a PostgreSQL of the operator's own, and onto one: Debian's 15, by logins that can do no more than
they must."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import text

from api.bookkeeping.seals.use_cases import seal
from api.bookkeeping.verification import verify_books
from api.opening import open_services
from api.platform.database.drift import check_database
from api.platform.database.migrations import RESTORING
from api.platform.errors import ErrorCode, Refused
from tests.api.asking import rows
from tests.api.bookkeeping.backup.conftest import Workshop
from tests.conftest import LiveTown
from tests.own_server import LOGIN, OWNER, PASSWORD, OwnServer, own_server, with_own_server

pytestmark = with_own_server


@pytest.fixture(scope="module")
def own() -> Iterator[OwnServer]:
    with own_server() as server:
        yield server


@pytest.mark.slow
async def test_from_the_embedded_server_to_one_s_own_and_back(
    town: LiveTown, workshop: Workshop, own: OwnServer
) -> None:
    """From 18 to 15, whose owner can create nothing; the application's login backs it up again."""
    await town.put_on_notice("hp-2", 7)
    made = await workshop.back_up(town.clone)
    await own.administer(
        "create role jimei_app nologin",
        f"create role {LOGIN} login password '{PASSWORD}' in role jimei_app",
        f"create database moved owner {OWNER} encoding 'UTF8' template template0",
        f"alter role {OWNER} nocreatedb nocreaterole",
    )
    clone = own.clone("moved")
    there = replace(workshop.access(clone), data=workshop.folder / "restored")
    # As a restore leaves it that was killed.
    await own.administer(f"create schema {RESTORING}", "create table public.half ()", database="moved")
    await own.administer(f"alter schema {RESTORING} owner to {OWNER}", database="moved")
    with pytest.raises(Refused, match="没有恢复完"):
        async with open_services(there, workshop.clock):
            pass
    data, restored = await workshop.restore(made.file, there)
    assert restored.discrepancies == []
    assert {each.name for each in data.iterdir()} == {"seal.key", "backups"}
    # That check builds a database beside it.
    await own.administer(f"alter role {OWNER} createdb")
    assert await check_database(clone.owner)
    async with open_services(there, workshop.clock) as services:
        while await seal(services):
            pass
        assert (await verify_books(services, lambda *_: None, beside_tills=False)).discrepancies == []
        async with services.unit_of_work() as uow:
            recorded = await uow.session.scalar(text("select count(*) from ledger.transaction"))
    assert [(recorded,)] == await rows(town, "select count(*) from ledger.transaction")
    with pytest.raises(Refused, match="已有东西") as taken:
        await workshop.restorer(made.file).restore(workshop.folder / "another", there)
    assert taken.value.code is ErrorCode.DATABASE_CHANGED

    # The server's own process knows the application's login alone.
    again = await workshop.back_up(clone, prove=True, by_owner=False)
    assert (again.discrepancies, again.backup.proven_at) == ([], workshop.clock.now())
