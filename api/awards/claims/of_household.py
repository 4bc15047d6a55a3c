"""What a household's own page asks about its claims."""

from __future__ import annotations

from typing import Any

from sqlalchemy import SQLColumnExpression, bindparam, select
from sqlalchemy.sql.selectable import LateralFromClause

from api.awards.claims.tables import Claim
from ledger.lookup import lateral_one

_STANDING = (
    Claim.township == bindparam("township"),
    Claim.household == bindparam("household"),
    Claim.status == "approved",
    Claim.notice_until.is_not(None),
)
ON_NOTICE = (
    select(Claim.rule, Claim.rulebook, Claim.points, Claim.published, Claim.notice_until)
    .where(*_STANDING)
    .order_by(Claim.notice_until, Claim.id)
)
"""Those that stand on the public notice, the first to end first."""

VERSIONS_ON_NOTICE = select(Claim.rulebook).where(*_STANDING)
"""Of the rulebooks that these were declared under."""


def subject_of(township: SQLColumnExpression[Any], transaction: SQLColumnExpression[Any]) -> LateralFromClause:
    """Whether the claim that began a transaction is published, and how it came to its points: to be joined."""
    return lateral_one(
        select(Claim.published, Claim.explanation).where(Claim.township == township, Claim.id == transaction),
        "claimed",
    )
