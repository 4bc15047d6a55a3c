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
from api.shop.stock.queries import ProductFacts, list_products
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
class _PricedProduct:
    """A product, its pieces on all shelves, and the average cost of a bought piece in fen, if known."""

    product: ProductFacts
    stock: int
    cost: Fraction | None


async def calculate_liability(services: Services) -> wire.Liability:
    """The liability in fen: points × cost of a point, rounded up."""
    async with services.unit_of_work() as uow:
        points = await read_held_points(uow)
        priced = await _price_products(uow)
        fund = await uow.books.read_balance(accounts.FUND.id)
    known = [(p.stock, p.cost, p.product.price) for p in priced if p.cost is not None]
    shelf_points = sum(stock * price for stock, _, price in known)
    rate = sum((stock * cost for stock, cost, _ in known), Fraction()) / shelf_points if shelf_points else None
    return wire.Liability(
        points_outstanding=points.posted,
        points_on_notice=points.expected,
        products=[_to_product_cost(p) for p in priced],
        fen_per_point=_round(rate),
        liability=_calculate_cost(points.posted, rate),
        liability_with_notice=_calculate_cost(points.posted + points.expected, rate),
        unknown_because=None if rate is not None else "shelves-empty" if known else "no-cost-known",
        fund=fund.posted,
    )


async def _price_products(uow: UnitOfWork) -> Sequence[_PricedProduct]:
    known = await list_products(uow)
    supplies = [accounts.supply(p.code).id for p in known]
    connection = await uow.session.connection()
    rows = await connection.execute(_BOUGHT, {"township": uow.township, "supplies": supplies})
    bought = {AccountId(row.account): int(row.pieces) for row in rows}
    rows = await connection.execute(_STOCK, {"township": uow.township})
    stock = {row.unit: int(row.pieces) for row in rows}
    paid = await uow.books.read_balances([accounts.cost(p.code).id for p in known])
    priced = []
    for product, supply in zip(known, supplies, strict=True):
        pieces = bought.get(supply, 0)
        cost = Fraction(paid[accounts.cost(product.code).id].posted, pieces) if pieces else None
        priced.append(_PricedProduct(product, stock.get(accounts.supply(product.code).unit, 0), cost))
    return priced


def _to_product_cost(priced: _PricedProduct) -> wire.ProductCost:
    return wire.ProductCost(
        product=priced.product.code,
        name=priced.product.name,
        price=priced.product.price,
        stock=priced.stock,
        average_cost=_round(priced.cost),
        fen_per_point=_round(priced.cost / priced.product.price if priced.cost is not None else None),
    )


def _calculate_cost(points: int, rate: Fraction | None) -> int | None:
    return None if rate is None else ceil(points * rate)


def _round(fen: Fraction | None) -> float | None:
    return None if fen is None else float(round(fen, 2))
