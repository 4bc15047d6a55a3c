"""What a product cost, at any moment."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from api.platform.services import UnitOfWork
from api.shop.stock.tables import PriceChange, Product


@dataclass(frozen=True, slots=True)
class ChangedPrice:
    at: datetime
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class PriceHistory:
    """`current`: in points a piece; `changes`: the oldest first."""

    current: int
    changes: Sequence[ChangedPrice] = ()

    def at(self, moment: datetime) -> int:
        """The price in force. A change is in force from its own moment on."""
        later = [change for change in self.changes if change.at > moment]
        return later[0].before if later else self.current

    def since(self, moment: datetime) -> frozenset[int]:
        """All prices in force at a moment or after it."""
        return frozenset((self.at(moment), *(change.after for change in self.changes if change.at > moment)))

    @property
    def all(self) -> frozenset[int]:
        return frozenset((self.current, *(change.before for change in self.changes)))


async def read_price_histories(uow: UnitOfWork, products: Collection[str]) -> Mapping[str, PriceHistory]:
    """By product; without those that don't exist."""
    prices = await uow.session.execute(
        select(Product.code, Product.price).where(Product.township == uow.township, Product.code.in_(products))
    )
    rows = await uow.session.execute(
        select(PriceChange.product, PriceChange.changed_at, PriceChange.before, PriceChange.after)
        .where(PriceChange.township == uow.township, PriceChange.product.in_(products))
        .order_by(PriceChange.changed_at, PriceChange.id)
    )
    changes: dict[str, list[ChangedPrice]] = {}
    for product, at, before, after in rows:
        changes.setdefault(product, []).append(ChangedPrice(at, before, after))
    return {product: PriceHistory(price, changes.get(product, ())) for product, price in prices}
