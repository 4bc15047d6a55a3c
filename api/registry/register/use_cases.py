"""Found a township; register its villages, grids and households."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import insert
from uuid_utils.compat import uuid7

from api import wire
from api.platform import accounts
from api.platform.access import Role, Staff, require
from api.platform.problems import Refused
from api.platform.town import Town
from api.registry.people.use_cases import register
from api.registry.register.tables import Grid, Household, Township, Village


async def found(town: Town, name: str, first: wire.NewPerson) -> None:
    """Begin: the township, its issuing account and the first person of the office.

    Raises Refused: already-there.
    """
    async with town.work() as work:
        if await work.session.get(Township, work.township) is not None:
            raise Refused("already-there", "这个数据库里已经有一个乡镇了。")
        work.session.add(Township(id=work.township, name=name, founded_at=work.now))
        await work.books.open([accounts.ISSUING], work.now)
    await register(town, [first])


async def add_villages(town: Town, staff: Staff, villages: Sequence[wire.NewVillage]) -> int:
    require(staff, Role.OFFICE)
    async with town.work() as work:
        await work.session.execute(
            insert(Village),
            [
                {"township": work.township, "code": v.code, "name": v.name, "notice_days": v.notice_days}
                for v in villages
            ],
        )
    return len(villages)


async def add_grids(town: Town, staff: Staff, grids: Sequence[wire.NewGrid]) -> int:
    require(staff, Role.OFFICE)
    async with town.work() as work:
        await work.session.execute(
            insert(Grid),
            [{"township": work.township, "code": g.code, "village": g.village, "name": g.name} for g in grids],
        )
    return len(grids)


async def add_households(town: Town, staff: Staff, households: Sequence[wire.NewHousehold]) -> int:
    """Register households and open their points accounts."""
    require(staff, Role.OFFICE)
    async with town.work() as work:
        await work.session.execute(
            insert(Household),
            [
                {
                    "township": work.township,
                    "id": uuid7(),
                    "code": h.code,
                    "village": h.village,
                    "grid": h.grid,
                    "head": h.head,
                    "people": h.people,
                }
                for h in households
            ],
        )
        await work.books.open([accounts.household(h.code) for h in households], work.now)
    return len(households)
