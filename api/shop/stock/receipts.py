"""Goods received by two people: one writes down what arrived, another counts it, and that count is posted.

A receipt is a draft until then. The id is the caller's, and becomes that of the arrival in the books.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from uuid import UUID

import msgspec
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as insert_or

from api import wire as slip
from api.platform.access import Device, Role, Staff, require
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from api.shop.kiosks.use_cases import check_pin, wrong_pin
from api.shop.stock import arrivals, receipt_views, slips
from api.shop.stock.hands import Hand, at_desk, on_shift
from api.shop.stock.tables import GoodsReceipt, Supermarket
from api.shop.stock.watch import WATCHERS
from api.wire import shelf as wire
from ledger.transactions import TransactionId

_WRITERS = (Role.OFFICE, Role.COMMITTEE)


async def write(services: Services, staff: Staff, id: UUID, wanted: wire.NewGoodsReceipt) -> wire.GoodsReceipt:
    """What arrived, written down at the desk; the same id with the same content gives the same receipt.

    Raises Refused: not-allowed, unknown, cost-incomplete, cost-unexpected, donor-missing, donor-unexpected,
    conflict.
    """
    require(staff, *_WRITERS)
    hand = at_desk(staff)
    arrived = wire.GoodsReceiptDraft(
        **{name: getattr(wanted, name) for name in wire.GoodsReceiptDraft.__struct_fields__}
    )
    request = _digest(staff.id, wanted.supermarket, arrived)
    async with services.unit_of_work() as uow:
        known = await _given(uow, id, request)
        receipt = known or await _write(uow, hand, id, request, wanted.supermarket, arrived)
        return await receipt_views.one(uow, receipt, names_donors=staff.may(Role.OFFICE))


async def write_at_till(
    services: Services, device: Device, shift: str, id: UUID, wanted: wire.GoodsReceiptDraft
) -> wire.GoodsReceipt:
    """The same by the attendant on duty. Raises Refused: shift-closed, and as `write`."""
    request = _digest(device.id, device.supermarket, wanted)
    async with services.unit_of_work() as uow:
        receipt = await _given(uow, id, request)
        if receipt is None:
            hand = await on_shift(uow, device, shift)
            receipt = await _write(uow, hand, id, request, device.supermarket, wanted)
        return await receipt_views.one(uow, receipt)


async def confirm(services: Services, staff: Staff, id: UUID, count: wire.ReceiptCount) -> wire.GoodsReceipt:
    """The count of a second person, at the desk: it goes on the shelf, whatever the first wrote down. The same
    count by the same person again changes nothing.

    Raises Refused: not-allowed, unknown, same-person, wrong-state, count-incomplete, conflict, account-closed.
    """
    require(staff, *WATCHERS)
    async with services.unit_of_work() as uow:
        receipt = await _confirm(uow, at_desk(staff), id, count.lines)
        return await receipt_views.one(uow, receipt, names_donors=staff.may(Role.OFFICE))


async def confirm_at_till(
    services: Services, device: Device, id: UUID, count: wire.ReceiptCountByPin
) -> wire.GoodsReceipt:
    """The same by an attendant of this supermarket with their own PIN, whoever's shift it is.

    Raises Refused: wrong-pin, pin-locked, and as `confirm`.
    """
    async with services.unit_of_work() as uow:
        attendant = await check_pin(uow, device, count.pin)
        if attendant is not None:
            hand = Hand(attendant.id, attendant.name, supermarket=device.supermarket)
            return await receipt_views.one(uow, await _confirm(uow, hand, id, count.lines))
    raise wrong_pin()


async def withdraw(services: Services, staff: Staff, id: UUID, reason: str) -> wire.GoodsReceipt:
    """Put a draft aside: nothing of it arrives. Raises Refused: not-allowed, unknown, wrong-state."""
    require(staff, *WATCHERS)
    async with services.unit_of_work() as uow:
        receipt = await _withdraw(uow, at_desk(staff), id, reason)
        return await receipt_views.one(uow, receipt, names_donors=staff.may(Role.OFFICE))


async def withdraw_at_till(
    services: Services, device: Device, shift: str, id: UUID, reason: str
) -> wire.GoodsReceipt:
    """Raises Refused: shift-closed, unknown, wrong-state."""
    async with services.unit_of_work() as uow:
        hand = await on_shift(uow, device, shift)
        return await receipt_views.one(uow, await _withdraw(uow, hand, id, reason))


def _digest(writer: UUID, supermarket: str, arrived: wire.GoodsReceiptDraft) -> bytes:
    return hashlib.sha256(writer.bytes + supermarket.encode() + msgspec.json.encode(arrived)).digest()


async def _given(uow: UnitOfWork, id: UUID, request: bytes) -> GoodsReceipt | None:
    known = await uow.session.get(GoodsReceipt, (uow.township, id))
    if known is not None and known.request != request:
        raise slips.conflict()
    return known


async def _write(
    uow: UnitOfWork, hand: Hand, id: UUID, request: bytes, supermarket: str, arrived: wire.GoodsReceiptDraft
) -> GoodsReceipt:
    _require_source(arrived)
    await slips.place(uow, hand, supermarket)
    await slips.require_products(uow, [line.product for line in arrived.lines])
    if await uow.books.recorded([TransactionId(id)]):
        raise slips.conflict()
    await uow.session.execute(
        insert_or(GoodsReceipt)
        .values(
            township=uow.township,
            id=id,
            supermarket=supermarket,
            person=hand.person,
            attendant=hand.attendant,
            request=request,
            arrived=msgspec.to_builtins(arrived),
            written_at=uow.now,
        )
        .on_conflict_do_nothing()
    )
    # This one, or the same that was under way and came first.
    receipt = await _given(uow, id, request)
    assert receipt is not None
    return receipt


def _require_source(arrived: wire.GoodsReceiptDraft) -> None:
    """Raises Refused: cost-incomplete, cost-unexpected, donor-missing, donor-unexpected."""
    priced = sum(line.cost is not None for line in arrived.lines)
    if arrived.source == "procurement" and priced < len(arrived.lines):
        raise Refused(ErrorCode.COST_INCOMPLETE, "经费采购的物品，每一行都要填金额。")
    if arrived.source != "procurement" and priced:
        raise Refused(ErrorCode.COST_UNEXPECTED, "只有经费采购才填金额；花了钱的，请把来源改为采购。")
    if arrived.source == "donation" and not arrived.donor.strip():
        raise Refused(ErrorCode.DONOR_MISSING, "捐赠请填写捐赠人；不愿公开的，可以选择匿名。")
    if arrived.source != "donation" and (arrived.donor or arrived.anonymous):
        raise Refused(ErrorCode.DONOR_UNEXPECTED, "这批物品没有捐赠人；如果是捐赠，请把来源改为捐赠。")


async def _held(uow: UnitOfWork, hand: Hand, id: UUID) -> GoodsReceipt:
    """A receipt that nobody else closes meanwhile. Raises Refused: unknown."""
    receipt = await uow.session.scalar(
        select(GoodsReceipt).where(GoodsReceipt.township == uow.township, GoodsReceipt.id == id).with_for_update()
    )
    if receipt is not None:
        place = await uow.session.get_one(Supermarket, (uow.township, receipt.supermarket))
        if hand.serves(place):
            return receipt
    raise Refused(ErrorCode.UNKNOWN, "没有这张收货单。")


async def _confirm(uow: UnitOfWork, hand: Hand, id: UUID, count: Sequence[wire.LineCount]) -> GoodsReceipt:
    receipt = await _held(uow, hand, id)
    arrived = msgspec.convert(receipt.arrived, wire.GoodsReceiptDraft)
    counted = _by_line(count, len(arrived.lines))
    if receipt.closed_at is not None:
        if receipt.counted == counted and receipt.closer == hand.id:
            return receipt
        raise _closed()
    if receipt.writer == hand.id:
        raise Refused(ErrorCode.SAME_PERSON, "这张收货单是您登记的，请换一个人点数确认。")
    came = [
        msgspec.structs.replace(line, quantity=pieces)
        for line, pieces in zip(arrived.lines, counted, strict=True)
        if pieces
    ]
    if came:
        await _put_on_shelf(uow, hand, receipt, arrived, came)
    receipt.counted = counted
    _close(uow, receipt, hand)
    await uow.session.flush()
    return receipt


def _by_line(count: Sequence[wire.LineCount], lines: int) -> list[int]:
    """Raises Refused: count-incomplete, unless every line was counted once."""
    pieces = {line.line: line.counted for line in count}
    if len(pieces) < len(count) or pieces.keys() != set(range(1, lines + 1)):
        raise Refused(ErrorCode.COUNT_INCOMPLETE, "每一行都要点数，并且只填一次；没有到货的请填 0。")
    return [pieces[line] for line in range(1, lines + 1)]


async def _put_on_shelf(
    uow: UnitOfWork,
    hand: Hand,
    receipt: GoodsReceipt,
    arrived: wire.GoodsReceiptDraft,
    came: Sequence[slip.RestockLine],
) -> None:
    """What was paid for a line was paid for what came of it, however many pieces."""
    if arrived.source == "donation":
        given = slip.Donation(
            supermarket=receipt.supermarket,
            donor=arrived.donor,
            anonymous=arrived.anonymous,
            lines=[
                slip.GoodsLine(product=line.product, quantity=line.quantity, sell_by=line.sell_by) for line in came
            ],
        )
        await arrivals.give(uow, hand, receipt.id, given)
    else:
        bought = slip.Restock(supermarket=receipt.supermarket, lines=list(came), supplier=arrived.supplier)
        await arrivals.bring(uow, hand, receipt.id, bought)


async def _withdraw(uow: UnitOfWork, hand: Hand, id: UUID, reason: str) -> GoodsReceipt:
    receipt = await _held(uow, hand, id)
    if receipt.closed_at is not None:
        if receipt.counted is None and (receipt.closer, receipt.reason) == (hand.id, reason):
            return receipt
        raise _closed()
    receipt.reason = reason
    _close(uow, receipt, hand)
    await uow.session.flush()
    return receipt


def _close(uow: UnitOfWork, receipt: GoodsReceipt, hand: Hand) -> None:
    receipt.closing_person, receipt.closing_attendant = hand.person, hand.attendant
    receipt.closed_at = uow.now


def _closed() -> Refused:
    return Refused(ErrorCode.WRONG_STATE, "这张收货单已经确认或作废了，不能再改。")
