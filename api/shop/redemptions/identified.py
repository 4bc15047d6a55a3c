"""Who was served without a card: each visit, and how often which attendants vouched for households."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, select, true
from sqlalchemy.orm import aliased

from api.platform.clock import start_of_day
from api.platform.services import UnitOfWork
from api.registry.register.queries import lateral_household
from api.shop.identification.tables import Identification
from api.shop.kiosks.tables import Attendant, Kiosk
from api.shop.redemptions.tables import Redemption, Void
from api.shop.supermarkets.tables import Supermarket

MAX_LISTED = 300


@dataclass(frozen=True, slots=True)
class IdentifiedVisit:
    """`household`, `head`: whose card wasn't there. `witness`: None where it was the PIN. `points`: None where
    nothing was redeemed. `voided`: the redemption was."""

    at: datetime
    supermarket: str
    attendant: str
    witness: str | None
    household: str
    head: str
    points: int | None
    voided: bool


@dataclass(frozen=True, slots=True)
class Vouching:
    """What an attendant did with one witness, or on PINs: how many identifications, of how many households, and
    the points that weren't voided."""

    supermarket: str
    attendant: str
    witness: str | None
    times: int
    households: int
    points: int


@dataclass(frozen=True, slots=True)
class IdentifiedVisits:
    """`visits`: the newest first, not all of them where there are more than `MAX_LISTED`."""

    vouchings: Sequence[Vouching]
    visits: Sequence[IdentifiedVisit]


async def list_identified(uow: UnitOfWork, first: date, end: date, village: str | None) -> IdentifiedVisits:
    """Identifications from the day `first` on and before `end`; at the supermarkets of a village, if one is
    given."""
    server, witness = aliased(Attendant), aliased(Attendant)
    household = lateral_household(Identification.township, Identification.household)
    points = Redemption.receipt["points"].as_integer()
    # Each redemption of each identification, and each identification without one.
    joined = (
        select(Identification.id)
        .select_from(Identification)
        .join(Kiosk, _has(Kiosk, Kiosk.id == Identification.kiosk))
        .join(Supermarket, _has(Supermarket, Supermarket.code == Kiosk.supermarket))
        .join(server, _has(server, server.id == Identification.attendant))
        .join(household, true())
        .outerjoin(witness, _has(witness, witness.id == Identification.witness))
        .outerjoin(Redemption, _has(Redemption, Redemption.identification == Identification.id))
        .outerjoin(Void, _has(Void, Void.id == Redemption.id))
        .where(
            Identification.township == uow.township,
            Identification.identified_at >= start_of_day(first),
            Identification.identified_at < start_of_day(end),
            *([] if village is None else [Supermarket.village == village]),
        )
    )
    times = func.count(Identification.id.distinct())
    vouchings = await uow.session.execute(
        joined.with_only_columns(
            *(Supermarket.name, server.name, witness.name, times),
            func.count(Identification.household.distinct()),
            func.coalesce(func.sum(points).filter(Void.id.is_(None)), 0),
        )
        .group_by(Supermarket.name, server.id, server.name, witness.id, witness.name)
        .order_by(times.desc(), Supermarket.name, server.name, witness.name)
    )
    visits = await uow.session.execute(
        joined.with_only_columns(
            func.coalesce(Redemption.recorded_at, Identification.identified_at),
            *(Supermarket.name, server.name, witness.name, household.c.code, household.c.head),
            *(points, Void.id.is_not(None)),
        )
        .order_by(Identification.identified_at.desc(), Identification.id, Redemption.recorded_at)
        .limit(MAX_LISTED)
    )
    return IdentifiedVisits([Vouching(*row) for row in vouchings], [IdentifiedVisit(*row) for row in visits])


def _has(table: Any, condition: ColumnElement[bool]) -> ColumnElement[bool]:
    return and_(table.township == Identification.township, condition)
