"""Queries for other capabilities: names and villages of supermarkets."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, SQLColumnExpression, exists, func, select

from api.platform.access import Staff
from api.platform.services import UnitOfWork
from api.shop.supermarkets.tables import Supermarket


async def find_supermarkets(uow: UnitOfWork, staff: Staff) -> Sequence[Supermarket]:
    """The supermarkets that a person serves, by code."""
    village = [] if staff.village is None else [Supermarket.village == staff.village]
    rows = await uow.session.scalars(
        select(Supermarket).where(Supermarket.township == uow.township, *village).order_by(Supermarket.code)
    )
    return rows.all()


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
