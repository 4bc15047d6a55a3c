"""Stocktakes: what was counted on a shelf, and the books adjusted to it."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias
from uuid import UUID

import msgspec
from sqlalchemy import select

from api import wire
from api.platform import accounts
from api.platform.access import Device, Role, Staff, require
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from api.shop.reservations.use_cases import release_for_shortfall
from api.shop.stock import stock_documents
from api.shop.stock.actors import Actor, actor_at_desk, require_actor_on_shift
from api.shop.stock.tables import Product, Stocktake
from api.wire.shelf import JournalPosition, TillStocktake
from ledger.transactions import Account, Phase, Transaction, TransactionId, Transfer

MovedSince: TypeAlias = Callable[[UnitOfWork, Device, JournalPosition], Awaitable[Mapping[str, int]]]


@dataclass(frozen=True, slots=True)
class CountedAt:
    """Where a kiosk's journal stood at a count, which may have been a while ago."""

    device: Device
    position: JournalPosition
    count_moved_since: MovedSince


async def take_stock(services: Services, staff: Staff, id: UUID, data: wire.Stocktake) -> wire.StocktakeSheet:
    """The sheet of stocktake `id`; a retry gets the first one again.

    Raises Refused: not-allowed, unknown, counted-twice, conflict, reserved (missing), account-closed.
    """
    require(staff, Role.OFFICE, Role.COMMITTEE)
    _require_distinct_products(data)
    request = _digest(staff.id, data)
    async with services.unit_of_work() as uow:
        existing = await _find_existing(uow, id, request)
        return existing or await _take_stock(uow, actor_at_desk(staff), id, request, data)


async def take_stock_at_till(
    services: Services, device: Device, shift: str, id: UUID, counted: TillStocktake, count_moved_since: MovedSince
) -> wire.StocktakeSheet:
    """The same by the attendant on shift, for the supermarket of the till. A retry may come after the shift.
    `count_moved_since`: by product, the booked pieces that left the shelf after a position in the journal.

    Raises Refused: malformed, shift-closed, unknown, counted-twice, conflict, reserved (missing), account-closed.
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
        if counted.position is None:
            return await _take_stock(uow, actor, id, request, data)
        at = CountedAt(device, counted.position, count_moved_since)
        return await _take_stock(uow, actor, id, request, data, at)


async def _take_stock(
    uow: UnitOfWork,
    actor: Actor,
    id: UUID,
    request: bytes,
    data: wire.Stocktake,
    at: CountedAt | None = None,
) -> wire.StocktakeSheet:
    """The balances stay locked from before they are read until the differences are posted: a redemption in
    progress is finished first, and a later one waits, so that none is mistaken for a difference. `late_movements`
    is about what kiosks report afterwards."""
    products = [line.product for line in data.lines]
    shelves = await stock_documents.carry_products(uow, actor, data.supermarket, products)
    await uow.books.open_accounts([*shelves.values(), *map(accounts.difference, products)], uow.now)
    await uow.books.lock_balances([shelf.id for shelf in shelves.values()])
    # The same request may have been in progress and finished first.
    existing = await _find_existing(uow, id, request)
    if existing is not None:
        return existing
    moved = await at.count_moved_since(uow, at.device, at.position) if at is not None else {}
    lines = await _compare(uow, shelves, data.lines, moved)
    transfers = tuple(_build_difference(shelves[line.product], line) for line in lines if line.difference)
    if transfers:
        transaction = Transaction(
            id=TransactionId(id),
            kind="stocktake",
            phase=Phase.POSTED,
            transfers=transfers,
            person=str(actor.id),
            reason=data.reason,
        )
        missing = {line.product: -line.difference for line in lines if line.difference < 0}
        await release_for_shortfall(uow, data.supermarket, missing, person=str(actor.id), reason="盘点时货不够")
        await stock_documents.post(uow, transaction)
    sheet = wire.StocktakeSheet(
        id=id,
        supermarket=data.supermarket,
        counted_by=actor.name,
        reason=data.reason,
        lines=lines,
        recorded_at=uow.now,
    )
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
        )
    )
    return sheet


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
    return msgspec.convert(stocktake.sheet, wire.StocktakeSheet)


async def _compare(
    uow: UnitOfWork,
    shelves: Mapping[str, Account],
    counted: Sequence[wire.CountedLine],
    moved: Mapping[str, int],
) -> list[wire.StocktakeLine]:
    """Each line beside what the books had at the count: `moved` has left since. Reserved pieces are still on the
    shelf, so they count."""
    rows = await uow.session.execute(
        select(Product.code, Product.name).where(Product.township == uow.township, Product.code.in_(shelves))
    )
    names = dict(rows.all())
    balances = await uow.books.read_balances([shelf.id for shelf in shelves.values()])
    booked = {product: balances[shelf.id].posted + moved.get(product, 0) for product, shelf in shelves.items()}
    return [
        wire.StocktakeLine(
            product=line.product,
            name=names[line.product],
            booked=booked[line.product],
            counted=line.counted,
            difference=line.counted - booked[line.product],
        )
        for line in counted
    ]


def _build_difference(shelf: Account, line: wire.StocktakeLine) -> Transfer:
    difference = accounts.difference(line.product)
    if line.difference < 0:
        return stock_documents.build_transfer(shelf, difference, -line.difference)
    return stock_documents.build_transfer(difference, shelf, line.difference)
