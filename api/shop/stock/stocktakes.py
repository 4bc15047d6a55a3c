"""Stocktakes: what was counted on a shelf, and the books brought to it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec
from sqlalchemy import select

from api import wire
from api.platform import accounts
from api.platform.access import Device, Role, Staff, require
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from api.shop.promises.reservations import release_for_shortfall
from api.shop.stock import slips
from api.shop.stock.hands import Hand, at_desk, on_shift
from api.shop.stock.tables import Product, Stocktake
from api.wire.shelf import TillStocktake
from ledger.transactions import Account, Phase, Transaction, TransactionId, Transfer


async def take_stock(services: Services, staff: Staff, id: UUID, wanted: wire.Stocktake) -> wire.StocktakeSheet:
    """The sheet of stocktake `id`, now or as it was given the first time.

    Raises Refused: not-allowed, unknown, counted-twice, conflict, reserved (missing), account-closed.
    """
    require(staff, Role.OFFICE, Role.COMMITTEE)
    _require_once(wanted)
    request = _digest(staff.id, wanted)
    async with services.unit_of_work() as uow:
        given = await _given(uow, id, request)
        return given or await _take(uow, at_desk(staff), id, request, wanted)


async def take_stock_at_till(
    services: Services, device: Device, shift: str, id: UUID, counted: TillStocktake
) -> wire.StocktakeSheet:
    """The same by an attendant for the supermarket of their till; safe to retry after the shift, too.

    Raises Refused: shift-closed, unknown, counted-twice, conflict, reserved (missing), account-closed.
    """
    wanted = wire.Stocktake(supermarket=device.supermarket, lines=counted.lines, reason=counted.reason)
    _require_once(wanted)
    request = _digest(device.id, wanted)
    async with services.unit_of_work() as uow:
        given = await _given(uow, id, request)
        return given or await _take(uow, await on_shift(uow, device, shift), id, request, wanted)


async def _take(
    uow: UnitOfWork, hand: Hand, id: UUID, request: bytes, wanted: wire.Stocktake
) -> wire.StocktakeSheet:
    """The shelf's balances are locked before they are read and until the differences are posted: a redemption that
    is under way comes first and is seen, a later one waits and finds the shelf as counted. None is lost, and a
    difference is never one of the moment between reading and posting."""
    products = [line.product for line in wanted.lines]
    shelves = await slips.carry(uow, hand, wanted.supermarket, products)
    await uow.books.open_accounts([*shelves.values(), *map(accounts.difference, products)], uow.now)
    await uow.books.lock_balances([shelf.id for shelf in shelves.values()])
    # The same request may have been under way and come first.
    given = await _given(uow, id, request)
    if given is not None:
        return given
    lines = await _compared(uow, shelves, wanted.lines)
    transfers = tuple(_transfer(shelves[line.product], line) for line in lines if line.difference)
    if transfers:
        slip = Transaction(
            id=TransactionId(id),
            kind="stocktake",
            phase=Phase.POSTED,
            transfers=transfers,
            person=str(hand.id),
            reason=wanted.reason,
        )
        missing = {line.product: -line.difference for line in lines if line.difference < 0}
        await release_for_shortfall(uow, wanted.supermarket, missing, person=str(hand.id), reason="盘点时货不够")
        await slips.post(uow, slip)
    sheet = wire.StocktakeSheet(
        id=id,
        supermarket=wanted.supermarket,
        counted_by=hand.name,
        reason=wanted.reason,
        lines=lines,
        recorded_at=uow.now,
    )
    uow.session.add(
        Stocktake(
            township=uow.township,
            id=id,
            supermarket=wanted.supermarket,
            person=hand.person,
            attendant=hand.attendant,
            request=request,
            sheet=msgspec.to_builtins(sheet),
            recorded_at=uow.now,
        )
    )
    return sheet


def _require_once(wanted: wire.Stocktake) -> None:
    products = [line.product for line in wanted.lines]
    if len(set(products)) < len(products):
        raise Refused(ErrorCode.COUNTED_TWICE, "同一种物品只能填一行，请把数量合在一起。")


def _digest(writer: UUID, wanted: wire.Stocktake) -> bytes:
    return hashlib.sha256(writer.bytes + msgspec.json.encode(wanted)).digest()


async def _given(uow: UnitOfWork, id: UUID, request: bytes) -> wire.StocktakeSheet | None:
    known = await uow.session.get(Stocktake, (uow.township, id))
    if known is None:
        return None
    if known.request != request:
        raise slips.conflict()
    return msgspec.convert(known.sheet, wire.StocktakeSheet)


async def _compared(
    uow: UnitOfWork, shelves: Mapping[str, Account], counted: Sequence[wire.CountedLine]
) -> list[wire.StocktakeLine]:
    """Each line beside the books. What is reserved for somebody still stands on the shelf, so it counts."""
    rows = await uow.session.execute(
        select(Product.code, Product.name).where(Product.township == uow.township, Product.code.in_(shelves))
    )
    names = dict(rows.all())
    balances = await uow.books.read_balances([shelf.id for shelf in shelves.values()])
    booked = {product: balances[shelf.id].posted for product, shelf in shelves.items()}
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


def _transfer(shelf: Account, line: wire.StocktakeLine) -> Transfer:
    difference = accounts.difference(line.product)
    if line.difference < 0:
        return slips.move(shelf, difference, -line.difference)
    return slips.move(difference, shelf, line.difference)
