"""Promise goods that are out of stock at today's price; hand them over once they have arrived, or cancel.

A pending transfer from household to till reserves the points, so that they can't be spent elsewhere and the price
is fixed; another from the shelf reserves the pieces once they have arrived (`api/shop/reservations/`). In the
books a settlement settles one transaction, while a redemption is one transaction of points and goods. So a
collection voids both reservations and redeems at the promised price, in one batch under the locks of all its
balances. It is then counted, corrected and voided like any other redemption."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import msgspec
from sqlalchemy import func, select

from api import wire
from api.platform import accounts
from api.platform.access import Device, digest_secret
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from api.shop.holdings.recalls import read_leases
from api.shop.promises.closing import build_release, close
from api.shop.redemptions.decision import (
    find_existing_receipt,
    price_lines,
    require_enrolled,
    require_points,
    require_shift_and_cards,
    require_witnessed,
)
from api.shop.redemptions.facts import CardFacts, RedemptionRequest, TillFacts, read_facts
from api.shop.redemptions.receipts import book, digest_request, return_leased
from api.shop.redemptions.use_cases import (
    lock_and_read_facts,
    recall_missing,
    resolve_identification,
    to_refusal,
)
from api.shop.redemptions.writer import StaleBatch, write
from api.shop.reservations.tables import Promise
from api.shop.reservations.use_cases import KIND, is_open, reserve
from api.wire.card_token import digest, parse
from api.wire.names import mask_name
from api.wire.promises import Cancellation, Collection, NewPromise, PromiseSlip, collection_id
from ledger.transactions import Phase, PostingResult, Status, Transaction, TransactionId, Transfer

LIFETIME = timedelta(days=90)
MAX_OPEN = 5
"""Open promises of one household at most, in all supermarkets together."""


# --- promising ------------------------------------------------------------------------------------------


async def make_promise(services: Services, device: Device, shift: str, id: UUID, data: NewPromise) -> PromiseSlip:
    """The slip of promise `id`; a retry gets the first one again.

    Raises Refused: conflict, shift-closed, card-malformed, card-unknown, card-revoked, card-frozen,
    identification-over, unknown, price-changed, in-stock (product, left), promises-full (most),
    insufficient-points (missing), account-closed. Points that other kiosks hold are recalled where they are
    needed."""
    wanted = wire.RedemptionLine(product=data.product, quantity=data.quantity, price=data.price)
    request = RedemptionRequest(
        device.digest, digest_secret(shift), id, digest(parse(data.card)), [wanted], data.leased
    )
    async with services.unit_of_work() as uow:
        request = await resolve_identification(uow, request)
    try:
        return await _make_promise(services, device, id, data, request)
    except Refused as refusal:
        raise await recall_missing(services, request, refusal) from None


async def _make_promise(
    services: Services, device: Device, id: UUID, data: NewPromise, request: RedemptionRequest
) -> PromiseSlip:
    request_digest = digest_request(device.id, request.card, request.lines, b"")
    async with services.unit_of_work() as uow:
        facts = await lock_and_read_facts(uow, request)
        existing = await _find_existing_slip(uow, id, request_digest)
        if existing is not None:
            return existing
        till, request_facts = require_enrolled(facts)
        card, _ = require_shift_and_cards(request, till, request_facts, uow.now)
        [line] = price_lines(request.lines, facts.shelf)
        await _require_promisable(uow, till, card, line)
        [facts] = await read_facts(uow, [request], uow.now)
        _, request_facts = require_enrolled(facts)
        leased = require_points(
            request_facts,
            line.points,
            own_points=request_facts.spendable_points,
            leased_points=min(request_facts.leased_points, request.leased),
        )
        await _reserve_points(uow, till, card, id, line, leased)
        [facts] = await read_facts(uow, [request], uow.now)
        _, request_facts = require_enrolled(facts)
        leases = await read_leases(uow, card.household, card.code)
        balance = request_facts.own_points + sum(lease.points for lease in leases)
        return await _record(uow, till, card, id, line, balance=balance, leased=leased, digest=request_digest)


async def _find_existing_slip(uow: UnitOfWork, id: UUID, request_digest: bytes) -> PromiseSlip | None:
    promise = await uow.session.get(Promise, (uow.township, id))
    if promise is None:
        return None
    if promise.request != request_digest:
        raise Refused(ErrorCode.CONFLICT, "这个预订编号已经用过，内容不同；请重新扫卡再预订。")
    return msgspec.convert(promise.slip, PromiseSlip)


async def _require_promisable(uow: UnitOfWork, till: TillFacts, card: CardFacts, line: wire.ReceiptLine) -> None:
    """Refuse where enough pieces are available, after all earlier promises were served, and where the household
    has too many open promises."""
    await reserve(uow, till.supermarket, [line.product])
    shelf = accounts.shelf(till.supermarket, line.product).id
    left = (await uow.books.read_balance(shelf)).available
    if left >= line.quantity:
        raise Refused(ErrorCode.IN_STOCK, f"{line.name}有货，请直接兑换。", product=line.product, left=left)
    open_promises = await uow.session.scalar(
        select(func.count()).where(
            Promise.township == uow.township, Promise.household == card.household, is_open(uow.now)
        )
    )
    if open_promises is not None and open_promises >= MAX_OPEN:
        raise Refused(
            ErrorCode.PROMISES_FULL, f"一户最多同时预订 {MAX_OPEN} 笔，请先领取或取消一笔。", most=MAX_OPEN
        )


async def _reserve_points(
    uow: UnitOfWork, till: TillFacts, card: CardFacts, id: UUID, line: wire.ReceiptLine, leased: int
) -> None:
    reservation = Transaction(
        id=TransactionId(id),
        kind=KIND,
        phase=Phase.PENDING,
        transfers=(
            Transfer(
                accounts.household(card.code).id,
                accounts.till(till.supermarket).id,
                accounts.POINTS,
                line.points,
            ),
        ),
        person=str(till.attendant),
        reason=f"预订 {line.name} {line.quantity} 件",
        expires_at=uow.now + LIFETIME,
        metadata={"kiosk": str(till.kiosk)},
    )
    await _post(uow, [*return_leased(id, till, card, leased, "预订"), reservation])


async def _record(
    uow: UnitOfWork,
    till: TillFacts,
    card: CardFacts,
    id: UUID,
    line: wire.ReceiptLine,
    *,
    balance: int,
    leased: int,
    digest: bytes,
) -> PromiseSlip:
    slip = PromiseSlip(
        id=id,
        supermarket=till.supermarket_name,
        attendant=till.attendant_name or "",
        name=mask_name(card.head),
        line=line,
        balance=balance,
        leased=leased,
        promised_at=uow.now,
        expires_at=uow.now + LIFETIME,
    )
    last = await uow.session.scalar(
        select(func.coalesce(func.max(Promise.place), 0)).where(
            Promise.township == uow.township,
            Promise.supermarket == till.supermarket,
            Promise.product == line.product,
        )
    )
    uow.session.add(
        Promise(
            township=uow.township,
            id=id,
            supermarket=till.supermarket,
            product=line.product,
            quantity=line.quantity,
            place=(last or 0) + 1,
            household=card.household,
            kiosk=till.kiosk,
            attendant=till.attendant,
            request=digest,
            slip=msgspec.to_builtins(slip),
            expires_at=slip.expires_at,
        )
    )
    await uow.session.flush()
    return slip


# --- collecting -----------------------------------------------------------------------------------------


async def collect(services: Services, device: Device, shift: str, id: UUID, data: Collection) -> wire.Receipt:
    """The receipt for the goods of promise `id`; a retry gets the first one again.

    Raises Refused: conflict, shift-closed, abandoned, card-malformed, card-unknown, card-revoked, card-frozen,
    own-card, identification-over, witnessed-full, unknown, wrong-state, promise-over, not-arrived, account-closed.
    """
    async with services.unit_of_work() as uow:
        promise = await _find_promise(uow, device, id)
        line = msgspec.convert(promise.slip, PromiseSlip).line
        # A redemption like any other, which the kiosk's journal reports, too.
        request = _make_request(device, shift, collection_id(id), line, data.card, data.collector)
        request = await resolve_identification(uow, request)
        facts = await lock_and_read_facts(uow, request)
        till, request_facts = require_enrolled(facts)
        existing = find_existing_receipt(request, till, request_facts)
        if existing is not None:
            return existing
        card, collector = require_shift_and_cards(request, till, request_facts, uow.now)
        _require_owner(card, promise)
        require_witnessed(facts.witnessed, line.points)
        await reserve(uow, device.supermarket, [promise.product])
        await _require_open(uow, promise)
        if promise.arrival is None:
            raise Refused(
                ErrorCode.NOT_ARRIVED, f"{line.name}还没有到货，到货后再来领取。", product=promise.product
            )
        booking = book(
            request.id,
            till,
            card,
            collector,
            [line],
            digest=digest_request(till.kiosk, request.card, request.lines, request.collector),
            leased=0,
            at=uow.now,
            first=build_release(promise, till.attendant, "已到货领取"),
            identification=request.identification,
            promise=str(promise.id),
        )
        try:
            [receipt] = await write(uow, [booking], uow.now)
        except StaleBatch as stale:
            raise _to_refusal(stale.posting) from None
        close(uow, promise, till.attendant, "collected")
        return receipt


def _make_request(
    device: Device, shift: str, id: UUID, line: wire.ReceiptLine, card: str, collector: str = ""
) -> RedemptionRequest:
    lines = [wire.RedemptionLine(product=line.product, quantity=line.quantity, price=line.price)]
    collector_digest = digest(parse(collector)) if collector else b""
    return RedemptionRequest(
        device.digest, digest_secret(shift), id, digest(parse(card)), lines, collector=collector_digest
    )


# --- cancelling -----------------------------------------------------------------------------------------


async def cancel(services: Services, device: Device, shift: str, id: UUID, data: Cancellation) -> None:
    """The household's points come back; its pieces become available.

    Raises Refused: shift-closed, card-malformed, card-unknown, card-revoked, card-frozen, identification-over,
    unknown, wrong-state, promise-over."""
    async with services.unit_of_work() as uow:
        promise = await _find_promise(uow, device, id)
        line = msgspec.convert(promise.slip, PromiseSlip).line
        request = await resolve_identification(uow, _make_request(device, shift, id, line, data.card))
        till, request_facts = require_enrolled(await lock_and_read_facts(uow, request))
        card, _ = require_shift_and_cards(request, till, request_facts, uow.now)
        _require_owner(card, promise)
        await uow.session.refresh(promise)
        if promise.status == "cancelled":
            return
        await _require_open(uow, promise)
        await _post(uow, build_release(promise, till.attendant, data.reason))
        close(uow, promise, till.attendant, "cancelled", data.reason)


# --- what collecting and cancelling have in common ------------------------------------------------------


async def _find_promise(uow: UnitOfWork, device: Device, id: UUID) -> Promise:
    promise = await uow.session.get(Promise, (uow.township, id))
    if promise is None or promise.supermarket != device.supermarket:
        raise Refused(ErrorCode.UNKNOWN, "本超市没有这笔预订。")
    return promise


def _require_owner(card: CardFacts, promise: Promise) -> None:
    if card.household != promise.household:
        raise Refused(ErrorCode.UNKNOWN, "这张卡没有这笔预订，请扫预订那一户的卡。")


async def _require_open(uow: UnitOfWork, promise: Promise) -> None:
    """Read again under the shelf's lock, which the caller holds."""
    await uow.session.refresh(promise)
    if promise.status == "collected":
        raise Refused(ErrorCode.WRONG_STATE, "这笔预订已经领取。")
    if promise.status == "cancelled":
        raise Refused(ErrorCode.WRONG_STATE, "这笔预订已经取消，积分已退回。")
    if promise.expires_at <= uow.now:
        raise _promise_over()


def _promise_over() -> Refused:
    return Refused(ErrorCode.PROMISE_OVER, "这笔预订已经到期，积分已退回，可以重新预订或兑换。")


async def _post(uow: UnitOfWork, batch: Sequence[Transaction]) -> None:
    for posting in await uow.books.post(batch, uow.now):
        if posting.status is not Status.OK:
            raise _to_refusal(posting)


def _to_refusal(posting: PostingResult | None) -> Refused:
    # It expired by the clock of another server.
    if posting is not None and posting.status is Status.ALREADY_SETTLED:
        return _promise_over()
    return to_refusal(posting)
