"""Initialise a township; register its villages, grids and households."""

from __future__ import annotations

from collections.abc import Sequence

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
        usual = (await read_defaults(uow)).notice_days
        await uow.session.execute(
            insert(Village),
            [
                {
                    "township": uow.township,
                    "code": v.code,
                    "name": v.name,
                    "notice_days": usual if v.notice_days is None else v.notice_days,
                }
                for v in villages
            ],
        )
    return len(villages)


async def add_grids(services: Services, staff: Staff, grids: Sequence[wire.NewGrid]) -> int:
    require_township(staff, Role.OFFICE)
    async with services.unit_of_work() as uow:
        await uow.session.execute(
            insert(Grid),
            [{"township": uow.township, "code": g.code, "village": g.village, "name": g.name} for g in grids],
        )
    return len(grids)


async def add_households(services: Services, staff: Staff, households: Sequence[wire.NewHousehold]) -> int:
    """Register households and open their points accounts."""
    require_township(staff, Role.OFFICE)
    async with services.unit_of_work() as uow:
        await uow.session.execute(
            insert(Household),
            [
                {
                    "township": uow.township,
                    "id": uuid7(),
                    "code": h.code,
                    "village": h.village,
                    "grid": h.grid,
                    "head": h.head,
                    "people": h.people,
                    "adults": h.adults,
                }
                for h in households
            ],
        )
        await uow.books.open_accounts([accounts.household(h.code) for h in households], uow.now)
    return len(households)
