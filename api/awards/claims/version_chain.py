"""A claim and those that it corrects or that correct it: one deed, told again."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import aliased

from api.awards.claims.tables import Claim
from api.platform.services import UnitOfWork


def select_versions(uow: UnitOfWork, claim: UUID) -> Select[tuple[UUID]]:
    """The ids of all of them, itself among them."""
    chain = select(Claim.id, Claim.replaces).where(Claim.township == uow.township, Claim.id == claim)
    versions = chain.cte(recursive=True)
    other = aliased(Claim)
    versions = versions.union(
        select(other.id, other.replaces).join(
            versions,
            (other.township == uow.township)
            & or_(other.id == versions.c.replaces, other.replaces == versions.c.id),
        )
    )
    return select(versions.c.id)
