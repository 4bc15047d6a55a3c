"""Shared by all documents of the stock: restocks, donations, funding, stocktakes."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert as insert_or

from api.platform import accounts
from api.platform.errors import ErrorCode, Refused
from api.platform.services import UnitOfWork
from api.shop.stock.actors import Actor
from api.shop.stock.tables import Product, Shelf
from api.shop.supermarkets.tables import Supermarket
from ledger.transactions import Account, Status, Transaction, Transfer


async def require_supermarket(uow: UnitOfWork, actor: Actor, code: str) -> Supermarket:
    """A supermarket that the actor serves. Raises Refused: unknown."""
    supermarket = await uow.session.get(Supermarket, (uow.township, code))
    if supermarket is None or not actor.serves(supermarket):
        raise Refused(ErrorCode.UNKNOWN, f"没有编号为 {code} 的超市。")
    return supermarket


async def require_products(uow: UnitOfWork, products: Sequence[str]) -> None:
    """Raises Refused: unknown."""
    known = set(
        await uow.session.scalars(
            select(Product.code).where(Product.township == uow.township, Product.code.in_(products))
        )
    )
    for product in products:
        if product not in known:
            raise Refused(ErrorCode.UNKNOWN, f"没有编号为 {product} 的物品。")


async def carry_products(
    uow: UnitOfWork, actor: Actor, supermarket: str, products: Sequence[str]
) -> dict[str, Account]:
    """Put products that the supermarket doesn't carry yet on its shelf. Returns the shelf account of each, for the
    caller to open. Raises Refused: unknown."""
    await require_supermarket(uow, actor, supermarket)
    await require_products(uow, products)
    # Locks the rows in order, changed or not, so that none of these products is retired meanwhile.
    added = await uow.session.scalars(
        insert_or(Shelf)
        .values(
            [
                {"township": uow.township, "supermarket": supermarket, "product": product}
                for product in sorted(set(products))
            ]
        )
        .on_conflict_do_update(
            index_elements=["township", "supermarket", "product"],
            set_={"retired_at": None},
            where=Shelf.retired_at.is_not(None),
        )
        .returning(Shelf.product)
    )
    if added.all():
        await bump_shelf_versions(uow, [supermarket])
    return {product: accounts.shelf(supermarket, product) for product in products}


async def bump_shelf_versions(uow: UnitOfWork, supermarkets: Sequence[str]) -> None:
    """Tell the tills of these supermarkets that their shelf has changed. The rows stay locked until the caller's
    transaction ends, so that versions are in the order of the changes."""
    of_these = (Supermarket.township == uow.township, Supermarket.code.in_(supermarkets))
    await uow.session.execute(
        select(Supermarket.code).where(*of_these).order_by(Supermarket.code).with_for_update(key_share=True)
    )
    await uow.session.execute(
        update(Supermarket).where(*of_these).values(shelf_version=Supermarket.shelf_version + 1)
    )


async def post(uow: UnitOfWork, transaction: Transaction) -> bool:
    """Returns whether it is new; False where the books had it already.

    Raises Refused: conflict, reserved (missing), overflow, account-closed.
    """
    [posting] = await uow.books.post([transaction], uow.now)
    if posting.status is Status.CONFLICT:
        raise conflict()
    if posting.status is Status.INSUFFICIENT:
        # Only a stocktake removes pieces, and never more than there are: the missing ones are reserved.
        raise Refused(
            ErrorCode.RESERVED,
            f"清点数比已预留的还少 {posting.missing} 件，请先取消预留再盘点。",
            missing=posting.missing,
        )
    if posting.status is Status.OVERFLOW:
        raise Refused(ErrorCode.OVERFLOW, "数量太大，账上记不下，没有登记；请核对数量。")
    if not posting.accepted:
        raise Refused(ErrorCode.ACCOUNT_CLOSED, "单据涉及的账户已关闭，不能登记。")
    return posting.status is Status.OK


def build_transfer(debit: Account, credit: Account, amount: int) -> Transfer:
    return Transfer(debit.id, credit.id, debit.unit, amount)


def conflict() -> Refused:
    return Refused(ErrorCode.CONFLICT, "这张单据的编号已经用过，内容不同。")
