"""Goods that arrive on shelves: restocks and donations. What was paid for or given is proposed and confirmed."""

from __future__ import annotations

from uuid import UUID

import msgspec

from api import wire
from api.platform import accounts
from api.platform.access import Role, Staff, require
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from api.registry.proposals.decision import Confirmers
from api.registry.proposals.use_cases import (
    NewProposal,
    ProposalKind,
    Proposed,
    Signer,
    find_proposal,
    name_confirmer,
    propose,
    to_view,
    trial,
)
from api.shop.stock import lots, stock_documents
from api.shop.stock.actors import Actor, actor_at_desk
from api.shop.stock.tables import Donation, Restocking
from ledger.transactions import Phase, Transaction, TransactionId

# Of the village, or of the township.
CONFIRMERS = (Role.OFFICE, Role.COMMITTEE, Role.SUPERVISOR)


async def restock(services: Services, staff: Staff, id: UUID, data: wire.Restock) -> wire.ProposalView | None:
    """Goods arrive. Where they have costs, these are paid from the fund, so a second person confirms. Safe to
    retry with the same id.

    Raises Refused: not-allowed, unknown, cost-incomplete, conflict, account-closed, wrong-state.
    """
    require(staff, Role.OFFICE, Role.COMMITTEE)
    async with services.unit_of_work() as uow:
        if any(line.cost is not None for line in data.lines):
            return await _propose(uow, staff, RESTOCK, id, data)
        await post_restock(uow, actor_at_desk(staff), id, data)
        return None


async def donate(services: Services, staff: Staff, id: UUID, data: wire.Donation) -> wire.ProposalView | None:
    """Goods are donated, once a second person confirms. Safe to retry with the same id.

    Raises Refused: not-allowed, unknown, conflict, account-closed, wrong-state.
    """
    require(staff, Role.OFFICE, Role.COMMITTEE)
    async with services.unit_of_work() as uow:
        return await _propose(uow, staff, DONATION, id, data)


async def _propose(
    uow: UnitOfWork, staff: Staff, kind: ProposalKind, id: UUID, data: wire.Restock | wire.Donation
) -> wire.ProposalView | None:
    """None where the goods are on the shelf already."""
    actor = actor_at_desk(staff)
    proposal = await find_proposal(uow, kind, id, data)
    if proposal is None:
        if await uow.books.recorded([TransactionId(id)]):
            # By one person, before it took two.
            await _post(uow, actor, id, data)
            return None
        async with trial(uow):
            await _post(uow, actor, id, data)
        supermarket = await stock_documents.require_supermarket(uow, actor, data.supermarket)
        new = NewProposal(request=data, what=_describe(supermarket.name, data), village=supermarket.village, id=id)
        proposal = await propose(uow, kind, Signer.of(staff), new)
    return await to_view(uow, kind, proposal, staff) if proposal.status == "waiting" else None


def _describe(supermarket: str, data: wire.Restock | wire.Donation) -> str:
    pieces = sum(line.quantity for line in data.lines)
    goods = f"{len({line.product for line in data.lines})} 种 {pieces} 件"
    if isinstance(data, wire.Donation):
        return f"{supermarket}收{'不愿留名的人' if data.anonymous else data.donor}捐赠 {goods}"
    cost = sum(line.cost or 0 for line in data.lines)
    supplier = f"，供货方{data.supplier}" if data.supplier else ""
    return f"{supermarket}采购 {goods}，从经费里付 {cost / 100:,.2f} 元{supplier}"


async def _post(
    uow: UnitOfWork, actor: Actor, id: UUID, data: wire.Restock | wire.Donation, confirmed_by: UUID | None = None
) -> None:
    if isinstance(data, wire.Donation):
        await post_donation(uow, actor, id, data, confirmed_by)
    else:
        await post_restock(uow, actor, id, data, confirmed_by)


async def _execute_restock(uow: UnitOfWork, proposed: Proposed, confirmer: Signer) -> None:
    data = msgspec.convert(proposed.request, wire.Restock)
    await _post(uow, Actor(proposed.proposer.id, proposed.proposer.name), proposed.id, data, confirmer.id)


async def _execute_donation(uow: UnitOfWork, proposed: Proposed, confirmer: Signer) -> None:
    data = msgspec.convert(proposed.request, wire.Donation)
    await _post(uow, Actor(proposed.proposer.id, proposed.proposer.name), proposed.id, data, confirmer.id)


RESTOCK = ProposalKind("restock", "采购入库", Confirmers(CONFIRMERS), _execute_restock)
DONATION = ProposalKind("donation", "捐赠入库", Confirmers(CONFIRMERS), _execute_donation)


async def post_restock(
    uow: UnitOfWork, actor: Actor, id: UUID, data: wire.Restock, confirmed_by: UUID | None = None
) -> None:
    """Put goods on the shelf, and pay what they cost. Raises Refused: unknown, cost-incomplete, conflict,
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
        metadata=({"supplier": data.supplier} if data.supplier else {}) | name_confirmer(confirmed_by),
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


async def post_donation(
    uow: UnitOfWork, actor: Actor, id: UUID, data: wire.Donation, confirmed_by: UUID | None = None
) -> None:
    """Put donated goods on the shelf. Raises Refused: unknown, conflict, account-closed."""
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
        metadata=name_confirmer(confirmed_by),
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
