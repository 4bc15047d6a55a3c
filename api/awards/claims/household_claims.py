"""Queries on a household's claims, for its own page and before it ends."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import SQLColumnExpression, bindparam, func, select
from sqlalchemy.sql.selectable import LateralFromClause

from api.awards.claims.statuses import UNDER_WAY
from api.awards.claims.tables import Claim
from api.platform.services import UnitOfWork
from ledger.lookup import lateral_one

_IS_ON_NOTICE = (
    Claim.township == bindparam("township"),
    Claim.household == bindparam("household"),
    Claim.status == "approved",
    Claim.notice_until.is_not(None),
)
ON_NOTICE = (
    select(
        Claim.id,
        Claim.rule,
        Claim.rulebook,
        Claim.points,
        Claim.published,
        Claim.notice_until,
        Claim.notice_stopped_at,
    )
    .where(*_IS_ON_NOTICE)
    .order_by(Claim.notice_until, Claim.id)
)
"""Claims on public notice, the first to end first."""

VERSIONS_ON_NOTICE = select(Claim.rulebook).where(*_IS_ON_NOTICE)
"""The versions of their rulebooks."""


def claim_of(township: SQLColumnExpression[Any], transaction: SQLColumnExpression[Any]) -> LateralFromClause:
    """A lateral join: the explanation of the claim behind a transaction."""
    return lateral_one(
        select(Claim.explanation).where(Claim.township == township, Claim.id == transaction),
        "claimed",
    )


async def count_open_claims(uow: UnitOfWork, household: UUID) -> int:
    """How many claims of a household are neither refused nor in the books."""
    number = await uow.session.scalar(
        select(func.count()).where(
            Claim.township == uow.township,
            Claim.household == household,
            Claim.status.in_(UNDER_WAY),
        )
    )
    return number or 0
