"""Supermarkets, products, and what stands on shelves."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, insert, select

from api import accounts, wire
from api.access import Role, Staff, require
from api.problems import Refused
from api.stock.tables import Product, Shelf, Supermarket
from api.town import Town, Work


async def add_supermarkets(town: Town, staff: Staff, supermarkets: Sequence[wire.NewSupermarket]) -> int:
    require(staff, Role.OFFICE)
    async with town.work() as work:
        await work.session.execute(
            insert(Supermarket),
            [
                {"township": work.township, "code": s.code, "village": s.village, "name": s.name}
                for s in supermarkets
            ],
        )
        await work.books.open([accounts.till(s.code) for s in supermarkets], work.now)
    return len(supermarkets)


async def add_products(town: Town, staff: Staff, products: Sequence[wire.NewProduct]) -> int:
    """Products get the next free numbers in the order given. Raises Refused: not-allowed, barcode-wrong."""
    require(staff, Role.OFFICE)
    for product in products:
        if not valid_ean13(product.barcode):
            raise Refused("barcode-wrong", f"条码 {product.barcode} 的校验位不对，请重新扫描。")
    async with town.work() as work:
        last = await work.session.scalar(
            select(func.coalesce(func.max(Product.number), 0)).where(Product.township == work.township)
        )
        await work.session.execute(
            insert(Product),
            [
                {
                    "township": work.township,
                    "code": p.code,
                    "number": number,
                    "name": p.name,
                    "barcode": p.barcode,
                    "price": p.price,
                }
                for number, p in enumerate(products, start=(last or 0) + 1)
            ],
        )
        await work.books.open(
            [a for p in products for a in (accounts.supply(p.code), accounts.handed_out(p.code))], work.now
        )
    return len(products)


def valid_ean13(barcode: str) -> bool:
    """Thirteen digits whose weighted sum (1, 3, 1, 3 …) is a multiple of ten."""
    return (
        len(barcode) == 13
        and barcode.isascii()
        and barcode.isdigit()
        and sum(int(digit) * (1, 3)[i % 2] for i, digit in enumerate(barcode)) % 10 == 0
    )


async def shelf_items(work: Work, supermarket: str) -> list[wire.ShelfItem]:
    """A supermarket's shelf by product number, with what the books say is there."""
    products = list(
        await work.session.scalars(
            select(Product)
            .join(Shelf, (Shelf.township == Product.township) & (Shelf.product == Product.code))
            .where(Shelf.township == work.township, Shelf.supermarket == supermarket)
            .order_by(Product.number)
        )
    )
    ids = {p.code: accounts.shelf(supermarket, p.code).id for p in products}
    stock = await work.books.balances(list(ids.values()))
    return [
        wire.ShelfItem(
            product=p.code,
            number=p.number,
            name=p.name,
            barcode=p.barcode,
            price=p.price,
            stock=stock[ids[p.code]].available,
        )
        for p in products
    ]
