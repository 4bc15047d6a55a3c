"""Add products; read a shelf."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, insert, select

from api import wire
from api.platform import accounts
from api.platform.access import Role, Staff, require
from api.platform.services import Services, UnitOfWork
from api.shop.stock import barcodes
from api.shop.stock.tables import Product, Shelf


async def add_products(services: Services, staff: Staff, products: Sequence[wire.NewProduct]) -> int:
    """Products get the next free numbers in the order given. Raises Refused: not-allowed, barcode-wrong."""
    require(staff, Role.OFFICE)
    normalized = [barcodes.normalize(product.barcode) for product in products]
    async with services.unit_of_work() as uow:
        last = await uow.session.scalar(
            select(func.coalesce(func.max(Product.number), 0)).where(Product.township == uow.township)
        )
        await uow.session.execute(
            insert(Product),
            [
                {
                    "township": uow.township,
                    "code": p.code,
                    "number": number,
                    "name": p.name,
                    "barcode": barcode,
                    "price": p.price,
                }
                for number, (p, barcode) in enumerate(
                    zip(products, normalized, strict=True), start=(last or 0) + 1
                )
            ],
        )
        await uow.books.open_accounts(
            [a for p in products for a in (accounts.supply(p.code), accounts.handed_out(p.code))], uow.now
        )
    return len(products)


async def read_shelf_items(uow: UnitOfWork, supermarket: str) -> list[wire.ShelfItem]:
    """A supermarket's shelf by product number, with the pieces available."""
    products = list(
        await uow.session.scalars(
            select(Product)
            .join(Shelf, (Shelf.township == Product.township) & (Shelf.product == Product.code))
            .where(Shelf.township == uow.township, Shelf.supermarket == supermarket, Shelf.retired_at.is_(None))
            .order_by(Product.number)
        )
    )
    ids = {p.code: accounts.shelf(supermarket, p.code).id for p in products}
    stock = await uow.books.read_balances(list(ids.values()))
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
