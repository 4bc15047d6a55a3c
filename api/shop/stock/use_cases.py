"""Add products; read a shelf."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import msgspec
from sqlalchemy import func, insert, select

from api import wire
from api.platform import accounts
from api.platform.access import Role, Staff, require_township
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from api.shop.stock import barcodes
from api.shop.stock.tables import Product, Shelf


async def add_products(services: Services, staff: Staff, products: Sequence[wire.NewProduct]) -> int:
    """Products get the next free numbers in the order given. Raises Refused: not-allowed, barcode-wrong,
    already-there."""
    require_township(staff, Role.OFFICE)
    async with services.unit_of_work() as uow:
        await create_products(uow, products)
    return len(products)


async def add_product(services: Services, staff: Staff, name: str, barcode: str, price: str) -> str:
    """One, as entered; the code it gets. Raises Refused: not-allowed, malformed, barcode-wrong, already-there."""
    require_township(staff, Role.OFFICE)
    async with services.unit_of_work() as uow:
        [code] = await propose_codes(uow, 1)
        entered = {"code": code, "name": name, "barcode": barcode, "price": price}
        try:
            product = msgspec.convert(entered, wire.NewProduct, strict=False)
        except msgspec.ValidationError:
            sentence = "请填好名称、4 到 18 位数字的条码和 1 到 100000 的分值，没有添加。"
            raise Refused(ErrorCode.MALFORMED, sentence) from None
        await create_products(uow, [product])
    return code


async def create_products(uow: UnitOfWork, products: Sequence[wire.NewProduct]) -> None:
    """With the next free numbers, in the order given. Raises Refused: barcode-wrong, already-there."""
    codes = {product.code: barcodes.normalize_all(product.barcode, product.barcodes) for product in products}
    _require_own_barcodes(products, codes)
    for product in products:
        await barcodes.require_free(uow, codes[product.code], product.code)
    first = await _next_number(uow)
    await uow.session.execute(
        insert(Product),
        [
            {
                "township": uow.township,
                "code": p.code,
                "number": number,
                "name": p.name,
                "barcode": next(iter(codes[p.code])),
                "price": p.price,
            }
            for number, p in enumerate(products, start=first)
        ],
    )
    await barcodes.add(uow, codes)
    await uow.books.open_accounts(
        [a for p in products for a in (accounts.supply(p.code), accounts.handed_out(p.code))], uow.now
    )


async def propose_codes(uow: UnitOfWork, count: int) -> list[str]:
    """Free codes for so many new products, after their numbers."""
    taken = set(await uow.session.scalars(select(Product.code).where(Product.township == uow.township)))
    numbers = itertools.count(await _next_number(uow))
    return list(itertools.islice((code for n in numbers if (code := f"g{n:04}") not in taken), count))


async def _next_number(uow: UnitOfWork) -> int:
    last = await uow.session.scalar(
        select(func.coalesce(func.max(Product.number), 0)).where(Product.township == uow.township)
    )
    return (last or 0) + 1


def _require_own_barcodes(products: Sequence[wire.NewProduct], codes: Mapping[str, Mapping[str, int]]) -> None:
    """No two of these products have one barcode. Raises Refused: already-there."""
    owners: dict[str, wire.NewProduct] = {}
    for product in products:
        for code in codes[product.code]:
            owner = owners.setdefault(code, product)
            if owner.code != product.code:
                sentence = f"条码 {code} 填给了两样物品：{owner.name}和{product.name}，请核对。"
                raise Refused(ErrorCode.ALREADY_THERE, sentence)


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
    packs = await barcodes.read(uow, products)
    return [
        wire.ShelfItem(
            product=p.code,
            number=p.number,
            name=p.name,
            barcode=p.barcode,
            price=p.price,
            stock=stock[ids[p.code]].available,
            barcodes=packs[p.code],
        )
        for p in products
    ]
