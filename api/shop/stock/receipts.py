"""Goods receipts by two people: one writes down what arrived, another counts it, and the count is posted.

A receipt is a draft until then. The id is the caller's, and becomes that of the arrival in the books.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from uuid import UUID

import msgspec
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as insert_or

from api.platform.access import Device, Role, Staff, require
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from api.shop.kiosks.use_cases import require_attendant
from api.shop.stock import arrivals, receipt_views, stock_documents
from api.shop.stock.actors import Actor, actor_at_desk, require_actor_on_shift
from api.shop.stock.stock_alerts import STOCK_READERS
from api.shop.stock.tables import GoodsReceipt
from api.shop.supermarkets.tables import Supermarket
from api.wire import shelf as wire
from api.wire.base import from_store
from api.wire.goods import Donation, GoodsLine, Restock, RestockLine
from ledger.transactions import TransactionId

WRITERS = (Role.OFFICE, Role.COMMITTEE)


async def write(services: Services, staff: Staff, id: UUID, data: wire.NewGoodsReceipt) -> wire.GoodsReceipt:
    """What arrived, written down at the desk. Safe to retry with the same id.

    Raises Refused: not-allowed, unknown, cost-incomplete, cost-unexpected, donor-missing, donor-unexpected,
    conflict.
    """
    require(staff, *WRITERS)
    actor = actor_at_desk(staff)
    draft = wire.GoodsReceiptDraft(
        **{name: getattr(data, name) for name in wire.GoodsReceiptDraft.__struct_fields__}
    )
    request = _digest(staff.id, data.supermarket, draft)
    async with services.unit_of_work() as uow:
        existing = await _find_existing(uow, id, request)
        receipt = existing or await _write(uow, actor, id, request, data.supermarket, draft)
        return await receipt_views.build_view(uow, receipt, names_donors=staff.may(Role.OFFICE))


async def write_at_till(
    services: Services, device: Device, shift: str, id: UUID, data: wire.GoodsReceiptDraft
) -> wire.GoodsReceipt:
    """The same by the attendant on shift. Raises Refused: shift-closed, and as `write`."""
    request = _digest(device.id, device.supermarket, data)
    async with services.unit_of_work() as uow:
        receipt = await _find_existing(uow, id, request)
        if receipt is None:
            actor = await require_actor_on_shift(uow, device, shift)
            receipt = await _write(uow, actor, id, request, device.supermarket, data)
        return await receipt_views.build_view(uow, receipt)


async def confirm(services: Services, staff: Staff, id: UUID, count: wire.ReceiptCount) -> wire.GoodsReceipt:
    """A second person's count, at the desk: it is posted, whatever the first one wrote down. Safe to retry by the
    same person.

    Raises Refused: not-allowed, unknown, same-person, wrong-state, count-incomplete, conflict, account-closed.
    """
    require(staff, *STOCK_READERS)
    async with services.unit_of_work() as uow:
        receipt = await _confirm(uow, actor_at_desk(staff), id, count.lines)
        return await receipt_views.build_view(uow, receipt, names_donors=staff.may(Role.OFFICE))


async def confirm_at_till(
    services: Services, device: Device, id: UUID, count: wire.ReceiptCountByPin
) -> wire.GoodsReceipt:
    """The same by any attendant of this supermarket, with their own PIN.

    Raises Refused: wrong-pin, pin-locked, and as `confirm`.
    """
    attendant = await require_attendant(services, device, count.pin, count.attendant)
    async with services.unit_of_work() as uow:
        actor = Actor(attendant.id, attendant.name, supermarket=device.supermarket)
        return await receipt_views.build_view(uow, await _confirm(uow, actor, id, count.lines))


async def withdraw(services: Services, staff: Staff, id: UUID, reason: str) -> wire.GoodsReceipt:
    """Close a draft without booking it. Raises Refused: not-allowed, unknown, wrong-state."""
    require(staff, *STOCK_READERS)
    async with services.unit_of_work() as uow:
        receipt = await _withdraw(uow, actor_at_desk(staff), id, reason)
        return await receipt_views.build_view(uow, receipt, names_donors=staff.may(Role.OFFICE))


async def withdraw_at_till(
    services: Services, device: Device, shift: str, id: UUID, reason: str
) -> wire.GoodsReceipt:
    """Raises Refused: shift-closed, unknown, wrong-state."""
    async with services.unit_of_work() as uow:
        actor = await require_actor_on_shift(uow, device, shift)
        return await receipt_views.build_view(uow, await _withdraw(uow, actor, id, reason))


def _digest(writer: UUID, supermarket: str, draft: wire.GoodsReceiptDraft) -> bytes:
    content = msgspec.to_builtins(draft)
    # As requests were before lots had numbers, so that one sent again then is still the same.
    for line in content["lines"]:
        if not line["lot"]:
            del line["lot"]
    return hashlib.sha256(writer.bytes + supermarket.encode() + msgspec.json.encode(content)).digest()


async def _find_existing(uow: UnitOfWork, id: UUID, request: bytes) -> GoodsReceipt | None:
    receipt = await uow.session.get(GoodsReceipt, (uow.township, id))
    if receipt is not None and receipt.request != request:
        raise stock_documents.conflict()
    return receipt


async def _write(
    uow: UnitOfWork, actor: Actor, id: UUID, request: bytes, supermarket: str, draft: wire.GoodsReceiptDraft
) -> GoodsReceipt:
    _require_source(draft)
    await stock_documents.require_supermarket(uow, actor, supermarket)
    await stock_documents.require_products(uow, [line.product for line in draft.lines])
    if await uow.books.recorded([TransactionId(id)]):
        raise stock_documents.conflict()
    await uow.session.execute(
        insert_or(GoodsReceipt)
        .values(
            township=uow.township,
            id=id,
            supermarket=supermarket,
            person=actor.person,
            attendant=actor.attendant,
            request=request,
            arrived=msgspec.to_builtins(draft),
            written_at=uow.now,
        )
        .on_conflict_do_nothing()
    )
    # This one, or that of the same request, which was in progress and finished first.
    receipt = await _find_existing(uow, id, request)
    assert receipt is not None
    return receipt


def _require_source(draft: wire.GoodsReceiptDraft) -> None:
    """Raises Refused: cost-incomplete, cost-unexpected, donor-missing, donor-unexpected."""
    with_cost = sum(line.cost is not None for line in draft.lines)
    if draft.source == "procurement" and with_cost < len(draft.lines):
        raise Refused(ErrorCode.COST_INCOMPLETE, "经费采购的物品，每一行都要填金额。")
    if draft.source != "procurement" and with_cost:
        raise Refused(ErrorCode.COST_UNEXPECTED, "只有经费采购才填金额；花了钱的，请把来源改为采购。")
    if draft.source == "donation" and not draft.donor.strip():
        raise Refused(ErrorCode.DONOR_MISSING, "捐赠请填写捐赠人；不愿公开的，可以选择匿名。")
    if draft.source != "donation" and (draft.donor or draft.anonymous):
        raise Refused(ErrorCode.DONOR_UNEXPECTED, "这批物品没有捐赠人；如果是捐赠，请把来源改为捐赠。")


async def _lock_receipt(uow: UnitOfWork, actor: Actor, id: UUID) -> GoodsReceipt:
    """A receipt that the actor may close. Raises Refused: unknown."""
    receipt = await uow.session.scalar(
        select(GoodsReceipt).where(GoodsReceipt.township == uow.township, GoodsReceipt.id == id).with_for_update()
    )
    if receipt is not None:
        supermarket = await uow.session.get_one(Supermarket, (uow.township, receipt.supermarket))
        if actor.serves(supermarket):
            return receipt
    raise Refused(ErrorCode.UNKNOWN, "没有这张收货单。")


async def _confirm(uow: UnitOfWork, actor: Actor, id: UUID, count: Sequence[wire.LineCount]) -> GoodsReceipt:
    receipt = await _lock_receipt(uow, actor, id)
    with from_store():
        draft = msgspec.convert(receipt.arrived, wire.GoodsReceiptDraft)
    counted = _order_counts(count, len(draft.lines))
    if receipt.closed_at is not None:
        if receipt.counted == counted and receipt.closer == actor.id:
            return receipt
        raise _wrong_state()
    if receipt.writer == actor.id:
        raise Refused(ErrorCode.SAME_PERSON, "这张收货单是您登记的，请换一个人点数确认。")
    accepted = [
        msgspec.structs.replace(line, quantity=pieces)
        for line, pieces in zip(draft.lines, counted, strict=True)
        if pieces
    ]
    if accepted:
        await _put_on_shelf(uow, actor, receipt, draft, accepted)
    receipt.counted = counted
    _close(uow, receipt, actor)
    await uow.session.flush()
    return receipt


def _order_counts(count: Sequence[wire.LineCount], lines: int) -> list[int]:
    """Raises Refused: count-incomplete, unless every line was counted once."""
    pieces = {line.line: line.counted for line in count}
    if len(pieces) < len(count) or pieces.keys() != set(range(1, lines + 1)):
        raise Refused(ErrorCode.COUNT_INCOMPLETE, "每一行都要点数，并且只填一次；没有到货的请填 0。")
    return [pieces[line] for line in range(1, lines + 1)]


async def _put_on_shelf(
    uow: UnitOfWork,
    actor: Actor,
    receipt: GoodsReceipt,
    draft: wire.GoodsReceiptDraft,
    accepted: Sequence[RestockLine],
) -> None:
    """The cost of a line stays, however many of its pieces were counted."""
    if draft.source == "donation":
        donation = Donation(
            supermarket=receipt.supermarket,
            donor=draft.donor,
            anonymous=draft.anonymous,
            lines=[
                GoodsLine(product=line.product, quantity=line.quantity, sell_by=line.sell_by, lot=line.lot)
                for line in accepted
            ],
        )
        await arrivals.post_donation(uow, actor, receipt.id, donation)
    else:
        restock = Restock(supermarket=receipt.supermarket, lines=list(accepted), supplier=draft.supplier)
        await arrivals.post_restock(uow, actor, receipt.id, restock)


async def _withdraw(uow: UnitOfWork, actor: Actor, id: UUID, reason: str) -> GoodsReceipt:
    receipt = await _lock_receipt(uow, actor, id)
    if receipt.closed_at is not None:
        if receipt.counted is None and (receipt.closer, receipt.reason) == (actor.id, reason):
            return receipt
        raise _wrong_state()
    receipt.reason = reason
    _close(uow, receipt, actor)
    await uow.session.flush()
    return receipt


def _close(uow: UnitOfWork, receipt: GoodsReceipt, actor: Actor) -> None:
    receipt.closing_person, receipt.closing_attendant = actor.person, actor.attendant
    receipt.closed_at = uow.now


def _wrong_state() -> Refused:
    return Refused(ErrorCode.WRONG_STATE, "这张收货单已经确认或作废了，不能再改。")
