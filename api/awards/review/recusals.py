"""How often somebody kept out of a decision: published as a number, by name for the supervisors alone."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select

from api.awards.claims.tables import Claim
from api.awards.review.tables import ClaimRecusal
from api.platform.services import UnitOfWork


async def count_recusals(uow: UnitOfWork, village: str, since: datetime) -> int:
    """Once for each person and decision."""
    number = await uow.session.scalar(
        select(func.count())
        .select_from(ClaimRecusal)
        .join(Claim, (Claim.township == ClaimRecusal.township) & (Claim.id == ClaimRecusal.claim))
        .where(ClaimRecusal.township == uow.township, Claim.village == village, ClaimRecusal.recused_at > since)
    )
    return number or 0
