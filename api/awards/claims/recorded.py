"""Claims as they were recorded, for whoever judges them anew."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import func, select

from api.awards.claims.corrections import taken_back
from api.awards.claims.tables import Claim
from api.platform.services import UnitOfWork

RECORDED = """
    select id, rule, deed_on, household, person, inputs::text, category, points
      from claim
     where township = $1 and village = $2 and status <> 'refused' and deed_on between $3 and $4
     order by declared_at, id
"""
"""For a cursor of the driver's own: the claims of a village with deeds between two days, in the order in which
they were judged."""


async def count_by_village(uow: UnitOfWork, first: date, last: date) -> dict[str, int]:
    """How many claims there are of deeds between these days."""
    of = (Claim.township == uow.township, Claim.status != "refused", Claim.deed_on.between(first, last))
    rows = await uow.session.execute(select(Claim.village, func.count()).where(*of).group_by(Claim.village))
    return dict(rows.all())


async def taken_back_in(uow: UnitOfWork, village: str) -> dict[UUID, int]:
    """Points that corrections took back of a village's claims."""
    return await taken_back(uow, Claim.village == village)


async def versions(uow: UnitOfWork) -> Sequence[str]:
    """Of the rulebooks that claims were declared under."""
    used = await uow.session.scalars(select(Claim.rulebook).where(Claim.township == uow.township).distinct())
    return used.all()
