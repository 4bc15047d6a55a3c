"""Goods arriving on shelves: bought or given."""

from __future__ import annotations

from uuid import UUID

from api import wire
from api.platform import accounts
from api.platform.access import Role, Staff, require
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from api.shop.stock import lots, slips
from api.shop.stock.hands import Hand, at_desk
from api.shop.stock.tables import Donation, Restocking
from ledger.transactions import Phase, Transaction, TransactionId


async def restock(services: Services, staff: Staff, id: UUID, wanted: wire.Restock) -> None:
    """Goods arrive, and with costs their money leaves the fund; the same id with the same content counts once.

    Raises Refused: not-allowed, unknown, cost-incomplete, conflict, account-closed.
    """
    require(staff, Role.OFFICE, Role.COMMITTEE)
    async with services.unit_of_work() as uow:
        await bring(uow, at_desk(staff), id, wanted)


async def donate(services: Services, staff: Staff, id: UUID, wanted: wire.Donation) -> None:
    """Goods are given; the same id with the same content counts once.

    Raises Refused: not-allowed, unknown, conflict, account-closed.
    """
    require(staff, Role.OFFICE, Role.COMMITTEE)
    async with services.unit_of_work() as uow:
        await give(uow, at_desk(staff), id, wanted)


async def bring(uow: UnitOfWork, hand: Hand, id: UUID, wanted: wire.Restock) -> None:
    """As `restock`, in the caller's unit of work. Raises Refused: unknown, cost-incomplete, conflict,
    account-closed."""
    bought = [line for line in wanted.lines if line.cost is not None]
    # All pieces of a procurement have a known cost: a line without one would make the average wrong.
    if bought and len(bought) < len(wanted.lines):
        raise cost_incomplete()
    shelves = await slips.carry(uow, hand, wanted.supermarket, [line.product for line in wanted.lines])
    goods = [
        slips.move(accounts.supply(line.product), shelves[line.product], line.quantity) for line in wanted.lines
    ]
    money = [slips.move(accounts.FUND, accounts.cost(line.product), line.cost) for line in bought if line.cost]
    paid = [accounts.FUND, *(accounts.cost(line.product) for line in bought)] if money else []
    await uow.books.open_accounts([*shelves.values(), *paid], uow.now)
    slip = Transaction(
        id=TransactionId(id),
        kind="procurement" if bought else "restock",
        phase=Phase.POSTED,
        person=str(hand.id),
        transfers=(*goods, *money),
        metadata={"supplier": wanted.supplier} if wanted.supplier else {},
    )
    if not await slips.post(uow, slip):
        await lots.require_same(uow, id, wanted.lines)
        return
    lots.record(uow, id, wanted.supermarket, wanted.lines)
    uow.session.add(
        Restocking(
            township=uow.township,
            id=id,
            supermarket=wanted.supermarket,
            person=hand.person,
            attendant=hand.attendant,
        )
    )


async def give(uow: UnitOfWork, hand: Hand, id: UUID, wanted: wire.Donation) -> None:
    """As `donate`, in the caller's unit of work. Raises Refused: unknown, conflict, account-closed."""
    shelves = await slips.carry(uow, hand, wanted.supermarket, [line.product for line in wanted.lines])
    donated = {product: accounts.donated(product) for product in shelves}
    await uow.books.open_accounts([*shelves.values(), *donated.values()], uow.now)
    slip = Transaction(
        id=TransactionId(id),
        kind="donation",
        phase=Phase.POSTED,
        person=str(hand.id),
        transfers=tuple(
            slips.move(donated[line.product], shelves[line.product], line.quantity) for line in wanted.lines
        ),
    )
    if not await slips.post(uow, slip):
        await lots.require_same(uow, id, wanted.lines)
        known = await uow.session.get_one(Donation, (uow.township, id))
        if (known.donor, known.anonymous) != (wanted.donor, wanted.anonymous):
            raise slips.conflict()
        return
    lots.record(uow, id, wanted.supermarket, wanted.lines)
    uow.session.add(
        Donation(
            township=uow.township,
            id=id,
            supermarket=wanted.supermarket,
            person=hand.person,
            attendant=hand.attendant,
            donor=wanted.donor,
            anonymous=wanted.anonymous,
        )
    )


def cost_incomplete() -> Refused:
    return Refused(ErrorCode.COST_INCOMPLETE, "有的物品填了金额，有的没有；请每一行都填，或者都不填。")
