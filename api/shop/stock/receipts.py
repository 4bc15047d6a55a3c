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
from api.platform.problems import Refused
from api.platform.town import Town, Work
from api.shop.kiosks.use_cases import recognise, wrong_pin
from api.shop.stock import arrivals, receipt_views, slips
from api.shop.stock.hands import Hand, at_desk, on_shift
from api.shop.stock.tables import GoodsReceipt, Supermarket
from api.shop.stock.watch import WATCHERS
from api.wire import shelf as wire
from ledger.transactions import TransactionId

_WRITERS = (Role.OFFICE, Role.COMMITTEE)


async def write(town: Town, staff: Staff, id: UUID, wanted: wire.NewGoodsReceipt) -> wire.GoodsReceipt:
    """What arrived, written down at the desk; the same id with the same content gives the same receipt.

    Raises Refused: not-allowed, unknown, cost-incomplete, cost-unexpected, donor-missing, donor-unexpected,
    conflict.
    """
    require(staff, *_WRITERS)
    hand = at_desk(staff)
    arrived = wire.Arrived(**{name: getattr(wanted, name) for name in wire.Arrived.__struct_fields__})
    request = _digest(staff.id, wanted.supermarket, arrived)
    async with town.work() as work:
        known = await _given(work, id, request)
        receipt = known or await _write(work, hand, id, request, wanted.supermarket, arrived)
        return await receipt_views.one(work, receipt, names_donors=staff.may(Role.OFFICE))


async def write_at_till(
    town: Town, device: Device, shift: str, id: UUID, wanted: wire.Arrived
) -> wire.GoodsReceipt:
    """The same by the attendant on duty. Raises Refused: shift-closed, and as `write`."""
    request = _digest(device.id, device.supermarket, wanted)
    async with town.work() as work:
        receipt = await _given(work, id, request)
        if receipt is None:
            hand = await on_shift(work, device, shift)
            receipt = await _write(work, hand, id, request, device.supermarket, wanted)
        return await receipt_views.one(work, receipt)


async def confirm(town: Town, staff: Staff, id: UUID, count: wire.ReceiptCount) -> wire.GoodsReceipt:
    """The count of a second person, at the desk: it goes on the shelf, whatever the first wrote down. The same
    count by the same person again changes nothing.

    Raises Refused: not-allowed, unknown, same-person, wrong-state, count-incomplete, conflict, account-closed.
    """
    require(staff, *WATCHERS)
    async with town.work() as work:
        receipt = await _confirm(work, at_desk(staff), id, count.lines)
        return await receipt_views.one(work, receipt, names_donors=staff.may(Role.OFFICE))


async def confirm_at_till(
    town: Town, device: Device, id: UUID, count: wire.ReceiptCountByPin
) -> wire.GoodsReceipt:
    """The same by an attendant of this supermarket with their own PIN, whoever's shift it is.

    Raises Refused: wrong-pin, pin-locked, and as `confirm`.
    """
    async with town.work() as work:
        attendant = await recognise(work, device, count.pin)
        if attendant is not None:
            hand = Hand(attendant.id, attendant.name, supermarket=device.supermarket)
            return await receipt_views.one(work, await _confirm(work, hand, id, count.lines))
    raise wrong_pin()


async def withdraw(town: Town, staff: Staff, id: UUID, reason: str) -> wire.GoodsReceipt:
    """Put a draft aside: nothing of it arrives. Raises Refused: not-allowed, unknown, wrong-state."""
    require(staff, *WATCHERS)
    async with town.work() as work:
        receipt = await _withdraw(work, at_desk(staff), id, reason)
        return await receipt_views.one(work, receipt, names_donors=staff.may(Role.OFFICE))


async def withdraw_at_till(town: Town, device: Device, shift: str, id: UUID, reason: str) -> wire.GoodsReceipt:
    """Raises Refused: shift-closed, unknown, wrong-state."""
    async with town.work() as work:
        hand = await on_shift(work, device, shift)
        return await receipt_views.one(work, await _withdraw(work, hand, id, reason))


def _digest(writer: UUID, supermarket: str, arrived: wire.Arrived) -> bytes:
    return hashlib.sha256(writer.bytes + supermarket.encode() + msgspec.json.encode(arrived)).digest()


async def _given(work: Work, id: UUID, request: bytes) -> GoodsReceipt | None:
    known = await work.session.get(GoodsReceipt, (work.township, id))
    if known is not None and known.request != request:
        raise slips.conflict()
    return known


async def _write(
    work: Work, hand: Hand, id: UUID, request: bytes, supermarket: str, arrived: wire.Arrived
) -> GoodsReceipt:
    _require_source(arrived)
    await slips.place(work, hand, supermarket)
    await slips.require_products(work, [line.product for line in arrived.lines])
    if await work.books.written([TransactionId(id)]):
        raise slips.conflict()
    await work.session.execute(
        insert_or(GoodsReceipt)
        .values(
            township=work.township,
            id=id,
            supermarket=supermarket,
            person=hand.person,
            attendant=hand.attendant,
            request=request,
            arrived=msgspec.to_builtins(arrived),
            written_at=work.now,
        )
        .on_conflict_do_nothing()
    )
    # This one, or the same that was under way and came first.
    receipt = await _given(work, id, request)
    assert receipt is not None
    return receipt


def _require_source(arrived: wire.Arrived) -> None:
    """Raises Refused: cost-incomplete, cost-unexpected, donor-missing, donor-unexpected."""
    priced = sum(line.cost is not None for line in arrived.lines)
    if arrived.source == "procurement" and priced < len(arrived.lines):
        raise Refused("cost-incomplete", "经费采购的物品，每一行都要填金额。")
    if arrived.source != "procurement" and priced:
        raise Refused("cost-unexpected", "只有经费采购才填金额；花了钱的，请把来源改为采购。")
    if arrived.source == "donation" and not arrived.donor.strip():
        raise Refused("donor-missing", "捐赠请填写捐赠人；不愿公开的，可以选择匿名。")
    if arrived.source != "donation" and (arrived.donor or arrived.anonymous):
        raise Refused("donor-unexpected", "这批物品没有捐赠人；如果是捐赠，请把来源改为捐赠。")


async def _held(work: Work, hand: Hand, id: UUID) -> GoodsReceipt:
    """A receipt that nobody else closes meanwhile. Raises Refused: unknown."""
    receipt = await work.session.scalar(
        select(GoodsReceipt).where(GoodsReceipt.township == work.township, GoodsReceipt.id == id).with_for_update()
    )
    if receipt is not None:
        place = await work.session.get_one(Supermarket, (work.township, receipt.supermarket))
        if hand.serves(place):
            return receipt
    raise Refused("unknown", "没有这张收货单。")


async def _confirm(work: Work, hand: Hand, id: UUID, count: Sequence[wire.LineCount]) -> GoodsReceipt:
    receipt = await _held(work, hand, id)
    arrived = msgspec.convert(receipt.arrived, wire.Arrived)
    counted = _by_line(count, len(arrived.lines))
    if receipt.closed_at is not None:
        if receipt.counted == counted and receipt.closer == hand.id:
            return receipt
        raise _closed()
    if receipt.writer == hand.id:
        raise Refused("same-person", "这张收货单是您登记的，请换一个人点数确认。")
    came = [
        msgspec.structs.replace(line, quantity=pieces)
        for line, pieces in zip(arrived.lines, counted, strict=True)
        if pieces
    ]
    if came:
        await _put_on_shelf(work, hand, receipt, arrived, came)
    receipt.counted = counted
    _close(work, receipt, hand)
    await work.session.flush()
    return receipt


def _by_line(count: Sequence[wire.LineCount], lines: int) -> list[int]:
    """Raises Refused: count-incomplete, unless every line was counted once."""
    pieces = {line.line: line.counted for line in count}
    if len(pieces) < len(count) or pieces.keys() != set(range(1, lines + 1)):
        raise Refused("count-incomplete", "每一行都要点数，并且只填一次；没有到货的请填 0。")
    return [pieces[line] for line in range(1, lines + 1)]


async def _put_on_shelf(
    work: Work, hand: Hand, receipt: GoodsReceipt, arrived: wire.Arrived, came: Sequence[slip.RestockLine]
) -> None:
    """What was paid for a line was paid for what came of it, however many pieces."""
    if arrived.source == "donation":
        given = slip.Donation(
            supermarket=receipt.supermarket,
            donor=arrived.donor,
            anonymous=arrived.anonymous,
            lines=[
                slip.Pieces(product=line.product, quantity=line.quantity, sell_by=line.sell_by) for line in came
            ],
        )
        await arrivals.give(work, hand, receipt.id, given)
    else:
        bought = slip.Restock(supermarket=receipt.supermarket, lines=list(came), supplier=arrived.supplier)
        await arrivals.bring(work, hand, receipt.id, bought)


async def _withdraw(work: Work, hand: Hand, id: UUID, reason: str) -> GoodsReceipt:
    receipt = await _held(work, hand, id)
    if receipt.closed_at is not None:
        if receipt.counted is None and (receipt.closer, receipt.reason) == (hand.id, reason):
            return receipt
        raise _closed()
    receipt.reason = reason
    _close(work, receipt, hand)
    await work.session.flush()
    return receipt


def _close(work: Work, receipt: GoodsReceipt, hand: Hand) -> None:
    receipt.closing_person, receipt.closing_attendant = hand.person, hand.attendant
    receipt.closed_at = work.now


def _closed() -> Refused:
    return Refused("wrong-state", "这张收货单已经确认或作废了，不能再改。")
