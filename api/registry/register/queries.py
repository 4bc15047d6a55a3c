"""What others ask the register: facts for their code, and rows to join for their statements."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, ScalarSelect, SQLColumnExpression, Subquery, exists, func, or_, select
from sqlalchemy.sql.selectable import LateralFromClause

from api.platform.access import Staff
from api.platform.services import Services, UnitOfWork
from api.registry.register.tables import Grid, Household, Township, Village
from ledger.lookup import lateral_one


@dataclass(frozen=True, slots=True)
class VillageFacts:
    code: str
    name: str
    notice_days: int


@dataclass(frozen=True, slots=True)
class HouseholdFacts:
    """`people`: how many live there."""

    id: UUID
    code: str
    village: str
    head: str
    people: int


@dataclass(frozen=True, slots=True)
class Size:
    villages: int
    grids: int
    households: int


_FACTS = select(Household.id, Household.code, Household.village, Household.head, Household.people)


async def is_initialized(uow: UnitOfWork) -> bool:
    return await uow.session.get(Township, uow.township) is not None


async def township_name(uow: UnitOfWork) -> str:
    return (await uow.session.execute(select(Township.name).where(Township.id == uow.township))).scalar_one()


async def villages(uow: UnitOfWork) -> list[VillageFacts]:
    """All of them, by code."""
    rows = await uow.session.execute(
        select(Village.code, Village.name, Village.notice_days)
        .where(Village.township == uow.township)
        .order_by(Village.code)
    )
    return [VillageFacts(*row) for row in rows]


async def households(uow: UnitOfWork, ids: Collection[UUID] | None = None) -> dict[UUID, HouseholdFacts]:
    """Those of these ids that there are; all households where none are given."""
    wanted = [] if ids is None else [Household.id.in_(ids)]
    return {household.id: household for household in await _households(uow, *wanted)}


async def households_by_code(uow: UnitOfWork, codes: Collection[str]) -> dict[str, HouseholdFacts]:
    """Those of these codes that there are."""
    return {household.code: household for household in await _households(uow, Household.code.in_(codes))}


async def _households(uow: UnitOfWork, *wanted: ColumnElement[bool]) -> list[HouseholdFacts]:
    rows = await uow.session.execute(_FACTS.where(Household.township == uow.township, *wanted))
    return [HouseholdFacts(*row) for row in rows]


async def households_like(services: Services, staff: Staff, text: str, limit: int = 20) -> list[HouseholdFacts]:
    """Households this person serves, by their code or by part of the head's name; a code in full is one."""
    like = [or_(Household.code == text.lower(), Household.head.contains(text, autoescape=True))]
    if staff.village is not None:
        like.append(Household.village == staff.village)
    async with services.unit_of_work() as uow:
        rows = await uow.session.execute(
            _FACTS.where(Household.township == uow.township, *like).order_by(Household.code).limit(limit)
        )
        found = [HouseholdFacts(*row) for row in rows]
    return [h for h in found if h.code == text.lower()] or found


async def codes_of(uow: UnitOfWork, village: str) -> list[str]:
    """The households of a village, in order."""
    codes = await uow.session.scalars(
        select(Household.code)
        .where(Household.township == uow.township, Household.village == village)
        .order_by(Household.code)
    )
    return list(codes)


async def households_in(uow: UnitOfWork, villages: Collection[str]) -> dict[str, int]:
    """How many households each of these villages has."""
    rows = await uow.session.execute(
        select(Household.village, func.count())
        .where(Household.township == uow.township, Household.village.in_(villages))
        .group_by(Household.village)
    )
    return {village: number for village, number in rows}


async def size(uow: UnitOfWork) -> Size:
    def number(table: type[Village | Grid | Household]) -> ScalarSelect[int]:
        return select(func.count()).select_from(table).where(table.township == uow.township).scalar_subquery()

    counted = await uow.session.execute(select(number(Village), number(Grid), number(Household)))
    return Size(*counted.one())


async def lock_households(uow: UnitOfWork, ids: Collection[UUID]) -> None:
    """Until the caller's transaction ends nobody else locks them; who only refers to them goes on."""
    await uow.session.execute(
        select(Household.id)
        .where(Household.township == uow.township, Household.id.in_(ids))
        .order_by(Household.id)
        .with_for_update(key_share=True)
    )


def household_of(
    township: SQLColumnExpression[Any], id: SQLColumnExpression[Any], name: str = "household_of"
) -> LateralFromClause:
    """`id`, `code`, `head` and `village` of a household, to be joined."""
    columns = (Household.id, Household.code, Household.head, Household.village)
    return lateral_one(select(*columns).where(Household.township == township, Household.id == id), name)


def of_village(township: int, village: str) -> Subquery:
    """`id`, `code` and `head` of a village's households, to be joined."""
    return (
        select(Household.id, Household.code, Household.head)
        .where(Household.township == township, Household.village == village)
        .subquery("of_village")
    )


def village_of(township: SQLColumnExpression[Any], code: SQLColumnExpression[Any]) -> LateralFromClause:
    """The `name` of a village, to be joined."""
    return lateral_one(
        select(Village.name).where(Village.township == township, Village.code == code), "village_of"
    )


def is_household(
    township: SQLColumnExpression[Any], code: SQLColumnExpression[Any], village: str | None
) -> ColumnElement[bool]:
    """Whether this is a household's code; of this village, where one is given."""
    return exists().where(
        Household.township == township,
        Household.code == code,
        *([] if village is None else [Household.village == village]),
    )
