"""Promise goods that are out of stock at today's price, hand them over once they have come, or let go of them.

The points are set aside by a pending transfer from household to till, so they can't be spent elsewhere and the
price is fixed; the pieces by another from the shelf, once they have come (`arrivals`). A settlement in the
books answers one transaction, and a redemption is one: points and goods together or not at all. So a collection
lets go of both and redeems at the promised price, in one batch under the locks of all its balances, where
nobody can come between. It is counted, corrected and voided like any other redemption."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID, uuid5

import msgspec
from sqlalchemy import func, select

from api import wire
from api.platform import accounts
from api.platform.access import Device
from api.platform.problems import Refused
from api.platform.town import Town, Work
from api.registry.cards.use_cases import Holder, holder
from api.shop.kiosks.use_cases import OnDuty, on_duty
from api.shop.offline.leases import giving_back
from api.shop.promises.arrivals import KIND, is_open, reserve
from api.shop.promises.tables import Promise
from api.shop.redemptions import booking
from api.shop.redemptions.tables import Void
from api.shop.redemptions.use_cases import collecting, from_lease, given_receipt, lock, priced, spendable
from api.shop.stock.tables import Supermarket
from api.wire.card_token import digest, parse
from api.wire.promises import Cancellation, Collection, NewPromise, PromiseSlip
from ledger.transactions import Phase, Posting, Status, Transaction, TransactionId, Transfer

LASTS = timedelta(days=90)
MOST = 5
"""Open promises of one household, all supermarkets together: nobody's wishes fill a shelf."""


# --- promising ------------------------------------------------------------------------------------------


async def promise(town: Town, device: Device, shift: str, id: UUID, wanted: NewPromise) -> PromiseSlip:
    """The slip of promise `id`, now or as it was given the first time.

    Raises Refused: conflict, shift-closed, card-malformed, card-unknown, card-revoked, unknown, price-changed,
    in-stock (product, left), promises-full (most), insufficient-points (missing), account-closed."""
    line = wire.Line(product=wanted.product, quantity=wanted.quantity, price=wanted.price)
    request = booking.content(device.id, digest(parse(wanted.card)), [line], b"")
    async with town.work() as work:
        given = await _given_slip(work, id, request)
        if given is not None:
            return given
        duty = await on_duty(work, device, shift)
        household = await holder(work, wanted.card)
        [line_told] = await priced(work, device.supermarket, [line])
        await lock(work, device, household, [wanted.product])
        # The same request may have been under way and come first.
        given = await _given_slip(work, id, request)
        if given is not None:
            return given
        await _require_wanting(work, device, household, line_told)
        leased = await from_lease(work, device, household, wanted.leased, line_told.points)
        await _set_aside(work, device, duty, household, id, line_told, leased)
        return await _record(work, device, duty, household, id, line_told, leased=leased, request=request)


async def _given_slip(work: Work, id: UUID, request: bytes) -> PromiseSlip | None:
    known = await work.session.get(Promise, (work.township, id))
    if known is None:
        return None
    if known.request != request:
        raise Refused("conflict", "这个预订编号已经用过，内容不同；请重新扫卡再预订。")
    return msgspec.convert(known.slip, PromiseSlip)


async def _require_wanting(work: Work, device: Device, household: Holder, line: wire.ReceiptLine) -> None:
    """Refuse where there are pieces for everybody before this household and for itself, and where it has promises
    enough."""
    await reserve(work, device.supermarket, [line.product])
    shelf = accounts.shelf(device.supermarket, line.product).id
    left = (await work.books.balance(shelf)).available
    if left >= line.quantity:
        raise Refused("in-stock", f"{line.name}有货，请直接兑换。", product=line.product, left=left)
    promised = await work.session.scalar(
        select(func.count()).where(
            Promise.township == work.township, Promise.household == household.id, is_open(work.now)
        )
    )
    if promised is not None and promised >= MOST:
        raise Refused("promises-full", f"一户最多同时预订 {MOST} 笔，请先领取或取消一笔。", most=MOST)


async def _set_aside(
    work: Work, device: Device, duty: OnDuty, household: Holder, id: UUID, line: wire.ReceiptLine, leased: int
) -> None:
    batch = []
    if leased:
        lease = TransactionId(uuid5(id, "lease"))
        person = str(duty.attendant)
        batch.append(giving_back(lease, household.code, device.id, device.epoch, leased, person, "预订"))
    batch.append(
        Transaction(
            id=TransactionId(id),
            kind=KIND,
            phase=Phase.PENDING,
            transfers=(
                Transfer(
                    accounts.household(household.code).id,
                    accounts.till(device.supermarket).id,
                    accounts.POINTS,
                    line.points,
                ),
            ),
            person=str(duty.attendant),
            reason=f"预订 {line.name} {line.quantity} 件",
            expires_at=work.now + LASTS,
            metadata={"kiosk": str(device.id)},
        )
    )
    for posting in await work.books.post(batch, work.now):
        if posting.status is not Status.OK:
            raise _refusal(posting, household)


async def _record(
    work: Work,
    device: Device,
    duty: OnDuty,
    household: Holder,
    id: UUID,
    line: wire.ReceiptLine,
    *,
    leased: int,
    request: bytes,
) -> PromiseSlip:
    place = await work.session.get_one(Supermarket, (work.township, device.supermarket))
    slip = PromiseSlip(
        id=id,
        supermarket=place.name,
        attendant=duty.name,
        name=household.masked,
        line=line,
        balance=await spendable(work, device, household, holds=True),
        leased=leased,
        promised_at=work.now,
        expires_at=work.now + LASTS,
    )
    last = await work.session.scalar(
        select(func.coalesce(func.max(Promise.place), 0)).where(
            Promise.township == work.township,
            Promise.supermarket == device.supermarket,
            Promise.product == line.product,
        )
    )
    work.session.add(
        Promise(
            township=work.township,
            id=id,
            supermarket=device.supermarket,
            product=line.product,
            quantity=line.quantity,
            place=(last or 0) + 1,
            household=household.id,
            kiosk=device.id,
            attendant=duty.attendant,
            request=request,
            slip=msgspec.to_builtins(slip),
            expires_at=slip.expires_at,
        )
    )
    await work.session.flush()
    return slip


# --- collecting -----------------------------------------------------------------------------------------


async def collect(town: Town, device: Device, shift: str, id: UUID, wanted: Collection) -> wire.Receipt:
    """The receipt for the goods of promise `id`, now or as it was given the first time.

    Raises Refused: conflict, shift-closed, abandoned, card-malformed, card-unknown, card-revoked, own-card,
    unknown, wrong-state, promise-over, not-arrived, account-closed."""
    redemption = uuid5(id, "collection")
    async with town.work() as work:
        promised = await _found(work, device, id)
        line = msgspec.convert(promised.slip, PromiseSlip).line
        request = _content(device, line, wanted)
        given = await given_receipt(work, redemption, request)
        if given is not None:
            return given
        duty = await on_duty(work, device, shift)
        if await work.session.get(Void, (work.township, redemption)) is not None:
            raise Refused("abandoned", "这一笔已经作废，不能再领取；请重新扫卡。")
        household = await _owner(work, wanted.card, promised)
        collector = await collecting(work, wanted.collector, household)
        await lock(work, device, household, [promised.product])
        # The same request may have been under way and come first.
        given = await given_receipt(work, redemption, request)
        if given is not None:
            return given
        await reserve(work, device.supermarket, [promised.product])
        await _require_open(work, promised)
        if promised.arrival is None:
            raise Refused("not-arrived", f"{line.name}还没有到货，到货后再来领取。", product=promised.product)
        await _hand_over(work, device, duty, household, promised, redemption, line, collector)
        _close(work, duty, promised, "collected")
        return await booking.record(
            work,
            redemption,
            device.id,
            device.supermarket,
            duty,
            household,
            [line],
            request=request,
            balance=await spendable(work, device, household, holds=True),
            leased=0,
            collector=collector,
        )


def _content(device: Device, line: wire.ReceiptLine, wanted: Collection) -> bytes:
    """As of any redemption, so that a kiosk's journal may tell of this one as well."""
    asked = wire.Line(product=line.product, quantity=line.quantity, price=line.price)
    neighbour = digest(parse(wanted.collector)) if wanted.collector else b""
    return booking.content(device.id, digest(parse(wanted.card)), [asked], neighbour)


async def _hand_over(
    work: Work,
    device: Device,
    duty: OnDuty,
    household: Holder,
    promised: Promise,
    redemption: UUID,
    line: wire.ReceiptLine,
    collector: Holder | None,
) -> None:
    more = {"collector": collector.masked} if collector is not None else {}
    batch = [
        *_letting_go(promised, duty, "已到货领取"),
        booking.transaction(
            redemption,
            device.id,
            device.supermarket,
            duty.attendant,
            household,
            [line],
            promise=str(promised.id),
            **more,
        ),
    ]
    await _settle(work, batch, household)


# --- letting go -----------------------------------------------------------------------------------------


async def cancel(town: Town, device: Device, shift: str, id: UUID, wanted: Cancellation) -> None:
    """The household doesn't want it any more: its points come back, its pieces are free for the next.

    Raises Refused: shift-closed, card-malformed, card-unknown, card-revoked, unknown, wrong-state,
    promise-over."""
    async with town.work() as work:
        promised = await _found(work, device, id)
        duty = await on_duty(work, device, shift)
        household = await _owner(work, wanted.card, promised)
        await lock(work, device, household, [promised.product])
        await work.session.refresh(promised)
        if promised.status == "cancelled":
            return
        await _require_open(work, promised)
        await _settle(work, _letting_go(promised, duty, wanted.reason), household)
        _close(work, duty, promised, "cancelled", wanted.reason)


# --- what collecting and cancelling have in common ------------------------------------------------------


async def _found(work: Work, device: Device, id: UUID) -> Promise:
    found = await work.session.get(Promise, (work.township, id))
    if found is None or found.supermarket != device.supermarket:
        raise Refused("unknown", "本超市没有这笔预订。")
    return found


async def _owner(work: Work, card: str, promised: Promise) -> Holder:
    household = await holder(work, card)
    if household.id != promised.household:
        raise Refused("unknown", "这张卡没有这笔预订，请扫预订那一户的卡。")
    return household


async def _require_open(work: Work, promised: Promise) -> None:
    """As it is under the shelf's lock, which the caller holds."""
    await work.session.refresh(promised)
    if promised.status == "collected":
        raise Refused("wrong-state", "这笔预订已经领取。")
    if promised.status == "cancelled":
        raise Refused("wrong-state", "这笔预订已经取消，积分已退回。")
    if promised.expires_at <= work.now:
        raise _over()


def _over() -> Refused:
    return Refused("promise-over", "这笔预订已经到期，积分已退回，可以重新预订或兑换。")


def _letting_go(promised: Promise, duty: OnDuty, reason: str) -> list[Transaction]:
    held = [promised.id] if promised.arrival is None else [promised.id, promised.arrival]
    return [
        Transaction.settle(TransactionId(id), Phase.VOID, kind=KIND, person=str(duty.attendant), reason=reason)
        for id in held
    ]


async def _settle(work: Work, batch: Sequence[Transaction], household: Holder) -> None:
    for posting in await work.books.post(batch, work.now):
        if posting.status is not Status.OK:
            raise _refusal(posting, household)


def _close(work: Work, duty: OnDuty, promised: Promise, status: str, reason: str = "") -> None:
    promised.status, promised.closed_at, promised.closed_by = status, work.now, duty.attendant
    promised.reason = reason


def _refusal(posting: Posting, household: Holder) -> Refused:
    match posting.status:
        case Status.INSUFFICIENT:
            return Refused(
                "insufficient-points", f"积分不够，还差 {posting.missing} 分。", missing=posting.missing
            )
        case Status.CLOSED if posting.account == accounts.household(household.code).id:
            return Refused("account-closed", "这户的积分账户已关闭，请到村委会查询。")
        case Status.CLOSED:
            return Refused("account-closed", "本超市的这个货架或账户已关闭，请联系乡镇办公室。")
        # Another server's clock may be ahead of this one's.
        case Status.ALREADY_SETTLED:
            return _over()
        case _:
            return Refused("conflict", "这个编号已用于别的业务；请重新扫卡再办理。")
