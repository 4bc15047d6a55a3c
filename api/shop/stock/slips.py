"""What every slip of the stock is written down with: restock, donation, funding, stocktake."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert as insert_or

from api.platform import accounts
from api.platform.errors import ErrorCode, Refused
from api.platform.services import UnitOfWork
from api.shop.stock.hands import Hand
from api.shop.stock.tables import Product, Shelf, Supermarket
from ledger.transactions import Account, Status, Transaction, Transfer


async def place(uow: UnitOfWork, hand: Hand, supermarket: str) -> Supermarket:
    """A supermarket that this hand serves. Raises Refused: unknown."""
    found = await uow.session.get(Supermarket, (uow.township, supermarket))
    if found is None or not hand.serves(found):
        raise Refused(ErrorCode.UNKNOWN, f"没有编号为 {supermarket} 的超市。")
    return found


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


async def carry(uow: UnitOfWork, hand: Hand, supermarket: str, products: Sequence[str]) -> dict[str, Account]:
    """The shelf account of each product in a supermarket that this hand serves; from now on the supermarket
    carries these products. The caller opens the accounts. Raises Refused: unknown."""
    await place(uow, hand, supermarket)
    await require_products(uow, products)
    # Locks these rows in their order whether they change or not: nobody takes a product off its shelf meanwhile.
    brought = await uow.session.scalars(
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
    if brought.all():
        await announce(uow, [supermarket])
    return {product: accounts.shelf(supermarket, product) for product in products}


async def announce(uow: UnitOfWork, supermarkets: Sequence[str]) -> None:
    """The tills of these supermarkets have news to fetch. The rows stay locked until the caller's transaction
    ends, so that versions come in the order of the changes."""
    of_these = (Supermarket.township == uow.township, Supermarket.code.in_(supermarkets))
    await uow.session.execute(
        select(Supermarket.code).where(*of_these).order_by(Supermarket.code).with_for_update(key_share=True)
    )
    await uow.session.execute(
        update(Supermarket).where(*of_these).values(shelf_version=Supermarket.shelf_version + 1)
    )


async def post(uow: UnitOfWork, slip: Transaction) -> bool:
    """Whether this slip is new; False when the books had it already.

    Raises Refused: conflict, reserved (missing), account-closed.
    """
    [posting] = await uow.books.post([slip], uow.now)
    if posting.status is Status.CONFLICT:
        raise conflict()
    if posting.status is Status.INSUFFICIENT:
        # Only a stocktake takes pieces away, and never more than there are: these wait for somebody.
        raise Refused(
            ErrorCode.RESERVED,
            f"清点数比已预留的还少 {posting.missing} 件，请先取消预留再盘点。",
            missing=posting.missing,
        )
    if not posting.accepted:
        raise Refused(ErrorCode.ACCOUNT_CLOSED, "单据涉及的账户已关闭，不能登记。")
    return posting.status is Status.OK


def move(debit: Account, credit: Account, amount: int) -> Transfer:
    return Transfer(debit.id, credit.id, debit.unit, amount)


def conflict() -> Refused:
    return Refused(ErrorCode.CONFLICT, "这张单据的编号已经用过，内容不同。")
