"""What others ask about people: their names and their duties."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import ScalarSelect, SQLColumnExpression, any_, func, select

from api.platform.access import Role
from api.platform.services import UnitOfWork
from api.registry.people.tables import Person


async def names(uow: UnitOfWork, ids: Collection[UUID] | None = None) -> dict[UUID, str]:
    """Names by id; everybody's where no ids are given."""
    wanted = [] if ids is None else [Person.id.in_(ids)]
    rows = await uow.session.execute(
        select(Person.id, Person.name).where(Person.township == uow.township, *wanted)
    )
    return dict(rows.all())


async def supervisors(uow: UnitOfWork, village: str) -> list[str]:
    """The names of a village's own supervisors."""
    found = await uow.session.scalars(
        select(Person.name)
        .where(
            Person.township == uow.township,
            Person.village == village,
            any_(Person.roles) == Role.SUPERVISOR,
        )
        .order_by(Person.name)
    )
    return list(found)


async def duties(uow: UnitOfWork) -> dict[str, int]:
    """How many people there are in each role."""
    role = func.unnest(Person.roles).label("role")
    rows = await uow.session.execute(
        select(role, func.count()).where(Person.township == uow.township).group_by(role).order_by(role)
    )
    return dict(rows.all())


def name_of(township: SQLColumnExpression[Any], id: SQLColumnExpression[Any]) -> ScalarSelect[str]:
    """A person's name, as a column of another's statement."""
    found = select(Person.name).where(Person.township == township, Person.id == id)
    return found.correlate_except(Person).scalar_subquery()
