"""Goods arriving on shelves: bought or given."""

from __future__ import annotations

from uuid import UUID

from api import wire
from api.platform import accounts
from api.platform.access import Role, Staff, require
from api.platform.problems import Refused
from api.platform.town import Town, Work
from api.shop.stock import lots, slips
from api.shop.stock.hands import Hand, at_desk
from api.shop.stock.tables import Donation, Restocking
from ledger.transactions import Phase, Transaction, TransactionId


async def restock(town: Town, staff: Staff, id: UUID, wanted: wire.Restock) -> None:
    """Goods arrive, and with costs their money leaves the fund; the same id with the same content counts once.

    Raises Refused: not-allowed, unknown, cost-incomplete, conflict, account-closed.
    """
    require(staff, Role.OFFICE, Role.COMMITTEE)
    async with town.work() as work:
        await bring(work, at_desk(staff), id, wanted)


async def donate(town: Town, staff: Staff, id: UUID, wanted: wire.Donation) -> None:
    """Goods are given; the same id with the same content counts once.

    Raises Refused: not-allowed, unknown, conflict, account-closed.
    """
    require(staff, Role.OFFICE, Role.COMMITTEE)
    async with town.work() as work:
        await give(work, at_desk(staff), id, wanted)


async def bring(work: Work, hand: Hand, id: UUID, wanted: wire.Restock) -> None:
    """As `restock`, in the caller's unit of work. Raises Refused: unknown, cost-incomplete, conflict,
    account-closed."""
    bought = [line for line in wanted.lines if line.cost is not None]
    # All pieces of a procurement have a known cost: a line without one would make the average wrong.
    if bought and len(bought) < len(wanted.lines):
        raise cost_incomplete()
    shelves = await slips.carry(work, hand, wanted.supermarket, [line.product for line in wanted.lines])
    goods = [
        slips.move(accounts.supply(line.product), shelves[line.product], line.quantity) for line in wanted.lines
    ]
    money = [slips.move(accounts.FUND, accounts.cost(line.product), line.cost) for line in bought if line.cost]
    paid = [accounts.FUND, *(accounts.cost(line.product) for line in bought)] if money else []
    await work.books.open([*shelves.values(), *paid], work.now)
    slip = Transaction(
        id=TransactionId(id),
        kind="procurement" if bought else "restock",
        phase=Phase.POSTED,
        person=str(hand.id),
        transfers=(*goods, *money),
        metadata={"supplier": wanted.supplier} if wanted.supplier else {},
    )
    if not await slips.post(work, slip):
        await lots.require_same(work, id, wanted.lines)
        return
    lots.record(work, id, wanted.supermarket, wanted.lines)
    work.session.add(
        Restocking(
            township=work.township,
            id=id,
            supermarket=wanted.supermarket,
            person=hand.person,
            attendant=hand.attendant,
        )
    )


async def give(work: Work, hand: Hand, id: UUID, wanted: wire.Donation) -> None:
    """As `donate`, in the caller's unit of work. Raises Refused: unknown, conflict, account-closed."""
    shelves = await slips.carry(work, hand, wanted.supermarket, [line.product for line in wanted.lines])
    donated = {product: accounts.donated(product) for product in shelves}
    await work.books.open([*shelves.values(), *donated.values()], work.now)
    slip = Transaction(
        id=TransactionId(id),
        kind="donation",
        phase=Phase.POSTED,
        person=str(hand.id),
        transfers=tuple(
            slips.move(donated[line.product], shelves[line.product], line.quantity) for line in wanted.lines
        ),
    )
    if not await slips.post(work, slip):
        await lots.require_same(work, id, wanted.lines)
        known = await work.session.get_one(Donation, (work.township, id))
        if (known.donor, known.anonymous) != (wanted.donor, wanted.anonymous):
            raise slips.conflict()
        return
    lots.record(work, id, wanted.supermarket, wanted.lines)
    work.session.add(
        Donation(
            township=work.township,
            id=id,
            supermarket=wanted.supermarket,
            person=hand.person,
            attendant=hand.attendant,
            donor=wanted.donor,
            anonymous=wanted.anonymous,
        )
    )


def cost_incomplete() -> Refused:
    return Refused("cost-incomplete", "有的物品填了金额，有的没有；请每一行都填，或者都不填。")
