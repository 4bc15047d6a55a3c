"""Goods that arrive on shelves: restocks and donations."""

from __future__ import annotations

from uuid import UUID

from api import wire
from api.platform import accounts
from api.platform.access import Role, Staff, require
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from api.shop.stock import lots, stock_documents
from api.shop.stock.actors import Actor, actor_at_desk
from api.shop.stock.tables import Donation, Restocking
from ledger.transactions import Phase, Transaction, TransactionId


async def restock(services: Services, staff: Staff, id: UUID, data: wire.Restock) -> None:
    """Goods arrive; where they have costs, these are paid from the fund. Safe to retry with the same id.

    Raises Refused: not-allowed, unknown, cost-incomplete, conflict, account-closed.
    """
    require(staff, Role.OFFICE, Role.COMMITTEE)
    async with services.unit_of_work() as uow:
        await post_restock(uow, actor_at_desk(staff), id, data)


async def donate(services: Services, staff: Staff, id: UUID, data: wire.Donation) -> None:
    """Goods are donated. Safe to retry with the same id.

    Raises Refused: not-allowed, unknown, conflict, account-closed.
    """
    require(staff, Role.OFFICE, Role.COMMITTEE)
    async with services.unit_of_work() as uow:
        await post_donation(uow, actor_at_desk(staff), id, data)


async def post_restock(uow: UnitOfWork, actor: Actor, id: UUID, data: wire.Restock) -> None:
    """As `restock`, in the caller's unit of work. Raises Refused: unknown, cost-incomplete, conflict,
    account-closed."""
    bought = [line for line in data.lines if line.cost is not None]
    # All or no lines have a cost: one without would make the average cost wrong.
    if bought and len(bought) < len(data.lines):
        raise cost_incomplete()
    shelves = await stock_documents.carry_products(
        uow, actor, data.supermarket, [line.product for line in data.lines]
    )
    goods = [
        stock_documents.build_transfer(accounts.supply(line.product), shelves[line.product], line.quantity)
        for line in data.lines
    ]
    money = [
        stock_documents.build_transfer(accounts.FUND, accounts.cost(line.product), line.cost)
        for line in bought
        if line.cost
    ]
    paid = [accounts.FUND, *(accounts.cost(line.product) for line in bought)] if money else []
    await uow.books.open_accounts([*shelves.values(), *paid], uow.now)
    transaction = Transaction(
        id=TransactionId(id),
        kind="procurement" if bought else "restock",
        phase=Phase.POSTED,
        person=str(actor.id),
        transfers=(*goods, *money),
        metadata={"supplier": data.supplier} if data.supplier else {},
    )
    if not await stock_documents.post(uow, transaction):
        await lots.require_same_dates(uow, id, data.lines)
        return
    lots.record_lots(uow, id, data.supermarket, data.lines)
    uow.session.add(
        Restocking(
            township=uow.township,
            id=id,
            supermarket=data.supermarket,
            person=actor.person,
            attendant=actor.attendant,
        )
    )


async def post_donation(uow: UnitOfWork, actor: Actor, id: UUID, data: wire.Donation) -> None:
    """As `donate`, in the caller's unit of work. Raises Refused: unknown, conflict, account-closed."""
    shelves = await stock_documents.carry_products(
        uow, actor, data.supermarket, [line.product for line in data.lines]
    )
    donated = {product: accounts.donated(product) for product in shelves}
    await uow.books.open_accounts([*shelves.values(), *donated.values()], uow.now)
    transaction = Transaction(
        id=TransactionId(id),
        kind="donation",
        phase=Phase.POSTED,
        person=str(actor.id),
        transfers=tuple(
            stock_documents.build_transfer(donated[line.product], shelves[line.product], line.quantity)
            for line in data.lines
        ),
    )
    if not await stock_documents.post(uow, transaction):
        await lots.require_same_dates(uow, id, data.lines)
        donation = await uow.session.get_one(Donation, (uow.township, id))
        if (donation.donor, donation.anonymous) != (data.donor, data.anonymous):
            raise stock_documents.conflict()
        return
    lots.record_lots(uow, id, data.supermarket, data.lines)
    uow.session.add(
        Donation(
            township=uow.township,
            id=id,
            supermarket=data.supermarket,
            person=actor.person,
            attendant=actor.attendant,
            donor=data.donor,
            anonymous=data.anonymous,
        )
    )


def cost_incomplete() -> Refused:
    return Refused(ErrorCode.COST_INCOMPLETE, "有的物品填了金额，有的没有；请每一行都填，或者都不填。")
