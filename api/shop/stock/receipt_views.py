"""Goods receipts as their readers see them: what one wrote down, what another counted, and the difference."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import msgspec
from sqlalchemy import select

from api.platform.access import Device, Role, Staff, require
from api.platform.problems import Refused
from api.platform.town import Town, Work
from api.registry.people import queries as people
from api.shop.kiosks.queries import attendants
from api.shop.stock.tables import GoodsReceipt, Product, Supermarket
from api.shop.stock.watch import WATCHERS, supermarkets
from api.wire import shelf as wire

_MOST = 200


async def of_till(town: Town, device: Device) -> list[wire.GoodsReceipt]:
    """Those of this supermarket that wait for a second person, the oldest first."""
    async with town.work() as work:
        return await _views(work, await _receipts(work, [device.supermarket]), names_donors=False)


async def of_staff(
    town: Town, staff: Staff, supermarket: str = "", *, closed: bool = False, most: int = _MOST
) -> list[wire.GoodsReceipt]:
    """Those of the supermarkets that a person serves, or of one of them: open ones, the oldest first, or what
    became of the others, the latest first. Raises Refused: not-allowed."""
    require(staff, *WATCHERS)
    async with town.work() as work:
        served = [place.code for place in await supermarkets(work, staff)]
        wanted = [code for code in served if supermarket in ("", code)]
        receipts = await _receipts(work, wanted, closed=closed, most=most)
        return await _views(work, receipts, names_donors=staff.may(Role.OFFICE))


async def of_id(town: Town, staff: Staff, id: UUID) -> wire.GoodsReceipt:
    """Raises Refused: not-allowed, unknown."""
    require(staff, *WATCHERS)
    async with town.work() as work:
        receipt = await work.session.get(GoodsReceipt, (work.township, id))
        if receipt is None or receipt.supermarket not in {p.code for p in await supermarkets(work, staff)}:
            raise Refused("unknown", "没有这张收货单。")
        return await one(work, receipt, names_donors=staff.may(Role.OFFICE))


async def one(work: Work, receipt: GoodsReceipt, *, names_donors: bool = False) -> wire.GoodsReceipt:
    """`names_donors`: also those who asked to stay unnamed."""
    [view] = await _views(work, [receipt], names_donors=names_donors)
    return view


async def _receipts(
    work: Work, supermarkets: Sequence[str], *, closed: bool = False, most: int = _MOST
) -> Sequence[GoodsReceipt]:
    wanted = (
        select(GoodsReceipt)
        .where(GoodsReceipt.township == work.township, GoodsReceipt.supermarket.in_(supermarkets))
        .limit(most)
    )
    if closed:
        wanted = wanted.where(GoodsReceipt.closed_at.is_not(None)).order_by(GoodsReceipt.closed_at.desc())
    else:
        wanted = wanted.where(GoodsReceipt.closed_at.is_(None)).order_by(GoodsReceipt.written_at)
    return (await work.session.scalars(wanted)).all()


async def _views(work: Work, receipts: Sequence[GoodsReceipt], *, names_donors: bool) -> list[wire.GoodsReceipt]:
    arrived = {receipt.id: msgspec.convert(receipt.arrived, wire.Arrived) for receipt in receipts}
    products = dict(
        (
            await work.session.execute(
                select(Product.code, Product.name).where(
                    Product.township == work.township,
                    Product.code.in_({line.product for one in arrived.values() for line in one.lines}),
                )
            )
        ).all()
    )
    places = dict(
        (
            await work.session.execute(
                select(Supermarket.code, Supermarket.name).where(
                    Supermarket.township == work.township,
                    Supermarket.code.in_({receipt.supermarket for receipt in receipts}),
                )
            )
        ).all()
    )
    hands = {hand for one in receipts for hand in (one.writer, one.closer) if hand is not None}
    called = await people.names(work, hands) | await attendants(work, hands) if hands else {}
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
    arrived: wire.Arrived, counted: Sequence[int] | None, products: dict[str, str]
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
