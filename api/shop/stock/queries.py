"""Queries for other capabilities: products."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from api.platform.services import UnitOfWork
from api.shop.stock.tables import Product


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
