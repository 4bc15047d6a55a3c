"""Households that were merged into others: what each has become, and which ones it has taken in."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import select

from api.platform.services import UnitOfWork
from api.registry.register.queries import HouseholdFacts, read_households
from api.registry.register.tables import Household


async def read_remaining(uow: UnitOfWork, household: HouseholdFacts) -> HouseholdFacts:
    """What a household has become, by one merger after another; itself if it wasn't merged."""
    while household.merged_into is not None:
        household = (await read_households(uow, [household.merged_into]))[household.merged_into]
    return household


async def read_absorbed(uow: UnitOfWork, ids: Collection[UUID]) -> dict[UUID, UUID]:
    """All households that these have taken in, one merger after another: each with the one that it has become."""
    absorbed: dict[UUID, UUID] = {}
    layer = {id: id for id in ids}
    while layer:
        rows = await uow.session.execute(
            select(Household.id, Household.merged_into).where(
                Household.township == uow.township,
                Household.merged_into.is_not(None),
                Household.merged_into.in_(layer),
            )
        )
        layer = {id: layer[into] for id, into in rows if into is not None}
        absorbed |= layer
    return absorbed
