"""Products as the desk manages them: names, prices, barcodes, minimums, and which shelves carry them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import msgspec
from sqlalchemy import func, select, update
from uuid_utils.compat import uuid7

from api import wire as wire_api
from api.platform import accounts
from api.platform.access import Role, Staff, require, require_township
from api.platform.clock import local_date
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from api.registry.people.queries import name_subquery
from api.registry.proposals.bounds import read_policy
from api.registry.proposals.decision import Confirmers
from api.registry.proposals.use_cases import NewProposal, ProposalKind, Proposed, Signer, propose, to_view, trial
from api.shop.stock import barcodes, stock_documents
from api.shop.stock.actors import actor_at_desk
from api.shop.stock.stock_alerts import STOCK_READERS
from api.shop.stock.tables import PriceChange, Product, Shelf
from api.wire import shelf as wire
from api.wire.goods import PackBarcode

# Products are the township's; a village's committee may edit its own shelves.
SHELF_EDITORS = (Role.OFFICE, Role.COMMITTEE)
# For how long changes that one person decided alone count towards the bound.
ALONE_PERIOD = timedelta(days=30)


async def change_product(
    services: Services, staff: Staff, code: str, data: wire.ProductChange
) -> wire_api.ProposalView | None:
    """Receipts keep the name and price of their day. A price that moves by more than the township's bound is
    proposed, with all else that changes.

    Raises Refused: not-allowed, unknown, barcode-wrong, already-there.
    """
    require_township(staff, Role.OFFICE)
    if data.barcode is not None:
        data = msgspec.structs.replace(data, barcode=barcodes.normalize(data.barcode))
    async with services.unit_of_work() as uow:
        product = await lock_product(uow, code)
        if data.price is None or await _is_within_bound(uow, product, data.price):
            await apply_change(uow, product, data, staff.id)
            return None
        what = f"{product.name}的分值从 {product.price} 改为 {data.price}，所有超市"
        async with trial(uow):
            await apply_change(uow, product, data, staff.id)
        new = NewProposal(request=NamedChange(code, data), what=what, village=None)
        proposal = await propose(uow, PRODUCT_CHANGE, Signer.of(staff), new)
        return await to_view(uow, PRODUCT_CHANGE, proposal, staff)


@dataclass(frozen=True, slots=True)
class NamedChange:
    """A change of a product, as it is proposed."""

    product: str
    change: wire.ProductChange


async def _execute(uow: UnitOfWork, proposed: Proposed, confirmer: Signer) -> None:
    wanted = msgspec.convert(proposed.request, NamedChange)
    product = await lock_product(uow, wanted.product)
    await apply_change(uow, product, wanted.change, proposed.proposer.id, confirmer.id)


PRODUCT_CHANGE = ProposalKind("product-change", "改分值", Confirmers((Role.OFFICE, Role.SUPERVISOR)), _execute)


async def _is_within_bound(uow: UnitOfWork, product: Product, price: int) -> bool:
    """Small steps add up: measured from the price of thirty days ago, or the last one that two people set."""
    if price == product.price:
        return True
    changes = await uow.session.execute(
        select(PriceChange.before, PriceChange.confirmed_by)
        .where(
            PriceChange.township == uow.township,
            PriceChange.product == product.code,
            PriceChange.changed_at > uow.now - ALONE_PERIOD,
        )
        .order_by(PriceChange.changed_at.desc(), PriceChange.id.desc())
    )
    base = product.price
    for before, confirmed_by in changes:
        if confirmed_by is not None:
            break
        base = before
    return abs(price - base) * 100 <= (await read_policy(uow)).price_percent * base


async def apply_change(
    uow: UnitOfWork, product: Product, data: wire.ProductChange, person: UUID, confirmed_by: UUID | None = None
) -> None:
    columns = ("name", "barcode", "price", "minimum")
    values = {name: value for name in columns if (value := getattr(data, name)) is not None}
    changed = {name: value for name, value in values.items() if getattr(product, name) != value}
    if "barcode" in changed or data.barcodes is not None:
        await _change_barcodes(uow, product, data)
    if data.price is not None and "price" in changed:
        uow.session.add(
            PriceChange(
                township=uow.township,
                id=uuid7(),
                product=product.code,
                before=product.price,
                after=data.price,
                person=person,
                changed_at=uow.now,
                confirmed_by=confirmed_by,
            )
        )
    for name, value in changed.items():
        setattr(product, name, value)
    await uow.session.flush()
    # Tills don't get the minimums.
    if changed.keys() - {"minimum"} or data.barcodes is not None:
        carrying = await uow.session.scalars(
            select(Shelf.supermarket).where(
                Shelf.township == uow.township, Shelf.product == product.code, Shelf.retired_at.is_(None)
            )
        )
        await stock_documents.bump_shelf_versions(uow, carrying.all())


async def add_barcode(services: Services, staff: Staff, code: str, scanned: str, pieces: int) -> None:
    """One more code of a product, as it was scanned. Raises Refused: not-allowed, unknown, barcode-wrong,
    already-there."""
    barcode = barcodes.read_scanned(scanned, local_date(services.clock.now()))
    further = await _list_further_barcodes(services, staff, code)
    kept = [pack for pack in further if pack.code != barcode]
    change = wire.ProductChange(barcodes=[*kept, PackBarcode(code=barcode, pieces=pieces)])
    await change_product(services, staff, code, change)


async def remove_barcode(services: Services, staff: Staff, code: str, barcode: str) -> None:
    """Not the product's own. Raises Refused: not-allowed, unknown."""
    further = await _list_further_barcodes(services, staff, code)
    change = wire.ProductChange(barcodes=[pack for pack in further if pack.code != barcode])
    await change_product(services, staff, code, change)


async def _list_further_barcodes(services: Services, staff: Staff, code: str) -> list[PackBarcode]:
    require_township(staff, Role.OFFICE)
    async with services.unit_of_work() as uow:
        [packs] = (await barcodes.read(uow, [await lock_product(uow, code)])).values()
        return packs[1:]


async def _change_barcodes(uow: UnitOfWork, product: Product, data: wire.ProductChange) -> None:
    """Raises Refused: barcode-wrong, already-there."""
    [packs] = (await barcodes.read(uow, [product])).values()
    further = packs[1:] if data.barcodes is None else data.barcodes
    pieces = barcodes.normalize_all(data.barcode or product.barcode, further)
    await barcodes.require_free(uow, pieces, product.code)
    await barcodes.replace(uow, product.code, pieces)


async def lock_product(uow: UnitOfWork, code: str) -> Product:
    """Raises Refused: unknown."""
    product = await uow.session.scalar(
        select(Product)
        .where(Product.township == uow.township, Product.code == code)
        .with_for_update(key_share=True)
    )
    if product is None:
        raise Refused(ErrorCode.UNKNOWN, f"没有编号为 {code} 的物品。")
    return product


async def list_price_changes(services: Services, staff: Staff, code: str) -> list[wire.PriceChange]:
    """Every change of a product's price, the latest first. Raises Refused: not-allowed, unknown."""
    require(staff, *STOCK_READERS)
    async with services.unit_of_work() as uow:
        await stock_documents.require_products(uow, [code])
        rows = await uow.session.execute(
            select(
                PriceChange.before,
                PriceChange.after,
                name_subquery(PriceChange.township, PriceChange.person).label("person"),
                name_subquery(PriceChange.township, PriceChange.confirmed_by).label("confirmed_by"),
                PriceChange.changed_at,
            )
            .where(PriceChange.township == uow.township, PriceChange.product == code)
            .order_by(PriceChange.changed_at.desc(), PriceChange.id.desc())
        )
        return [
            wire.PriceChange(
                before=before, after=after, person=person, confirmed_by=confirmed_by or "", changed_at=changed_at
            )
            for before, after, person, confirmed_by, changed_at in rows
        ]


async def place_on_shelf(
    services: Services, staff: Staff, supermarket: str, product: str, data: wire.ShelfPlacement
) -> None:
    """The shelf carries the product from now on, with its own minimum or the product's.

    Raises Refused: not-allowed, unknown.
    """
    require(staff, *SHELF_EDITORS)
    async with services.unit_of_work() as uow:
        shelves = await stock_documents.carry_products(uow, actor_at_desk(staff), supermarket, [product])
        await uow.books.open_accounts(shelves.values(), uow.now)
        await uow.session.execute(
            update(Shelf)
            .where(Shelf.township == uow.township, Shelf.supermarket == supermarket, Shelf.product == product)
            .values(minimum=data.minimum)
        )


async def retire(services: Services, staff: Staff, supermarket: str, product: str) -> None:
    """The shelf no longer carries the product; new goods bring it back. Safe to retry.

    Raises Refused: not-allowed, unknown, pieces-left (left).
    """
    require(staff, *SHELF_EDITORS)
    async with services.unit_of_work() as uow:
        await stock_documents.require_supermarket(uow, actor_at_desk(staff), supermarket)
        # An arrival at the same time either comes first and is counted, or comes later and brings it back.
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
        await stock_documents.bump_shelf_versions(uow, [supermarket])


async def list_shelf(services: Services, staff: Staff, supermarket: str) -> list[wire.ShelfLine]:
    """The products on a shelf, by number. Raises Refused: not-allowed, unknown."""
    require(staff, *STOCK_READERS)
    async with services.unit_of_work() as uow:
        await stock_documents.require_supermarket(uow, actor_at_desk(staff), supermarket)
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
        products = rows.all()
        ids = {product.code: accounts.shelf(supermarket, product.code).id for product, _, _ in products}
        balances = await uow.books.read_balances(list(ids.values()))
        packs = await barcodes.read(uow, [product for product, _, _ in products])
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
                barcodes=packs[product.code],
            )
            for product, own, minimum in products
        ]


async def list_products_not_on(services: Services, staff: Staff, supermarket: str) -> dict[str, str]:
    """Names by code of products that a shelf doesn't carry. Raises Refused: not-allowed, unknown."""
    require(staff, *STOCK_READERS)
    async with services.unit_of_work() as uow:
        await stock_documents.require_supermarket(uow, actor_at_desk(staff), supermarket)
        carried = select(Shelf.product).where(
            Shelf.township == uow.township, Shelf.supermarket == supermarket, Shelf.retired_at.is_(None)
        )
        rows = await uow.session.execute(
            select(Product.code, Product.name)
            .where(Product.township == uow.township, Product.code.not_in(carried))
            .order_by(Product.number)
        )
        return dict(rows.all())
