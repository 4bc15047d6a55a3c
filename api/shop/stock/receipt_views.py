"""Goods receipts as their readers see them: what one wrote down, what another counted, and the difference."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import msgspec
from sqlalchemy import select

from api.platform.access import Device, Role, Staff, require
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from api.registry.people import queries as people
from api.shop.kiosks.queries import read_attendant_names
from api.shop.stock.tables import GoodsReceipt, Product, Supermarket
from api.shop.stock.watch import WATCHERS, supermarkets
from api.wire import shelf as wire

_MOST = 200


async def of_till(services: Services, device: Device) -> list[wire.GoodsReceipt]:
    """Those of this supermarket that wait for a second person, the oldest first."""
    async with services.unit_of_work() as uow:
        return await _views(uow, await _receipts(uow, [device.supermarket]), names_donors=False)


async def of_staff(
    services: Services, staff: Staff, supermarket: str = "", *, closed: bool = False, most: int = _MOST
) -> list[wire.GoodsReceipt]:
    """Those of the supermarkets that a person serves, or of one of them: open ones, the oldest first, or what
    became of the others, the latest first. Raises Refused: not-allowed."""
    require(staff, *WATCHERS)
    async with services.unit_of_work() as uow:
        served = [place.code for place in await supermarkets(uow, staff)]
        wanted = [code for code in served if supermarket in ("", code)]
        receipts = await _receipts(uow, wanted, closed=closed, most=most)
        return await _views(uow, receipts, names_donors=staff.may(Role.OFFICE))


async def of_id(services: Services, staff: Staff, id: UUID) -> wire.GoodsReceipt:
    """Raises Refused: not-allowed, unknown."""
    require(staff, *WATCHERS)
    async with services.unit_of_work() as uow:
        receipt = await uow.session.get(GoodsReceipt, (uow.township, id))
        if receipt is None or receipt.supermarket not in {p.code for p in await supermarkets(uow, staff)}:
            raise Refused(ErrorCode.UNKNOWN, "没有这张收货单。")
        return await one(uow, receipt, names_donors=staff.may(Role.OFFICE))


async def one(uow: UnitOfWork, receipt: GoodsReceipt, *, names_donors: bool = False) -> wire.GoodsReceipt:
    """`names_donors`: also those who asked to stay unnamed."""
    [view] = await _views(uow, [receipt], names_donors=names_donors)
    return view


async def _receipts(
    uow: UnitOfWork, supermarkets: Sequence[str], *, closed: bool = False, most: int = _MOST
) -> Sequence[GoodsReceipt]:
    wanted = (
        select(GoodsReceipt)
        .where(GoodsReceipt.township == uow.township, GoodsReceipt.supermarket.in_(supermarkets))
        .limit(most)
    )
    if closed:
        wanted = wanted.where(GoodsReceipt.closed_at.is_not(None)).order_by(GoodsReceipt.closed_at.desc())
    else:
        wanted = wanted.where(GoodsReceipt.closed_at.is_(None)).order_by(GoodsReceipt.written_at)
    return (await uow.session.scalars(wanted)).all()


async def _views(
    uow: UnitOfWork, receipts: Sequence[GoodsReceipt], *, names_donors: bool
) -> list[wire.GoodsReceipt]:
    arrived = {receipt.id: msgspec.convert(receipt.arrived, wire.GoodsReceiptDraft) for receipt in receipts}
    products = dict(
        (
            await uow.session.execute(
                select(Product.code, Product.name).where(
                    Product.township == uow.township,
                    Product.code.in_({line.product for one in arrived.values() for line in one.lines}),
                )
            )
        ).all()
    )
    places = dict(
        (
            await uow.session.execute(
                select(Supermarket.code, Supermarket.name).where(
                    Supermarket.township == uow.township,
                    Supermarket.code.in_({receipt.supermarket for receipt in receipts}),
                )
            )
        ).all()
    )
    hands = {hand for one in receipts for hand in (one.writer, one.closer) if hand is not None}
    called = await people.read_names(uow, hands) | await read_attendant_names(uow, hands) if hands else {}
    views = []
    for receipt in receipts:
        slip = arrived[receipt.id]
        views.append(
            wire.GoodsReceipt(
                id=receipt.id,
                supermarket=receipt.supermarket,
                supermarket_name=places[receipt.supermarket],
                source=slip.source,
                supplier=slip.supplier,
                donor=slip.donor if names_donors or not slip.anonymous else "",
                anonymous=slip.anonymous,
                lines=_lines(slip, receipt.counted, products),
                state=_state(receipt),
                writer=receipt.writer,
                written_by=called[receipt.writer],
                written_at=receipt.written_at,
                closed_by=called[receipt.closer] if receipt.closer is not None else "",
                closed_at=receipt.closed_at,
                reason=receipt.reason,
            )
        )
    return views


def _state(receipt: GoodsReceipt) -> str:
    if receipt.closed_at is None:
        return "open"
    return "withdrawn" if receipt.counted is None else "confirmed"


def _lines(
    arrived: wire.GoodsReceiptDraft, counted: Sequence[int] | None, products: dict[str, str]
) -> list[wire.GoodsReceiptLine]:
    counts: Sequence[int | None] = counted if counted is not None else [None] * len(arrived.lines)
    return [
        wire.GoodsReceiptLine(
            line=number,
            product=line.product,
            name=products[line.product],
            quantity=line.quantity,
            sell_by=line.sell_by,
            cost=line.cost,
            counted=pieces,
            difference=None if pieces is None else pieces - line.quantity,
        )
        for number, (line, pieces) in enumerate(zip(arrived.lines, counts, strict=True), start=1)
    ]
