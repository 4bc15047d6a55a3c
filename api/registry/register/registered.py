"""The whole register, as tables are compared with it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from api import wire
from api.platform.services import UnitOfWork
from api.registry.people.queries import PersonFacts, list_people
from api.registry.register.tables import Grid, Household, Village
from api.wire.base import from_store


@dataclass(frozen=True, slots=True)
class Register:
    """What is registered: villages' names, grids (code, village, name), households by code, the people, and the
    codes of households that are no more."""

    villages: Mapping[str, str]
    grids: Sequence[tuple[str, str, str]]
    households: Mapping[str, wire.NewHousehold]
    people: Sequence[PersonFacts] = ()
    ended: Collection[str] = frozenset()


async def read_registered(uow: UnitOfWork) -> Register:
    villages = await uow.session.execute(
        select(Village.code, Village.name).where(Village.township == uow.township).order_by(Village.code)
    )
    grids = await uow.session.execute(
        select(Grid.code, Grid.village, Grid.name).where(Grid.township == uow.township).order_by(Grid.code)
    )
    households = await uow.session.execute(
        select(
            Household.code, Household.village, Household.grid, Household.head, Household.people, Household.adults
        ).where(Household.township == uow.township, Household.ended_at.is_(None))
    )
    ended = await uow.session.scalars(
        select(Household.code).where(Household.township == uow.township, Household.ended_at.is_not(None))
    )
    with from_store():
        return Register(
            {code: name for code, name in villages},
            [(code, village, name) for code, village, name in grids],
            {
                code: wire.NewHousehold(
                    code=code, village=village, grid=grid, head=head, people=people, adults=adults
                )
                for code, village, grid, head, people, adults in households
            },
            await list_people(uow),
            frozenset(ended),
        )
