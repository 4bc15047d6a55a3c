"""What the points that households hold will cost the township.

A point is worth goods, so its cost is that of the goods on all shelves, at the prices paid. Donated pieces cost as
much as bought ones: once they are used up, their replacements have to be bought. Products without a known cost are
left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil

from sqlalchemy import text

from api import wire
from api.bookkeeping.reports.use_cases import read_held_points
from api.platform import accounts
from api.platform.services import Services, UnitOfWork
from api.shop.stock.queries import list_products
from ledger.transactions import AccountId

# Pieces bought by procurements, less reversed ones: summed over entries, since a reversal may be partial.
_BOUGHT = text("""
    select e.account, -sum(e.amount) as pieces
      from ledger.entry e
      join ledger.transaction x on x.township = e.township and x.id = e.transaction
      left join ledger.transaction r on r.township = x.township and r.id = x.target and x.phase = 'reversal'
     where e.township = :township and e.account = any (:supplies) and not e.pending
       and coalesce(r.kind, x.kind) = 'procurement'
     group by e.account
""")

_STOCK = text("""
    select a.unit, sum(b.posted) as pieces
      from ledger.balance b join ledger.account a on a.township = b.township and a.id = b.account
     where b.township = :township and a.name like 'supermarket:%:shelf:%'
     group by a.unit
""")


@dataclass(frozen=True, slots=True)
class StockedProduct:
    """A product: its pieces on all shelves, all pieces ever bought, and what was paid for those in fen."""

    code: str
    name: str
    price: int
    stock: int
    bought: int
    paid: int

    @property
    def cost(self) -> Fraction | None:
        """The average of a bought piece, if any was."""
        return Fraction(self.paid, self.bought) if self.bought else None


@dataclass(frozen=True, slots=True)
class Position:
    """What households hold, and what there is for it, as of one moment: points, the fund in fen, the shelves."""

    points: int
    fund: int
    products: Sequence[StockedProduct]

    @property
    def shelf_cost(self) -> Fraction:
        """What the goods on the shelves have cost, as far as that is known, in fen."""
        return sum((p.stock * p.cost for p in self.products if p.cost is not None), Fraction())

    @property
    def rate(self) -> Fraction | None:
        """What a point costs in fen; None where no goods of known cost are on a shelf."""
        shelf_points = sum(p.stock * p.price for p in self.products if p.cost is not None)
        return self.shelf_cost / shelf_points if shelf_points else None

    @property
    def cover(self) -> int | None:
        """Goods and fund in percent of what the points will cost; None where no point can be priced."""
        if self.rate is None:
            return None
        return round(100 * (self.shelf_cost + self.fund) / (self.points * self.rate)) if self.points > 0 else 100


async def calculate_liability(services: Services) -> wire.Liability:
    """The liability in fen: points × cost of a point, rounded up."""
    async with services.unit_of_work() as uow:
        held = await read_held_points(uow)
        position = await read_position(uow)
    rate = position.rate
    known = any(p.cost is not None for p in position.products)
    return wire.Liability(
        points_outstanding=held.posted,
        points_on_notice=held.expected,
        products=[_to_product_cost(p) for p in position.products],
        fen_per_point=_round(rate),
        liability=_calculate_cost(held.posted, rate),
        liability_with_notice=_calculate_cost(held.posted + held.expected, rate),
        unknown_because=None if rate is not None else "shelves-empty" if known else "no-cost-known",
        fund=position.fund,
    )


async def read_position(uow: UnitOfWork) -> Position:
    """As of now."""
    known = await list_products(uow)
    supplies = [accounts.supply(p.code).id for p in known]
    connection = await uow.session.connection()
    rows = await connection.execute(_BOUGHT, {"township": uow.township, "supplies": supplies})
    bought = {AccountId(row.account): int(row.pieces) for row in rows}
    rows = await connection.execute(_STOCK, {"township": uow.township})
    stock = {row.unit: int(row.pieces) for row in rows}
    paid = await uow.books.read_balances([accounts.cost(p.code).id for p in known])
    fund = await uow.books.read_balance(accounts.FUND.id)
    products = [
        StockedProduct(
            code=product.code,
            name=product.name,
            price=product.price,
            stock=stock.get(accounts.supply(product.code).unit, 0),
            bought=bought.get(supply, 0),
            paid=paid[accounts.cost(product.code).id].posted,
        )
        for product, supply in zip(known, supplies, strict=True)
    ]
    return Position((await read_held_points(uow)).posted, fund.posted, products)


def _to_product_cost(product: StockedProduct) -> wire.ProductCost:
    return wire.ProductCost(
        product=product.code,
        name=product.name,
        price=product.price,
        stock=product.stock,
        average_cost=_round(product.cost),
        fen_per_point=_round(product.cost / product.price if product.cost is not None else None),
    )


def _calculate_cost(points: int, rate: Fraction | None) -> int | None:
    return None if rate is None else ceil(points * rate)


def _round(fen: Fraction | None) -> float | None:
    return None if fen is None else float(round(fen, 2))
