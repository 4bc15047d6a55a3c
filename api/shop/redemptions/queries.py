"""When and how households redeemed, for other capabilities' statements."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, ScalarSelect, SQLColumnExpression, exists, func, select

from api.platform.clock import local_date, start_of_day
from api.platform.services import UnitOfWork
from api.shop.identification.tables import Identification
from api.shop.redemptions.tables import Redemption, Void


def redeemed_since(
    township: int, household: SQLColumnExpression[Any], since: SQLColumnExpression[datetime]
) -> ColumnElement[bool]:
    return exists().where(
        Redemption.township == township, Redemption.household == household, Redemption.recorded_at >= since
    )


async def sum_witnessed_points(uow: UnitOfWork, household: UUID) -> int:
    """What a household got today on the word of witnesses, less what was voided."""
    voided = exists().where(Void.township == Redemption.township, Void.id == Redemption.id)
    points = await uow.session.scalar(
        select(func.sum(Redemption.receipt["points"].as_integer()))
        .join(
            Identification,
            (Identification.township == Redemption.township) & (Identification.id == Redemption.identification),
        )
        .where(
            Redemption.township == uow.township,
            Redemption.household == household,
            Redemption.recorded_at >= start_of_day(local_date(uow.now)),
            Identification.witness.is_not(None),
            ~voided,
        )
    )
    return points or 0


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
