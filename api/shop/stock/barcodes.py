"""Barcodes of products: in the form in which they are stored and looked up, each of one product alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from sqlalchemy import delete, insert, select

from api.platform.errors import ErrorCode, Refused
from api.platform.services import UnitOfWork
from api.shop.stock.tables import Product, ProductBarcode
from api.wire.barcode import WrongCheckDigit, normalize_barcode
from api.wire.goods import PackBarcode
from api.wire.gs1 import NoProduct, NotReadWhole, read_goods


def normalize(digits: str) -> str:
    """As `normalize_barcode`. Raises Refused: barcode-wrong, for a wrong check digit."""
    try:
        return normalize_barcode(digits)
    except WrongCheckDigit:
        raise Refused(ErrorCode.BARCODE_WRONG, f"条码 {digits} 的校验位不对，请重新扫描。") from None


def read_scanned(text: str, today: date) -> str:
    """The code of a pack as it was scanned or typed at the desk. Raises Refused: barcode-wrong."""
    try:
        scan = read_goods(text, today)
    except (WrongCheckDigit, NotReadWhole):
        raise Refused(ErrorCode.BARCODE_WRONG, "条码没有读对，请重新扫描。") from None
    except NoProduct:
        raise Refused(ErrorCode.BARCODE_WRONG, "这是物流的码，上面没有商品，请扫商品自己的条码。") from None
    if scan is None:
        raise Refused(ErrorCode.BARCODE_WRONG, "这不是商品条码，请扫包装上的条码或二维码。")
    return scan.barcode


def normalize_all(barcode: str, further: Sequence[PackBarcode]) -> dict[str, int]:
    """The pieces of each code of a product, its own first. Raises Refused: barcode-wrong, already-there."""
    pieces = {normalize(barcode): 1}
    for pack in further:
        code = normalize(pack.code)
        if pieces.setdefault(code, pack.pieces) != pack.pieces:
            raise Refused(ErrorCode.ALREADY_THERE, f"条码 {code} 填了两次，件数不一样；商品自己的条码是 1 件。")
    return pieces


async def require_free(uow: UnitOfWork, codes: Iterable[str], product: str) -> None:
    """None of these is another product's. Raises Refused: already-there, naming it."""
    # One of 14 digits was once stored as it was typed.
    forms = {form: code for code in codes for form in (code, f"0{code}")}
    row = (
        await uow.session.execute(
            select(ProductBarcode.barcode, Product.name)
            .join(
                Product,
                (Product.township == ProductBarcode.township) & (Product.code == ProductBarcode.product),
            )
            .where(
                ProductBarcode.township == uow.township,
                ProductBarcode.barcode.in_(forms),
                ProductBarcode.product != product,
            )
            .limit(1)
        )
    ).first()
    if row is not None:
        raise Refused(ErrorCode.ALREADY_THERE, f"条码 {forms[row.barcode]} 已经是{row.name}的，请核对。")


async def add(uow: UnitOfWork, pieces: Mapping[str, Mapping[str, int]]) -> None:
    """`pieces`: of each code, by product."""
    await uow.session.execute(
        insert(ProductBarcode),
        [
            {"township": uow.township, "barcode": code, "product": product, "pieces": count}
            for product, codes in pieces.items()
            for code, count in codes.items()
        ],
    )


async def replace(uow: UnitOfWork, product: str, pieces: Mapping[str, int]) -> None:
    await uow.session.execute(
        delete(ProductBarcode).where(ProductBarcode.township == uow.township, ProductBarcode.product == product)
    )
    await add(uow, {product: pieces})


async def read(uow: UnitOfWork, products: Sequence[Product]) -> dict[str, list[PackBarcode]]:
    """All codes of these products, each product's own first."""
    rows = await uow.session.execute(
        select(ProductBarcode.product, ProductBarcode.barcode, ProductBarcode.pieces)
        .where(
            ProductBarcode.township == uow.township,
            ProductBarcode.product.in_([product.code for product in products]),
        )
        .order_by(ProductBarcode.pieces, ProductBarcode.barcode)
    )
    further: defaultdict[str, list[PackBarcode]] = defaultdict(list)
    for product, code, pieces in rows:
        further[product].append(PackBarcode(code=code, pieces=pieces))
    return {
        product.code: [
            PackBarcode(code=product.barcode),
            *(pack for pack in further[product.code] if pack.code != product.barcode),
        ]
        for product in products
    }
