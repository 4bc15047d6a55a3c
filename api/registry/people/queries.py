"""Queries about staff for other capabilities: names and roles."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BindParameter,
    ScalarSelect,
    Select,
    SQLColumnExpression,
    Text,
    Uuid,
    and_,
    any_,
    bindparam,
    column,
    func,
    or_,
    select,
    table,
)
from sqlalchemy.orm import aliased

from api.platform.access import Role, Staff
from api.platform.clock import local_date
from api.platform.services import UnitOfWork
from api.registry.freezes.queries import read_freeze, select_freeze
from api.registry.people.tables import Person, Relative
from api.wire.text import search_form

# The register's, which itself asks about people: only its names are read here.
_VILLAGE = table("village", column("township"), column("code"), column("name"))


@dataclass(frozen=True, slots=True)
class PersonFacts:
    """`village`: None for who serves the whole township. `household`: where they live, if it is known."""

    login: str
    name: str
    roles: tuple[str, ...]
    village: str | None
    grid: str | None
    household: str | None


async def list_people(uow: UnitOfWork) -> list[PersonFacts]:
    """Everybody who is or was registered, by login."""
    rows = await uow.session.execute(
        select(Person.login, Person.name, Person.roles, Person.village, Person.grid, Person.household)
        .where(Person.township == uow.township)
        .order_by(Person.login)
    )
    return [PersonFacts(login, name, tuple(roles), *where) for login, name, roles, *where in rows]


async def read_names(uow: UnitOfWork, ids: Collection[UUID] | None = None) -> dict[UUID, str]:
    """Names by id; everybody's if `ids` is None."""
    wanted = [] if ids is None else [Person.id.in_(ids)]
    rows = await uow.session.execute(
        select(Person.id, Person.name).where(Person.township == uow.township, *wanted)
    )
    return dict(rows.all())


async def find_people(uow: UnitOfWork, text: str) -> list[UUID]:
    """Those with this text in their name, whether they still serve or not."""
    wanted = search_form(text)
    return [id for id, name in (await read_names(uow)).items() if wanted in search_form(name)]


async def read_villages(uow: UnitOfWork, ids: Collection[UUID]) -> dict[UUID, str | None]:
    """The village that each of these people serves; None for the whole township."""
    rows = await uow.session.execute(
        select(Person.id, Person.village).where(Person.township == uow.township, Person.id.in_(ids))
    )
    return dict(rows.all())


async def name_villages(uow: UnitOfWork) -> dict[str, str]:
    """The villages' names by code."""
    rows = await uow.session.execute(
        select(_VILLAGE.c.code, _VILLAGE.c.name).where(_VILLAGE.c.township == uow.township)
    )
    return dict(rows.all())


async def read_registrars(uow: UnitOfWork, ids: Collection[UUID]) -> dict[UUID, str]:
    """The name of who registered each of these people, as far as it is known."""
    registrar = aliased(Person)
    rows = await uow.session.execute(
        select(Person.id, registrar.name)
        .join(registrar, (registrar.township == Person.township) & (registrar.id == Person.registered_by))
        .where(Person.township == uow.township, Person.id.in_(ids))
    )
    return dict(rows.all())


RESET_COUNTS_FOR = timedelta(days=7)
"""For so long whoever gave somebody a new password and that person aren't two people."""


def _select_staff() -> Select[*tuple[Any, ...]]:
    # Households that were merged into each other are one household to those who live there.
    relatives = select(func.same_household(Relative.township, Relative.household)).where(
        Relative.township == Person.township, Relative.person == Person.id, Relative.withdrawn_at.is_(None)
    )
    own = select(func.same_household(Person.township, Person.household))
    other = aliased(Person)
    since: BindParameter[datetime] = bindparam("resets_since")
    doubles = select(other.id).where(
        other.township == Person.township,
        or_(
            and_(other.reset_by == Person.id, other.reset_at > since),
            and_(other.id == Person.reset_by, Person.reset_at > since),
        ),
    )
    return select(
        Person.id,
        Person.name,
        Person.roles,
        Person.village,
        func.array(own.correlate(Person).scalar_subquery(), type_=ARRAY(Text)),
        func.array(relatives.correlate(Person).scalar_subquery(), type_=ARRAY(Text)),
        func.array(doubles.correlate(Person).scalar_subquery(), type_=ARRAY(Uuid)),
        select_freeze(Person.township, person=Person.id),
    ).where(Person.township == bindparam("township"))


# Built once: every request asks who signed in, and to build the statement takes longer than to run it.
STAFF = _select_staff()
"""Of `person` in a township: the row of a `Staff`. Its parameters: `bind_staff`."""
_STAFF_BY_ID = STAFF.where(Person.id == bindparam("id"))
_SERVING = STAFF.where(Person.id == any_(bindparam("ids", type_=ARRAY(Uuid))), Person.ended_at.is_(None))
_EVER_SERVED = STAFF.where(Person.id == any_(bindparam("ids", type_=ARRAY(Uuid))))
_STAFF_BY_LOGIN = STAFF.where(Person.login == bindparam("login"), Person.ended_at.is_(None))


def bind_staff(uow: UnitOfWork, **more: Any) -> dict[str, Any]:
    """The parameters of `STAFF`, and `more` of a statement made from it."""
    return {"township": uow.township, "resets_since": uow.now - RESET_COUNTS_FOR, **more}


def to_staff(uow: UnitOfWork, row: Sequence[Any]) -> Staff:
    id, name, roles, village, own, relatives, doubles, stored = row
    freeze = read_freeze(stored, local_date(uow.now))
    frozen = freeze.tell("您", "只能看，不能办") if freeze is not None else ""
    kin, others = (frozenset(own), frozenset(relatives)), frozenset(doubles)
    return Staff(id, name, frozenset(roles), village, *kin, others, frozen)


async def find_staff(uow: UnitOfWork, id: UUID) -> Staff:
    """A member of staff, signed in or not."""
    rows = await uow.session.execute(_STAFF_BY_ID, bind_staff(uow, id=id))
    return to_staff(uow, rows.one())


async def find_serving(uow: UnitOfWork, ids: Collection[UUID]) -> dict[UUID, Staff]:
    """Those of these who serve."""
    rows = await uow.session.execute(_SERVING, bind_staff(uow, ids=list(ids)))
    return {staff.id: staff for staff in (to_staff(uow, row) for row in rows)}


async def read_staff(uow: UnitOfWork, ids: Collection[UUID]) -> dict[UUID, Staff]:
    """These, whether they still serve or not."""
    rows = await uow.session.execute(_EVER_SERVED, bind_staff(uow, ids=list(ids)))
    return {staff.id: staff for staff in (to_staff(uow, row) for row in rows)}


async def list_staff(uow: UnitOfWork, roles: Collection[Role]) -> list[Staff]:
    """Those who serve in one of these roles, by name."""
    rows = await uow.session.execute(
        STAFF.where(Person.ended_at.is_(None), or_(*(any_(Person.roles) == role for role in roles))).order_by(
            Person.name, Person.login
        ),
        bind_staff(uow),
    )
    return [to_staff(uow, row) for row in rows]


async def find_staff_by_login(uow: UnitOfWork, login: str) -> Staff | None:
    """Of those who serve."""
    rows = await uow.session.execute(_STAFF_BY_LOGIN, bind_staff(uow, login=login))
    found = rows.first()
    return None if found is None else to_staff(uow, found)


async def list_of_household(uow: UnitOfWork, household: str) -> list[str]:
    """The names of those who serve and live in this household."""
    found = await uow.session.scalars(
        select(Person.name)
        .where(Person.township == uow.township, Person.household == household)
        .order_by(Person.name)
    )
    return list(found)


async def list_kin(uow: UnitOfWork, household: str) -> set[str]:
    """The codes of this household and of those that people who live in it declared to be a relative's, with all
    that is one with them by mergers."""
    own = select(func.same_household(uow.township, household))
    relatives = (
        select(func.same_household(Relative.township, Relative.household))
        .join(Person, (Person.township == Relative.township) & (Person.id == Relative.person))
        .where(
            Relative.township == uow.township,
            Relative.withdrawn_at.is_(None),
            Person.household.in_(own.scalar_subquery()),
        )
    )
    return set(await uow.session.scalars(own.union(relatives)))


async def lock_person(uow: UnitOfWork, id: UUID) -> None:
    """Lock until the caller's transaction ends; rows that only refer to the person can still be written."""
    await uow.session.execute(
        select(Person.id).where(Person.township == uow.township, Person.id == id).with_for_update(key_share=True)
    )


async def list_supervisors(uow: UnitOfWork, village: str) -> list[str]:
    """The names of a village's supervisors."""
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


async def count_roles(uow: UnitOfWork) -> dict[str, int]:
    """The number of people in each role."""
    role = func.unnest(Person.roles).label("role")
    rows = await uow.session.execute(
        select(role, func.count()).where(Person.township == uow.township).group_by(role).order_by(role)
    )
    return dict(rows.all())


def name_subquery(township: SQLColumnExpression[Any], id: SQLColumnExpression[Any]) -> ScalarSelect[str]:
    """A person's name, as a column of a larger statement."""
    found = select(Person.name).where(Person.township == township, Person.id == id)
    return found.correlate_except(Person).scalar_subquery()
