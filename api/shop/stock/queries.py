"""What others ask about supermarkets and products."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, SQLColumnExpression, exists, func, select

from api.platform.town import Work
from api.shop.stock.tables import Product, Supermarket


@dataclass(frozen=True, slots=True)
class ProductFacts:
    """`price` in points a piece."""

    code: str
    name: str
    price: int


async def products(work: Work) -> list[ProductFacts]:
    """All of them, by number."""
    rows = await work.session.execute(
        select(Product.code, Product.name, Product.price)
        .where(Product.township == work.township)
        .order_by(Product.number)
    )
    return [ProductFacts(*row) for row in rows]


async def supermarkets(work: Work) -> dict[str, str]:
    """Names by code."""
    rows = await work.session.execute(
        select(Supermarket.code, Supermarket.name).where(Supermarket.township == work.township)
    )
    return dict(rows.all())


async def count_supermarkets(work: Work) -> int:
    counted = await work.session.scalar(
        select(func.count()).select_from(Supermarket).where(Supermarket.township == work.township)
    )
    return counted or 0


async def villages_of(work: Work, codes: Collection[str]) -> dict[str, str]:
    """The village of each of these supermarkets."""
    rows = await work.session.execute(
        select(Supermarket.code, Supermarket.village).where(
            Supermarket.township == work.township, Supermarket.code.in_(codes)
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
