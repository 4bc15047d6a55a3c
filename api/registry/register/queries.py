"""Queries about the register for other capabilities: facts, and rows to join in their statements."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    ScalarSelect,
    SQLColumnExpression,
    Subquery,
    Uuid,
    case,
    exists,
    func,
    select,
)
from sqlalchemy.orm import aliased
from sqlalchemy.sql.selectable import LateralFromClause

from api.platform.errors import ErrorCode, Refused
from api.platform.services import UnitOfWork
from api.registry.register.changes import ChangeKind
from api.registry.register.tables import Grid, Household, RecordedChange, Township, Village
from api.wire.text import look_alike_form
from ledger.lookup import lateral_one


@dataclass(frozen=True, slots=True)
class VillageFacts:
    code: str
    name: str
    notice_days: int


@dataclass(frozen=True, slots=True)
class GridFacts:
    code: str
    village: str
    name: str


@dataclass(frozen=True, slots=True)
class HouseholdFacts:
    """`people`: the number of persons. `ended_at`: from when on the household is no more; `merged_into`: what it
    has become."""

    id: UUID
    code: str
    village: str
    head: str
    people: int
    grid: str
    ended_at: datetime | None
    merged_into: UUID | None

    @property
    def is_living(self) -> bool:
        return self.ended_at is None


@dataclass(frozen=True, slots=True)
class RegisterSize:
    villages: int
    grids: int
    households: int


_FACTS = select(
    Household.id,
    Household.code,
    Household.village,
    Household.head,
    Household.people,
    Household.grid,
    Household.ended_at,
    Household.merged_into,
)

_LIVING: ColumnElement[bool] = Household.ended_at.is_(None)


async def is_initialized(uow: UnitOfWork) -> bool:
    return await uow.session.get(Township, uow.township) is not None


async def read_township_name(uow: UnitOfWork) -> str:
    return (await uow.session.execute(select(Township.name).where(Township.id == uow.township))).scalar_one()


async def list_villages(uow: UnitOfWork) -> list[VillageFacts]:
    """All villages, by code."""
    rows = await uow.session.execute(
        select(Village.code, Village.name, Village.notice_days)
        .where(Village.township == uow.township)
        .order_by(Village.code)
    )
    return [VillageFacts(*row) for row in rows]


async def list_grids(uow: UnitOfWork, village: str | None = None) -> list[GridFacts]:
    """All grids, or those of a village, by village and code."""
    rows = await uow.session.execute(
        select(Grid.code, Grid.village, Grid.name)
        .where(Grid.township == uow.township, *([] if village is None else [Grid.village == village]))
        .order_by(Grid.village, Grid.code)
    )
    return [GridFacts(*row) for row in rows]


async def list_grown_ups(uow: UnitOfWork, household: HouseholdFacts) -> list[str]:
    """The names of those of a household that are known, its head first."""
    adults = await uow.session.scalar(
        select(Household.adults).where(Household.township == uow.township, Household.id == household.id)
    )
    return list(dict.fromkeys([household.head, *(adults or [])]))


async def read_households(uow: UnitOfWork, ids: Collection[UUID] | None = None) -> dict[UUID, HouseholdFacts]:
    """The households with these ids; all of them if `ids` is None."""
    wanted = [] if ids is None else [Household.id.in_(ids)]
    return {household.id: household for household in await read_matching_households(uow, *wanted)}


async def read_households_by_code(uow: UnitOfWork, codes: Collection[str]) -> dict[str, HouseholdFacts]:
    """The households with these codes; nothing for an unknown code."""
    return {
        household.code: household for household in await read_matching_households(uow, Household.code.in_(codes))
    }


async def list_merged_into(uow: UnitOfWork, household: UUID) -> list[HouseholdFacts]:
    """The households that were merged into this one, by code; those merged into them stand with them."""
    return await read_matching_households(uow, Household.merged_into == household)


async def suggest_codes(uow: UnitOfWork, unknown: Collection[str]) -> dict[str, str]:
    """For each unknown code the one household whose code a reader could take it for, if there is just one."""
    if not unknown:
        return {}
    alike: defaultdict[str, list[str]] = defaultdict(list)
    for code in await uow.session.scalars(select(Household.code).where(Household.township == uow.township)):
        alike[look_alike_form(code)].append(code)
    found = {code: alike.get(look_alike_form(code), []) for code in unknown}
    return {code: codes[0] for code, codes in found.items() if len(codes) == 1}


async def read_matching_households(
    uow: UnitOfWork,
    *wanted: ColumnElement[bool],
    first: ColumnElement[bool] | None = None,
    limit: int | None = None,
) -> list[HouseholdFacts]:
    """By code; those for which `first` holds before all others."""
    order = [Household.code] if first is None else [first.desc(), Household.code]
    rows = await uow.session.execute(
        _FACTS.where(Household.township == uow.township, *wanted).order_by(*order).limit(limit)
    )
    return [HouseholdFacts(*row) for row in rows]


async def list_household_codes(uow: UnitOfWork, village: str) -> list[str]:
    """The codes of a village's living households, in order."""
    codes = await uow.session.scalars(
        select(Household.code)
        .where(Household.township == uow.township, Household.village == village, _LIVING)
        .order_by(Household.code)
    )
    return list(codes)


async def list_grid_households(uow: UnitOfWork, village: str, grid: str) -> list[HouseholdFacts]:
    """A grid's living households, by code."""
    return await read_matching_households(uow, Household.village == village, Household.grid == grid, _LIVING)


async def count_households(uow: UnitOfWork, villages: Collection[str]) -> dict[str, int]:
    """The number of living households in each of these villages."""
    rows = await uow.session.execute(
        select(Household.village, func.count())
        .where(Household.township == uow.township, Household.village.in_(villages), _LIVING)
        .group_by(Household.village)
    )
    return {village: number for village, number in rows}


async def count_by_grid(uow: UnitOfWork, villages: Collection[str]) -> dict[str, int]:
    """The number of living households in each grid of these villages."""
    rows = await uow.session.execute(
        select(Household.grid, func.count())
        .where(Household.township == uow.township, Household.village.in_(villages), _LIVING)
        .group_by(Household.grid)
    )
    return {grid: number for grid, number in rows}


async def count_register(uow: UnitOfWork) -> RegisterSize:
    """What there is; households that ended don't count."""

    def count(table: type[Village | Grid | Household], *those: ColumnElement[bool]) -> ScalarSelect[int]:
        found = select(func.count()).select_from(table).where(table.township == uow.township, *those)
        return found.scalar_subquery()

    counts = await uow.session.execute(select(count(Village), count(Grid), count(Household, _LIVING)))
    return RegisterSize(*counts.one())


def require_living(household: HouseholdFacts) -> HouseholdFacts:
    """Refuse what nobody does for a household any more that ended. Raises Refused: household-ended."""
    if household.is_living:
        return household
    raise Refused(ErrorCode.HOUSEHOLD_ENDED, tell_ended(household))


async def find_ended(uow: UnitOfWork, codes: Collection[str]) -> set[str]:
    """Those of these codes whose household has ended."""
    return {code for code, each in (await read_households_by_code(uow, codes)).items() if not each.is_living}


def tell_ended(household: HouseholdFacts) -> str:
    what = "已经并入别的户，请用那一户的编号" if household.merged_into is not None else "已经销户，不能再办"
    return f"{household.code} 户{what}。"


async def lock_households(uow: UnitOfWork, ids: Collection[UUID]) -> None:
    """Lock until the caller's transaction ends; rows that only refer to the households can still be written."""
    await uow.session.execute(
        select(Household.id)
        .where(Household.township == uow.township, Household.id.in_(ids))
        .order_by(Household.id)
        .with_for_update(key_share=True)
    )


# To build it took longer than many a statement with it: each caller names the same columns each time.
@lru_cache(maxsize=64)
def lateral_household(
    township: SQLColumnExpression[Any],
    id: SQLColumnExpression[Any],
    name: str = "household_of",
    *,
    said_at: SQLColumnExpression[datetime] | None = None,
) -> LateralFromClause:
    """`id`, `code`, `head`, `village` and `ended_at` of a household, to be joined, and `became`: the head of the
    household that a merged one has become. `said_at`: the head as it was then, for what was said on that day."""
    head = Household.head if said_at is None else func.coalesce(_head_at(township, id, said_at), Household.head)
    remaining = aliased(Household)
    became = (
        select(remaining.head)
        .where(
            remaining.township == township,
            remaining.id == func.remaining_household(township, id, type_=Uuid()),
        )
        .correlate_except(remaining)
        .scalar_subquery()
    )
    columns = (
        Household.id,
        Household.code,
        head.label("head"),
        Household.village,
        Household.ended_at,
        case((Household.merged_into.is_not(None), became)).label("became"),
    )
    return lateral_one(select(*columns).where(Household.township == township, Household.id == id), name)


def _head_at(
    township: SQLColumnExpression[Any], id: SQLColumnExpression[Any], said_at: SQLColumnExpression[datetime]
) -> ScalarSelect[str]:
    """The head before the first change of it since; null without one."""
    return (
        select(RecordedChange.before["head"].astext)
        .where(
            RecordedChange.township == township,
            RecordedChange.household == id,
            RecordedChange.kind == ChangeKind.HEAD,
            RecordedChange.recorded_at > said_at,
        )
        .order_by(RecordedChange.recorded_at)
        .limit(1)
        .correlate_except(RecordedChange)
        .scalar_subquery()
    )


def village_households(township: int, village: str) -> Subquery:
    """`id`, `code` and `head` of a village's living households, to be joined."""
    return (
        select(Household.id, Household.code, Household.head)
        .where(Household.township == township, Household.village == village, _LIVING)
        .subquery("of_village")
    )


def all_households(township: int) -> Subquery:
    """`id`, `code`, `head`, `village`, `grid` and `ended_at` of every household, to be joined."""
    columns = (Household.id, Household.code, Household.head, Household.village, Household.grid, Household.ended_at)
    return select(*columns).where(Household.township == township).subquery("each_household")


def lateral_village(township: SQLColumnExpression[Any], code: SQLColumnExpression[Any]) -> LateralFromClause:
    """The `name` of a village, to be joined."""
    return lateral_one(
        select(Village.name).where(Village.township == township, Village.code == code), "village_of"
    )


def household_exists(
    township: SQLColumnExpression[Any], code: SQLColumnExpression[Any], village: str | None
) -> ColumnElement[bool]:
    """Whether this is a household's code, in this village if one is given."""
    return exists().where(
        Household.township == township,
        Household.code == code,
        *([] if village is None else [Household.village == village]),
    )
