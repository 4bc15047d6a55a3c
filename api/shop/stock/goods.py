"""Goods as the desk manages them: names, prices, barcodes and minimums, and what stands on which shelf."""

from __future__ import annotations

from sqlalchemy import func, select, update
from uuid_utils.compat import uuid7

from api.platform import accounts
from api.platform.access import Role, Staff, require
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from api.registry.people.queries import name_subquery
from api.shop.stock import barcodes, slips
from api.shop.stock.hands import at_desk
from api.shop.stock.tables import PriceChange, Product, Shelf
from api.shop.stock.watch import WATCHERS
from api.wire import shelf as wire

# A product is the township's; what stands on a village's shelf is its committee's business too.
SHELF_KEEPERS = (Role.OFFICE, Role.COMMITTEE)


async def change(services: Services, staff: Staff, code: str, wanted: wire.ProductChange) -> None:
    """What receipts say stays as it was: they keep the name and price of their day.

    Raises Refused: not-allowed, unknown, barcode-wrong, already-there.
    """
    require(staff, Role.OFFICE)
    asked = {
        name: value
        for name, value in (
            ("name", wanted.name),
            ("barcode", None if wanted.barcode is None else barcodes.kept(wanted.barcode)),
            ("price", wanted.price),
            ("minimum", wanted.minimum),
        )
        if value is not None
    }
    async with services.unit_of_work() as uow:
        product = await _product(uow, code)
        new = {name: value for name, value in asked.items() if getattr(product, name) != value}
        if "barcode" in new:
            await _require_free(uow, new["barcode"])
        if wanted.price is not None and "price" in new:
            uow.session.add(
                PriceChange(
                    township=uow.township,
                    id=uuid7(),
                    product=code,
                    before=product.price,
                    after=wanted.price,
                    person=staff.id,
                    changed_at=uow.now,
                )
            )
        for name, value in new.items():
            setattr(product, name, value)
        await uow.session.flush()
        # A till is told nothing of minimums.
        if new.keys() - {"minimum"}:
            carrying = await uow.session.scalars(
                select(Shelf.supermarket).where(
                    Shelf.township == uow.township, Shelf.product == code, Shelf.retired_at.is_(None)
                )
            )
            await slips.announce(uow, carrying.all())


async def _require_free(uow: UnitOfWork, barcode: object) -> None:
    """Raises Refused: already-there."""
    name = await uow.session.scalar(
        select(Product.name).where(Product.township == uow.township, Product.barcode == barcode)
    )
    if name is not None:
        raise Refused(ErrorCode.ALREADY_THERE, f"条码 {barcode} 已经是{name}的，请核对。")


async def _product(uow: UnitOfWork, code: str) -> Product:
    """Nobody else changes it meanwhile. Raises Refused: unknown."""
    product = await uow.session.scalar(
        select(Product)
        .where(Product.township == uow.township, Product.code == code)
        .with_for_update(key_share=True)
    )
    if product is None:
        raise Refused(ErrorCode.UNKNOWN, f"没有编号为 {code} 的物品。")
    return product


async def prices(services: Services, staff: Staff, code: str) -> list[wire.PriceChange]:
    """Every change of a product's price, the latest first. Raises Refused: not-allowed, unknown."""
    require(staff, *WATCHERS)
    async with services.unit_of_work() as uow:
        await slips.require_products(uow, [code])
        rows = await uow.session.execute(
            select(
                PriceChange.before,
                PriceChange.after,
                name_subquery(PriceChange.township, PriceChange.person).label("person"),
                PriceChange.changed_at,
            )
            .where(PriceChange.township == uow.township, PriceChange.product == code)
            .order_by(PriceChange.changed_at.desc(), PriceChange.id.desc())
        )
        return [
            wire.PriceChange(before=before, after=after, person=person, changed_at=changed_at)
            for before, after, person, changed_at in rows
        ]


async def place(
    services: Services, staff: Staff, supermarket: str, product: str, wanted: wire.ShelfPlacement
) -> None:
    """The product stands on this shelf from now on, with a minimum of the shelf's own or the product's.

    Raises Refused: not-allowed, unknown.
    """
    require(staff, *SHELF_KEEPERS)
    async with services.unit_of_work() as uow:
        shelves = await slips.carry(uow, at_desk(staff), supermarket, [product])
        await uow.books.open_accounts(shelves.values(), uow.now)
        await uow.session.execute(
            update(Shelf)
            .where(Shelf.township == uow.township, Shelf.supermarket == supermarket, Shelf.product == product)
            .values(minimum=wanted.minimum)
        )


async def retire(services: Services, staff: Staff, supermarket: str, product: str) -> None:
    """The product stands on this shelf no longer; new goods bring it back. Safe to send again.

    Raises Refused: not-allowed, unknown, pieces-left (left).
    """
    require(staff, *SHELF_KEEPERS)
    async with services.unit_of_work() as uow:
        await slips.place(uow, at_desk(staff), supermarket)
        # Goods that are arriving come first and are seen, or come later and bring the product back.
        shelf = await uow.session.scalar(
            select(Shelf)
            .where(Shelf.township == uow.township, Shelf.supermarket == supermarket, Shelf.product == product)
            .with_for_update()
        )
        if shelf is None:
            raise Refused(ErrorCode.UNKNOWN, f"货架上没有编号为 {product} 的物品。")
        if shelf.retired_at is not None:
            return
        balance = await uow.books.read_balance(accounts.shelf(supermarket, product).id)
        if balance.posted:
            raise Refused(
                ErrorCode.PIECES_LEFT,
                f"货架上还有 {balance.posted} 件，兑完或盘点为零以后才能撤下。",
                left=balance.posted,
            )
        shelf.retired_at = uow.now
        await uow.session.flush()
        await slips.announce(uow, [supermarket])


async def shelf(services: Services, staff: Staff, supermarket: str) -> list[wire.ShelfLine]:
    """What stands on a shelf, by number. Raises Refused: not-allowed, unknown."""
    require(staff, *WATCHERS)
    async with services.unit_of_work() as uow:
        await slips.place(uow, at_desk(staff), supermarket)
        rows = await uow.session.execute(
            select(Product, Shelf.minimum, func.coalesce(Shelf.minimum, Product.minimum))
            .join(Shelf, (Shelf.township == Product.township) & (Shelf.product == Product.code))
            .where(
                Shelf.township == uow.township,
                Shelf.supermarket == supermarket,
                Shelf.retired_at.is_(None),
            )
            .order_by(Product.number)
        )
        found = rows.all()
        ids = {product.code: accounts.shelf(supermarket, product.code).id for product, _, _ in found}
        balances = await uow.books.read_balances(list(ids.values()))
        return [
            wire.ShelfLine(
                product=product.code,
                number=product.number,
                name=product.name,
                barcode=product.barcode,
                price=product.price,
                stock=balances[ids[product.code]].available,
                minimum=minimum,
                product_minimum=product.minimum,
                shelf_minimum=own,
            )
            for product, own, minimum in found
        ]


async def not_on(services: Services, staff: Staff, supermarket: str) -> dict[str, str]:
    """Products that don't stand on a shelf, by code: their names. Raises Refused: not-allowed, unknown."""
    require(staff, *WATCHERS)
    async with services.unit_of_work() as uow:
        await slips.place(uow, at_desk(staff), supermarket)
        standing = select(Shelf.product).where(
            Shelf.township == uow.township, Shelf.supermarket == supermarket, Shelf.retired_at.is_(None)
        )
        rows = await uow.session.execute(
            select(Product.code, Product.name)
            .where(Product.township == uow.township, Product.code.not_in(standing))
            .order_by(Product.number)
        )
        return dict(rows.all())
