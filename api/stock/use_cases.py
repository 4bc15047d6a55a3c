"""Supermarkets, products, and goods arriving on shelves."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, insert, select
from sqlalchemy.dialects.postgresql import insert as insert_or

from api import accounts, wire
from api.access import Role, Staff, require
from api.problems import Refused
from api.stock.tables import Product, Restocking, Shelf, Supermarket
from api.town import Town, Work
from ledger.transactions import Phase, Status, Transaction, TransactionId, Transfer


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


async def restock(town: Town, staff: Staff, id: UUID, wanted: wire.Restock) -> None:
    """Goods arrive; the same id with the same content counts once. Raises Refused: not-allowed, unknown,
    conflict."""
    require(staff, Role.OFFICE, Role.COMMITTEE)
    products = [line.product for line in wanted.lines]
    async with town.work() as work:
        supermarket = await work.session.get(Supermarket, (work.township, wanted.supermarket))
        if supermarket is None or not staff.serves(supermarket.village):
            raise Refused("unknown", f"没有编号为 {wanted.supermarket} 的超市。")
        known = set(
            await work.session.scalars(
                select(Product.code).where(Product.township == work.township, Product.code.in_(products))
            )
        )
        for product in products:
            if product not in known:
                raise Refused("unknown", f"没有编号为 {product} 的物品。")
        await work.session.execute(
            insert_or(Shelf)
            .values([(work.township, wanted.supermarket, product) for product in sorted(known)])
            .on_conflict_do_nothing()
        )
        shelves = {product: accounts.shelf(wanted.supermarket, product) for product in products}
        await work.books.open(shelves.values(), work.now)
        arrival = Transaction(
            id=TransactionId(id),
            kind="restock",
            phase=Phase.POSTED,
            person=str(staff.id),
            transfers=tuple(
                Transfer(
                    accounts.supply(line.product).id,
                    shelves[line.product].id,
                    shelves[line.product].unit,
                    line.quantity,
                )
                for line in wanted.lines
            ),
        )
        [posting] = await work.books.post([arrival], work.now)
        if posting.status is Status.CONFLICT:
            raise Refused("conflict", "这张入库单的编号已经用过，内容不同。")
        if not posting.accepted:
            raise Refused("account-closed", "这个货架的账户已关闭，不能入库。")
        if posting.status is Status.OK:
            work.session.add(
                Restocking(township=work.township, id=id, supermarket=wanted.supermarket, person=staff.id)
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
