"""Recorded claims, for simulations."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import func, select

from api.awards.claims.corrections import points_taken_back
from api.awards.claims.statuses import COUNTS, FALLEN
from api.awards.claims.tables import Claim
from api.platform.services import UnitOfWork

_FALLEN = ", ".join(f"'{status}'" for status in FALLEN)
RECORDED_CLAIMS = f"""
    select id, rule, deed_on, household, person, inputs::text, category, points, published
      from claim
     where township = $1 and village = $2 and status not in ({_FALLEN}) and deed_on between $3 and $4
     order by declared_at, id
"""
"""For a cursor of the database driver: the claims of a village for deeds between two days, in the order in which
they were evaluated."""


async def count_by_village(uow: UnitOfWork, first: date, last: date) -> dict[str, int]:
    """The number of claims for deeds between these days."""
    conditions = (Claim.township == uow.township, COUNTS, Claim.deed_on.between(first, last))
    rows = await uow.session.execute(
        select(Claim.village, func.count()).where(*conditions).group_by(Claim.village)
    )
    return dict(rows.all())


async def points_taken_back_in(uow: UnitOfWork, village: str) -> dict[UUID, int]:
    """Points of a village's claims that were taken back by corrections."""
    return await points_taken_back(uow, Claim.village == village)


async def rulebook_versions(uow: UnitOfWork) -> Sequence[str]:
    """The versions of the rulebooks that claims were declared under."""
    versions = await uow.session.scalars(select(Claim.rulebook).where(Claim.township == uow.township).distinct())
    return versions.all()
