"""When households redeemed, for other capabilities' statements."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, SQLColumnExpression, exists, func, select

from api.shop.redemptions.tables import Redemption


def redeemed_since(
    township: int, household: SQLColumnExpression[Any], since: SQLColumnExpression[datetime]
) -> ColumnElement[bool]:
    return exists().where(
        Redemption.township == township, Redemption.household == household, Redemption.recorded_at >= since
    )


def last_redemption(
    township: int,
    household: SQLColumnExpression[Any],
    since: SQLColumnExpression[datetime],
    until: ColumnElement[datetime],
) -> ScalarSelect[datetime]:
    """The last one from `since` on and before `until`."""
    return (
        select(func.max(Redemption.recorded_at))
        .where(
            Redemption.township == township,
            Redemption.household == household,
            Redemption.recorded_at >= since,
            Redemption.recorded_at < until,
        )
        .correlate_except(Redemption)
        .scalar_subquery()
    )
