"""Stocktakes: what was counted on a shelf, and the books adjusted to it.

Small differences are booked by the one who counted. Where those of a supermarket add up to more than the
township's bound, the count waits for another person. Its differences are those of the moment of the count, so
sales that happen meanwhile don't matter.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias
from uuid import UUID

import msgspec
from sqlalchemy import func, select

from api import wire
from api.platform import accounts
from api.platform.access import Device, Role, Staff, require
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from api.registry.proposals.bounds import read_policy
from api.registry.proposals.decision import Confirmers
from api.registry.proposals.queries import list_confirmed_since
from api.registry.proposals.use_cases import (
    NewProposal,
    ProposalKind,
    Proposed,
    Signer,
    find_proposal,
    name_confirmer,
    propose,
    trial,
)
from api.shop.reservations.use_cases import release_for_shortfall
from api.shop.stock import stock_documents
from api.shop.stock.actors import Actor, actor_at_desk, require_actor_on_shift
from api.shop.stock.tables import Product, Stocktake
from api.shop.supermarkets.use_cases import lock_supermarket
from api.wire.shelf import JournalPosition, TillStocktake
from ledger.transactions import Phase, Transaction, TransactionId, Transfer

# For how long differences that one person decided alone count towards the bound.
ALONE_PERIOD = timedelta(days=30)

MovedSince: TypeAlias = Callable[[UnitOfWork, Device, JournalPosition], Awaitable[Mapping[str, int]]]


@dataclass(frozen=True, slots=True)
class CountedAt:
    """Where a kiosk's journal stood at a count, which may have been a while ago."""

    device: Device
    position: JournalPosition
    count_moved_since: MovedSince


async def take_stock(services: Services, staff: Staff, id: UUID, data: wire.Stocktake) -> wire.StocktakeSheet:
    """The sheet of stocktake `id`; a retry gets the first one again.

    Raises Refused: not-allowed, unknown, counted-twice, conflict, reserved (missing), account-closed, wrong-state.
    """
    require(staff, Role.OFFICE, Role.COMMITTEE)
    _require_distinct_products(data)
    request = _digest(staff.id, data)
    async with services.unit_of_work() as uow:
        existing = await _find_existing(uow, id, request)
        return existing or await _take_stock(uow, actor_at_desk(staff), Signer.of(staff), id, request, data)


async def take_stock_at_till(
    services: Services, device: Device, shift: str, id: UUID, counted: TillStocktake, count_moved_since: MovedSince
) -> wire.StocktakeSheet:
    """The same by the attendant on shift, for the supermarket of the till. A retry may come after the shift.
    `count_moved_since`: by product, the booked pieces that left the shelf after a position in the journal.

    Raises Refused: malformed, shift-closed, and as `take_stock`.
    """
    if counted.position is not None and counted.position.epoch > device.epoch:
        raise Refused(ErrorCode.MALFORMED, "盘点时的记录编号不是这台终端的，请重新盘点。")
    data = wire.Stocktake(supermarket=device.supermarket, lines=counted.lines, reason=counted.reason)
    _require_distinct_products(data)
    request = _digest(device.id, data)
    async with services.unit_of_work() as uow:
        existing = await _find_existing(uow, id, request)
        if existing is not None:
            return existing
        actor = await require_actor_on_shift(uow, device, shift)
        signer = Signer(actor.id, actor.name, at_till=True)
        if counted.position is None:
            return await _take_stock(uow, actor, signer, id, request, data)
        at = CountedAt(device, counted.position, count_moved_since)
        return await _take_stock(uow, actor, signer, id, request, data, at)


async def _take_stock(
    uow: UnitOfWork,
    actor: Actor,
    signer: Signer,
    id: UUID,
    request: bytes,
    data: wire.Stocktake,
    at: CountedAt | None = None,
) -> wire.StocktakeSheet:
    await _lock_shelves(uow, actor, data.supermarket, [line.product for line in data.lines])
    # The same request may have been in progress and finished first.
    existing = await _find_existing(uow, id, request)
    if existing is not None:
        return existing
    moved = await at.count_moved_since(uow, at.device, at.position) if at is not None else {}
    lines, points = await _compare(uow, data, moved)
    bound = (await read_policy(uow)).stocktake_points
    waits = points > 0 and points + await _sum_decided_alone(uow, data.supermarket) > bound
    sheet = wire.StocktakeSheet(
        id=id,
        supermarket=data.supermarket,
        counted_by=actor.name,
        reason=data.reason,
        lines=lines,
        recorded_at=uow.now,
        status="waiting" if waits else "booked",
    )
    if waits:
        await _propose(uow, actor, signer, request, sheet, points)
    else:
        await _book(uow, sheet, actor.id)
    # Also of one that waits: what kiosks report later of before the count, it has seen.
    uow.session.add(
        Stocktake(
            township=uow.township,
            id=id,
            supermarket=data.supermarket,
            person=actor.person,
            attendant=actor.attendant,
            request=request,
            sheet=msgspec.to_builtins(sheet),
            recorded_at=uow.now,
            kiosk=at.device.id if at is not None else None,
            epoch=at.position.epoch if at is not None else None,
            number=at.position.number if at is not None else None,
            decided_alone=0 if waits else points,
            proposal=id if waits else None,
        )
    )
    return sheet


async def _lock_shelves(uow: UnitOfWork, actor: Actor, supermarket: str, products: Sequence[str]) -> None:
    """The balances stay locked from before they are read until the differences are posted: a redemption in
    progress is finished first, and a later one waits, so that none is mistaken for a difference. `late_movements`
    is about what kiosks report afterwards. Counts of one supermarket go one after another, so that what was
    decided alone adds up."""
    shelves = await stock_documents.carry_products(uow, actor, supermarket, products)
    await lock_supermarket(uow, supermarket)
    await uow.books.open_accounts([*shelves.values(), *map(accounts.difference, products)], uow.now)
    await uow.books.lock_balances([shelf.id for shelf in shelves.values()])


async def _book(
    uow: UnitOfWork, sheet: wire.StocktakeSheet, person: UUID, confirmed_by: UUID | None = None
) -> None:
    transfers = tuple(_build_difference(sheet.supermarket, line) for line in sheet.lines if line.difference)
    if not transfers:
        return
    transaction = Transaction(
        id=TransactionId(sheet.id),
        kind="stocktake",
        phase=Phase.POSTED,
        transfers=transfers,
        person=str(person),
        reason=sheet.reason,
        metadata=name_confirmer(confirmed_by),
    )
    missing = {line.product: -line.difference for line in sheet.lines if line.difference < 0}
    await release_for_shortfall(uow, sheet.supermarket, missing, person=str(person), reason="盘点时货不够")
    await stock_documents.post(uow, transaction)


async def _propose(
    uow: UnitOfWork, actor: Actor, signer: Signer, request: bytes, sheet: wire.StocktakeSheet, points: int
) -> None:
    async with trial(uow):
        await _book(uow, sheet, actor.id)
    supermarket = await stock_documents.require_supermarket(uow, actor, sheet.supermarket)
    new = NewProposal(
        request=[stocktake.id for stocktake in await _list_booked_since(uow, sheet.supermarket, uow.now)],
        what=_describe(supermarket.name, sheet, points),
        village=supermarket.village,
        id=sheet.id,
        preview=sheet,
        identity=request.hex(),
    )
    await propose(uow, STOCKTAKE, signer, new)


def _describe(supermarket: str, sheet: wire.StocktakeSheet, points: int) -> str:
    differences = "、".join(
        f"{line.name}账上 {line.booked} 件、点到 {line.counted} 件" for line in sheet.lines if line.difference
    )
    return f"{supermarket}盘点，{sheet.counted_by}点数，盈亏值 {points} 分：{differences}（{sheet.reason}）"


async def _execute(uow: UnitOfWork, proposed: Proposed, confirmer: Signer) -> wire.StocktakeSheet:
    """Raises Refused: wrong-state, where another count of these goods was booked after this one."""
    sheet = msgspec.structs.replace(msgspec.convert(proposed.preview, wire.StocktakeSheet), status="booked")
    products = [line.product for line in sheet.lines]
    proposer = proposed.proposer
    await _lock_shelves(uow, Actor(proposer.id, proposer.name), sheet.supermarket, products)
    booked_before = msgspec.convert(proposed.request, set[UUID])
    for later in await _list_booked_since(uow, sheet.supermarket, sheet.recorded_at):
        counted = {line["product"] for line in later.sheet["lines"]}
        if later.id not in booked_before and not counted.isdisjoint(products):
            raise Refused(ErrorCode.WRONG_STATE, "这以后又盘点过同样的物品，请退回这一份，要改账请再点一次。")
    await _book(uow, sheet, proposer.id, confirmer.id)
    return sheet


STOCKTAKE = ProposalKind(
    "stocktake", "盘点盈亏", Confirmers((Role.OFFICE, Role.COMMITTEE, Role.SUPERVISOR)), _execute
)


async def _list_booked_since(uow: UnitOfWork, supermarket: str, since: datetime) -> Sequence[Stocktake]:
    """The stocktakes of a supermarket that were booked, or confirmed, from this moment on."""
    confirmed = await list_confirmed_since(uow, STOCKTAKE.name, since)
    at_once = Stocktake.proposal.is_(None) & (Stocktake.recorded_at >= since)
    found = await uow.session.scalars(
        select(Stocktake).where(
            Stocktake.township == uow.township,
            Stocktake.supermarket == supermarket,
            at_once | Stocktake.id.in_(confirmed),
        )
    )
    return found.all()


async def _sum_decided_alone(uow: UnitOfWork, supermarket: str) -> int:
    """Points of this supermarket's differences that one person alone has booked lately."""
    points = await uow.session.scalar(
        select(func.coalesce(func.sum(Stocktake.decided_alone), 0)).where(
            Stocktake.township == uow.township,
            Stocktake.supermarket == supermarket,
            Stocktake.recorded_at > uow.now - ALONE_PERIOD,
        )
    )
    return points or 0


def _require_distinct_products(data: wire.Stocktake) -> None:
    products = [line.product for line in data.lines]
    if len(set(products)) < len(products):
        raise Refused(ErrorCode.COUNTED_TWICE, "同一种物品只能填一行，请把数量合在一起。")


def _digest(writer: UUID, data: wire.Stocktake) -> bytes:
    return hashlib.sha256(writer.bytes + msgspec.json.encode(data)).digest()


async def _find_existing(uow: UnitOfWork, id: UUID, request: bytes) -> wire.StocktakeSheet | None:
    stocktake = await uow.session.get(Stocktake, (uow.township, id))
    if stocktake is None:
        return None
    if stocktake.request != request:
        raise stock_documents.conflict()
    sheet = msgspec.convert(stocktake.sheet, wire.StocktakeSheet)
    if stocktake.proposal is not None:
        proposal = await find_proposal(uow, STOCKTAKE, id, request.hex())
        if proposal is not None and proposal.status == "confirmed":
            return msgspec.structs.replace(sheet, status="booked")
    return sheet


async def _compare(
    uow: UnitOfWork, data: wire.Stocktake, moved: Mapping[str, int]
) -> tuple[list[wire.StocktakeLine], int]:
    """Each line beside what the books had at the count, and what the differences are worth in points: `moved` has
    left since. Reserved pieces are still on the shelf, so they count."""
    shelves = {line.product: accounts.shelf(data.supermarket, line.product).id for line in data.lines}
    rows = await uow.session.execute(
        select(Product.code, Product.name, Product.price).where(
            Product.township == uow.township, Product.code.in_(shelves)
        )
    )
    products = {row.code: row for row in rows}
    balances = await uow.books.read_balances(list(shelves.values()))
    booked = {product: balances[id].posted + moved.get(product, 0) for product, id in shelves.items()}
    lines = [
        wire.StocktakeLine(
            product=line.product,
            name=products[line.product].name,
            booked=booked[line.product],
            counted=line.counted,
            difference=line.counted - booked[line.product],
        )
        for line in data.lines
    ]
    return lines, sum(abs(line.difference) * products[line.product].price for line in lines)


def _build_difference(supermarket: str, line: wire.StocktakeLine) -> Transfer:
    shelf, difference = accounts.shelf(supermarket, line.product), accounts.difference(line.product)
    if line.difference < 0:
        return stock_documents.build_transfer(shelf, difference, -line.difference)
    return stock_documents.build_transfer(difference, shelf, line.difference)
