"""Queries for other capabilities: supermarkets and products."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, SQLColumnExpression, exists, func, select

from api.platform.services import UnitOfWork
from api.shop.stock.tables import Product, Supermarket


@dataclass(frozen=True, slots=True)
class ProductFacts:
    """`price`: points for one piece."""

    code: str
    name: str
    price: int


async def list_products(uow: UnitOfWork) -> list[ProductFacts]:
    """All of them, by number."""
    rows = await uow.session.execute(
        select(Product.code, Product.name, Product.price)
        .where(Product.township == uow.township)
        .order_by(Product.number)
    )
    return [ProductFacts(*row) for row in rows]


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
