"""Goods receipts as they are shown: what one person wrote down, what another counted, and the difference."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import func, select

from api.platform.access import Device, Role, Staff, require
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from api.registry.people import queries as people
from api.shop.kiosks.queries import read_attendant_names
from api.shop.stock.stock_alerts import STOCK_READERS
from api.shop.stock.tables import GoodsReceipt, Product
from api.shop.supermarkets.queries import find_supermarkets
from api.shop.supermarkets.tables import Supermarket
from api.wire import shelf as wire
from api.wire.base import from_store

_MAX_LISTED = 200


async def list_for_till(services: Services, device: Device) -> list[wire.GoodsReceipt]:
    """Those of this supermarket that wait for a second person, the oldest first."""
    async with services.unit_of_work() as uow:
        return await _build_views(uow, await _select_receipts(uow, [device.supermarket]), names_donors=False)


async def list_for_staff(
    services: Services, staff: Staff, supermarket: str = "", *, closed: bool = False, limit: int = _MAX_LISTED
) -> list[wire.GoodsReceipt]:
    """Those of the supermarkets that a person serves, or of one of them: open ones, the oldest first, or what
    became of the others, the latest first. Raises Refused: not-allowed."""
    require(staff, *STOCK_READERS)
    async with services.unit_of_work() as uow:
        served = [each.code for each in await find_supermarkets(uow, staff)]
        codes = [code for code in served if supermarket in ("", code)]
        receipts = await _select_receipts(uow, codes, closed=closed, limit=limit)
        return await _build_views(uow, receipts, names_donors=staff.may(Role.OFFICE))


async def list_uncounted(uow: UnitOfWork) -> dict[str, Sequence[datetime]]:
    """By supermarket, when each receipt was written that nobody has counted yet."""
    rows = await uow.session.execute(
        select(GoodsReceipt.supermarket, func.array_agg(GoodsReceipt.written_at))
        .where(GoodsReceipt.township == uow.township, GoodsReceipt.closed_at.is_(None))
        .group_by(GoodsReceipt.supermarket)
    )
    return {supermarket: written for supermarket, written in rows}


async def read_by_id(services: Services, staff: Staff, id: UUID) -> wire.GoodsReceipt:
    """Raises Refused: not-allowed, unknown."""
    require(staff, *STOCK_READERS)
    async with services.unit_of_work() as uow:
        receipt = await uow.session.get(GoodsReceipt, (uow.township, id))
        if receipt is None or receipt.supermarket not in {p.code for p in await find_supermarkets(uow, staff)}:
            raise Refused(ErrorCode.UNKNOWN, "没有这张收货单。")
        return await build_view(uow, receipt, names_donors=staff.may(Role.OFFICE))


async def build_view(uow: UnitOfWork, receipt: GoodsReceipt, *, names_donors: bool = False) -> wire.GoodsReceipt:
    """`names_donors`: also anonymous ones."""
    [view] = await _build_views(uow, [receipt], names_donors=names_donors)
    return view


async def _select_receipts(
    uow: UnitOfWork, supermarkets: Sequence[str], *, closed: bool = False, limit: int = _MAX_LISTED
) -> Sequence[GoodsReceipt]:
    query = (
        select(GoodsReceipt)
        .where(GoodsReceipt.township == uow.township, GoodsReceipt.supermarket.in_(supermarkets))
        .limit(limit)
    )
    if closed:
        query = query.where(GoodsReceipt.closed_at.is_not(None)).order_by(GoodsReceipt.closed_at.desc())
    else:
        query = query.where(GoodsReceipt.closed_at.is_(None)).order_by(GoodsReceipt.written_at)
    return (await uow.session.scalars(query)).all()


async def _build_views(
    uow: UnitOfWork, receipts: Sequence[GoodsReceipt], *, names_donors: bool
) -> list[wire.GoodsReceipt]:
    with from_store():
        drafts = {receipt.id: msgspec.convert(receipt.arrived, wire.GoodsReceiptDraft) for receipt in receipts}
    products = dict(
        (
            await uow.session.execute(
                select(Product.code, Product.name).where(
                    Product.township == uow.township,
                    Product.code.in_({line.product for draft in drafts.values() for line in draft.lines}),
                )
            )
        ).all()
    )
    supermarkets = dict(
        (
            await uow.session.execute(
                select(Supermarket.code, Supermarket.name).where(
                    Supermarket.township == uow.township,
                    Supermarket.code.in_({receipt.supermarket for receipt in receipts}),
                )
            )
        ).all()
    )
    ids = {actor for receipt in receipts for actor in (receipt.writer, receipt.closer) if actor is not None}
    names = await people.read_names(uow, ids) | await read_attendant_names(uow, ids) if ids else {}
    views = []
    for receipt in receipts:
        draft = drafts[receipt.id]
        views.append(
            wire.GoodsReceipt(
                id=receipt.id,
                supermarket=receipt.supermarket,
                supermarket_name=supermarkets[receipt.supermarket],
                source=draft.source,
                supplier=draft.supplier,
                donor=draft.donor if names_donors or not draft.anonymous else "",
                anonymous=draft.anonymous,
                lines=_build_lines(draft, receipt.counted, products),
                state=_get_state(receipt),
                writer=receipt.writer,
                written_by=names[receipt.writer],
                written_at=receipt.written_at,
                closed_by=names[receipt.closer] if receipt.closer is not None else "",
                closed_at=receipt.closed_at,
                reason=receipt.reason,
            )
        )
    return views


def _get_state(receipt: GoodsReceipt) -> str:
    if receipt.closed_at is None:
        return "open"
    return "withdrawn" if receipt.counted is None else "confirmed"


def _build_lines(
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
            lot=line.lot,
            cost=line.cost,
            counted=pieces,
            difference=None if pieces is None else pieces - line.quantity,
        )
        for number, (line, pieces) in enumerate(zip(arrived.lines, counts, strict=True), start=1)
    ]
