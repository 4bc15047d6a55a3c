"""A returned claim is corrected by a new one that replaces it: the chain is its history."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_, select, true
from sqlalchemy.orm import aliased

from api.awards.claims.tables import Claim
from api.platform.access import Staff
from api.platform.services import UnitOfWork

NOT_CORRECTABLE = "要更正的那条申报没有退回给您，或者已经更正过，请刷新页面。"


@cache
def awaits_correction() -> ColumnElement[bool]:
    """The condition for claims that were returned and have no successor."""
    successor = aliased(Claim)
    has_successor = (
        select(successor.id).where(successor.township == Claim.township, successor.replaces == Claim.id).exists()
    )
    return (Claim.status == "returned") & ~has_successor


def is_theirs(staff: Staff) -> ColumnElement[bool]:
    """The condition for what this person may correct: their own, and what a household of their village declared
    itself."""
    in_village = true() if staff.village is None else Claim.village == staff.village
    return or_(Claim.declared_by == staff.id, and_(Claim.declared_by.is_(None), in_village))


def is_own(households: Collection[UUID]) -> ColumnElement[bool]:
    """The condition for what these households may correct."""
    return and_(Claim.declared_by.is_(None), Claim.household.in_(households))


async def lock_correctable(
    uow: UnitOfWork, staff: Staff | None, households: Collection[UUID], ids: Collection[UUID]
) -> set[UUID]:
    """Those of these claims that this person, or without one these households, may correct now. Locked, so that
    each is corrected once."""
    if not ids:
        return set()
    theirs = is_theirs(staff) if staff is not None else is_own(households)
    those = [Claim.township == uow.township, Claim.id.in_(ids), theirs]
    # The lock first, so that a successor is seen which was declared meanwhile.
    await uow.session.execute(select(Claim.id).where(*those).order_by(Claim.id).with_for_update())
    return set(await uow.session.scalars(select(Claim.id).where(*those, awaits_correction())))
