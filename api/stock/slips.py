"""What every slip of the stock is written down with: restock, donation, funding, stocktake."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as insert_or

from api import accounts
from api.access import Staff
from api.problems import Refused
from api.stock.tables import Product, Shelf, Supermarket
from api.town import Work
from ledger.transactions import Account, Status, Transaction, Transfer


async def carry(work: Work, staff: Staff, supermarket: str, products: Sequence[str]) -> dict[str, Account]:
    """The shelf account of each product in a supermarket that this person serves; from now on the supermarket
    carries these products. The caller opens the accounts. Raises Refused: unknown."""
    place = await work.session.get(Supermarket, (work.township, supermarket))
    if place is None or not staff.serves(place.village):
        raise Refused("unknown", f"没有编号为 {supermarket} 的超市。")
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
        .values([(work.township, supermarket, product) for product in sorted(known)])
        .on_conflict_do_nothing()
    )
    return {product: accounts.shelf(supermarket, product) for product in products}


async def post(work: Work, slip: Transaction) -> bool:
    """Whether this slip is new; False when the books had it already.

    Raises Refused: conflict, reserved (missing), account-closed.
    """
    [posting] = await work.books.post([slip], work.now)
    if posting.status is Status.CONFLICT:
        raise conflict()
    if posting.status is Status.INSUFFICIENT:
        # Only a stocktake takes pieces away, and never more than there are: these wait for somebody.
        raise Refused(
            "reserved",
            f"清点数比已预留的还少 {posting.missing} 件，请先取消预留再盘点。",
            missing=posting.missing,
        )
    if not posting.accepted:
        raise Refused("account-closed", "单据涉及的账户已关闭，不能登记。")
    return posting.status is Status.OK


def move(debit: Account, credit: Account, amount: int) -> Transfer:
    return Transfer(debit.id, credit.id, debit.unit, amount)


def conflict() -> Refused:
    return Refused("conflict", "这张单据的编号已经用过，内容不同。")
