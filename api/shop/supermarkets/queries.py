"""Queries for other capabilities: names and villages of supermarkets."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, SQLColumnExpression, bindparam, exists, func, select

from api.platform.access import Staff
from api.platform.clock import local_date
from api.platform.services import UnitOfWork
from api.shop.supermarkets.hours import ToldHours, tell_hours
from api.shop.supermarkets.tables import Supermarket
from api.wire.base import from_store
from api.wire.supermarkets import OpeningHours


async def find_supermarkets(uow: UnitOfWork, staff: Staff) -> Sequence[Supermarket]:
    """The supermarkets that a person serves, by code."""
    village = [] if staff.village is None else [Supermarket.village == staff.village]
    rows = await uow.session.scalars(
        select(Supermarket).where(Supermarket.township == uow.township, *village).order_by(Supermarket.code)
    )
    return rows.all()


class ShopHours(msgspec.Struct, frozen=True):
    """A supermarket's name, and when it is open."""

    name: str
    hours: OpeningHours


HOURS_OF_VILLAGE = (
    select(Supermarket.name, Supermarket.hours)
    .where(
        Supermarket.township == bindparam("township"),
        Supermarket.village == bindparam("village"),
        Supermarket.hours.is_not(None),
    )
    .order_by(Supermarket.code)
)
"""The supermarkets of a village that have said when they are open: `ShopHours`."""


async def read_told_hours(uow: UnitOfWork, village: str) -> list[ToldHours]:
    """When the supermarkets of a village are open, as far as they have said."""
    values = {"township": uow.township, "village": village}
    rows = await uow.session.execute(HOURS_OF_VILLAGE, values)
    today = local_date(uow.now)
    return [
        tell_hours(name, hours, today) for name, stored in rows if (hours := convert_hours(stored)) is not None
    ]


def convert_hours(stored: object) -> OpeningHours | None:
    """As they are stored; None where nobody has said them."""
    with from_store():
        return None if stored is None else msgspec.convert(stored, OpeningHours)


async def read_supermarket_names(uow: UnitOfWork) -> dict[str, str]:
    """Names by code."""
    rows = await uow.session.execute(
        select(Supermarket.code, Supermarket.name).where(Supermarket.township == uow.township)
    )
    return dict(rows.all())


async def count_supermarkets(uow: UnitOfWork) -> int:
    counted = await uow.session.scalar(
        select(func.count()).select_from(Supermarket).where(Supermarket.township == uow.township)
    )
    return counted or 0


async def read_villages_of(uow: UnitOfWork, codes: Collection[str]) -> dict[str, str]:
    """The village of each of these supermarkets."""
    rows = await uow.session.execute(
        select(Supermarket.code, Supermarket.village).where(
            Supermarket.township == uow.township, Supermarket.code.in_(codes)
        )
    )
    return dict(rows.all())


def is_supermarket(
    township: SQLColumnExpression[Any], code: SQLColumnExpression[Any], village: str | None
) -> ColumnElement[bool]:
    """Whether this is a supermarket's code; of this village, where one is given."""
    return exists().where(
        Supermarket.township == township,
        Supermarket.code == code,
        *([] if village is None else [Supermarket.village == village]),
    )
