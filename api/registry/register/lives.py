"""A household begins out of another, ends, and lives again: its row and its account."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import func, insert, update
from uuid_utils.compat import uuid7

from api import wire
from api.platform import accounts
from api.platform.services import UnitOfWork
from api.registry.register.queries import HouseholdFacts
from api.registry.register.tables import Household


async def branch_household(uow: UnitOfWork, old: HouseholdFacts, new: wire.SplitHousehold) -> UUID:
    """Some people of a household become one of their own, in the same village; returns its id."""
    id = uuid7()
    await uow.session.execute(
        insert(Household),
        {
            "township": uow.township,
            "id": id,
            "code": new.code,
            "village": old.village,
            "grid": new.grid,
            "head": new.head,
            "people": new.people,
        },
    )
    await uow.books.open_accounts([accounts.household(new.code)], uow.now)
    await _update(uow, old, people=old.people - new.people, adults=func.array_remove(Household.adults, new.head))
    return id


async def end_household(uow: UnitOfWork, household: HouseholdFacts, merged_into: UUID | None = None) -> None:
    await _update(uow, household, ended_at=uow.now, merged_into=merged_into)


async def revive_household(uow: UnitOfWork, household: HouseholdFacts) -> None:
    await _update(uow, household, ended_at=None, merged_into=None)


async def _update(uow: UnitOfWork, household: HouseholdFacts, **values: object) -> None:
    await uow.session.execute(
        update(Household).where(Household.township == uow.township, Household.id == household.id).values(**values)
    )
