"""Initialise a township; register its villages, grids and households."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import insert
from uuid_utils.compat import uuid7

from api import wire
from api.platform import accounts
from api.platform.access import Role, Staff, require_township
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services
from api.registry.founding.defaults import read_defaults
from api.registry.people.use_cases import create_people
from api.registry.register.tables import Grid, Household, Township, Village


async def init_township(services: Services, name: str, first: wire.NewPerson) -> None:
    """Create the township, its issuing account and the first person of the office.

    Raises Refused: already-there.
    """
    async with services.unit_of_work() as uow:
        if await uow.session.get(Township, uow.township) is not None:
            raise Refused(ErrorCode.ALREADY_THERE, "这个数据库里已经有一个乡镇了。")
        uow.session.add(Township(id=uow.township, name=name, founded_at=uow.now))
        await uow.books.open_accounts([accounts.ISSUING], uow.now)
    await create_people(services, [first])


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
