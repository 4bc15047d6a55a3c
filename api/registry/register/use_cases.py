"""Initialise a township; register its villages, grids and households."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import insert
from sqlalchemy.dialects.postgresql import insert as insert_or
from uuid_utils.compat import uuid7

from api import wire
from api.platform import accounts
from api.platform.access import Role, Staff, require_township
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from api.registry.founding.defaults import read_defaults
from api.registry.people.use_cases import insert_people
from api.registry.register.tables import Grid, Household, Township, Village
from api.registry.tries.use_cases import hash_secret


async def init_township(services: Services, name: str, first: wire.NewPerson) -> None:
    """Create the township, its issuing account and the first person of the office.

    Raises Refused: already-there.
    """
    hashes = [await hash_secret(first.password) if first.password else None]
    async with services.unit_of_work() as uow:
        await create_township(uow, name)
        await insert_people(uow, [first], None, hashes)


async def create_township(uow: UnitOfWork, name: str) -> None:
    """The township and its issuing account. Of two at once one is refused. Raises Refused: already-there."""
    created = await uow.session.scalar(
        insert_or(Township)
        .values(id=uow.township, name=name, founded_at=uow.now)
        .on_conflict_do_nothing()
        .returning(Township.id)
    )
    if created is None:
        raise Refused(ErrorCode.ALREADY_THERE, "这个数据库里已经有一个乡镇了。")
    await uow.books.open_accounts([accounts.ISSUING], uow.now)


async def add_villages(services: Services, staff: Staff, villages: Sequence[wire.NewVillage]) -> int:
    require_township(staff, Role.OFFICE)
    async with services.unit_of_work() as uow:
        await insert_villages(uow, villages)
    return len(villages)


async def add_grids(services: Services, staff: Staff, grids: Sequence[wire.NewGrid]) -> int:
    require_township(staff, Role.OFFICE)
    async with services.unit_of_work() as uow:
        await insert_grids(uow, grids)
    return len(grids)


async def add_households(services: Services, staff: Staff, households: Sequence[wire.NewHousehold]) -> int:
    """Register households and open their points accounts."""
    require_township(staff, Role.OFFICE)
    async with services.unit_of_work() as uow:
        await insert_households(uow, households)
    return len(households)


async def insert_villages(uow: UnitOfWork, villages: Sequence[wire.NewVillage]) -> None:
    usual = (await read_defaults(uow)).notice_days
    days = [usual if each.notice_days is None else each.notice_days for each in villages]
    rows = [row | {"notice_days": n} for row, n in zip(_make_rows(uow, villages), days, strict=True)]
    await uow.session.execute(insert(Village), rows)


async def insert_grids(uow: UnitOfWork, grids: Sequence[wire.NewGrid]) -> None:
    await uow.session.execute(insert(Grid), _make_rows(uow, grids))


async def insert_households(uow: UnitOfWork, households: Sequence[wire.NewHousehold]) -> None:
    """With their points accounts."""
    rows = [row | {"id": uuid7()} for row in _make_rows(uow, households)]
    await uow.session.execute(insert(Household), rows)
    await uow.books.open_accounts([accounts.household(each.code) for each in households], uow.now)


def _make_rows(
    uow: UnitOfWork, records: Sequence[wire.NewVillage] | Sequence[wire.NewGrid] | Sequence[wire.NewHousehold]
) -> list[dict[str, Any]]:
    return [{"township": uow.township} | msgspec.structs.asdict(each) for each in records]
