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
from api.platform.access import Device, secret_digest
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from api.registry.cards.use_cases import mask
from api.shop.promises.arrivals import KIND, is_open, reserve
from api.shop.promises.tables import Promise
from api.shop.redemptions.decision import (
    find_existing_receipt,
    price_lines,
    require_enrolled,
    require_points,
    require_shift_and_cards,
)
from api.shop.redemptions.facts import CardFacts, RedemptionRequest, TillFacts, read_facts
from api.shop.redemptions.receipts import book, digest_request, return_leased
from api.shop.redemptions.use_cases import lock_and_read_facts, to_refusal
from api.shop.redemptions.writer import StaleBatch, write
from api.wire.card_token import digest, parse
from api.wire.promises import Cancellation, Collection, NewPromise, PromiseSlip
from ledger.transactions import Phase, PostingResult, Status, Transaction, TransactionId, Transfer

LASTS = timedelta(days=90)
MOST = 5
"""Open promises of one household, all supermarkets together: nobody's wishes fill a shelf."""


# --- promising ------------------------------------------------------------------------------------------


async def promise(services: Services, device: Device, shift: str, id: UUID, wanted: NewPromise) -> PromiseSlip:
    """The slip of promise `id`, now or as it was given the first time.

    Raises Refused: conflict, shift-closed, card-malformed, card-unknown, card-revoked, unknown, price-changed,
    in-stock (product, left), promises-full (most), insufficient-points (missing), account-closed."""
    line = wire.RedemptionLine(product=wanted.product, quantity=wanted.quantity, price=wanted.price)
    asked = RedemptionRequest(
        device.digest, secret_digest(shift), id, digest(parse(wanted.card)), [line], wanted.leased
    )
    request = digest_request(device.id, asked.card, asked.lines, b"")
    async with services.unit_of_work() as uow:
        facts = await lock_and_read_facts(uow, asked)
        given = await _given_slip(uow, id, request)
        if given is not None:
            return given
        till, request_facts = require_enrolled(facts)
        household, _ = require_shift_and_cards(till, request_facts)
        [line_told] = price_lines(asked.lines, facts.shelf)
        await _require_wanting(uow, till, household, line_told)
        [facts] = await read_facts(uow, [asked], uow.now)
        _, request_facts = require_enrolled(facts)
        leased = require_points(
            request_facts,
            line_told.points,
            own_points=request_facts.own_points,
            leased_points=min(request_facts.leased_points, asked.leased),
        )
        await _set_aside(uow, till, household, id, line_told, leased)
        [facts] = await read_facts(uow, [asked], uow.now)
        _, request_facts = require_enrolled(facts)
        return await _record(
            uow,
            till,
            household,
            id,
            line_told,
            balance=request_facts.own_points + request_facts.leased_points,
            leased=leased,
            request=request,
        )


async def _given_slip(uow: UnitOfWork, id: UUID, request: bytes) -> PromiseSlip | None:
    known = await uow.session.get(Promise, (uow.township, id))
    if known is None:
        return None
    if known.request != request:
        raise Refused(ErrorCode.CONFLICT, "这个预订编号已经用过，内容不同；请重新扫卡再预订。")
    return msgspec.convert(known.slip, PromiseSlip)


async def _require_wanting(uow: UnitOfWork, till: TillFacts, household: CardFacts, line: wire.ReceiptLine) -> None:
    """Refuse where there are pieces for everybody before this household and for itself, and where it has promises
    enough."""
    await reserve(uow, till.supermarket, [line.product])
    shelf = accounts.shelf(till.supermarket, line.product).id
    left = (await uow.books.read_balance(shelf)).available
    if left >= line.quantity:
        raise Refused(ErrorCode.IN_STOCK, f"{line.name}有货，请直接兑换。", product=line.product, left=left)
    promised = await uow.session.scalar(
        select(func.count()).where(
            Promise.township == uow.township, Promise.household == household.household, is_open(uow.now)
        )
    )
    if promised is not None and promised >= MOST:
        raise Refused(ErrorCode.PROMISES_FULL, f"一户最多同时预订 {MOST} 笔，请先领取或取消一笔。", most=MOST)


async def _set_aside(
    uow: UnitOfWork, till: TillFacts, household: CardFacts, id: UUID, line: wire.ReceiptLine, leased: int
) -> None:
    set_aside = Transaction(
        id=TransactionId(id),
        kind=KIND,
        phase=Phase.PENDING,
        transfers=(
            Transfer(
                accounts.household(household.code).id,
                accounts.till(till.supermarket).id,
                accounts.POINTS,
                line.points,
            ),
        ),
        person=str(till.attendant),
        reason=f"预订 {line.name} {line.quantity} 件",
        expires_at=uow.now + LASTS,
        metadata={"kiosk": str(till.kiosk)},
    )
    await _post(uow, [*return_leased(id, till, household, leased, "预订"), set_aside])


async def _record(
    uow: UnitOfWork,
    till: TillFacts,
    household: CardFacts,
    id: UUID,
    line: wire.ReceiptLine,
    *,
    balance: int,
    leased: int,
    request: bytes,
) -> PromiseSlip:
    slip = PromiseSlip(
        id=id,
        supermarket=till.supermarket_name,
        attendant=till.attendant_name or "",
        name=mask(household.head),
        line=line,
        balance=balance,
        leased=leased,
        promised_at=uow.now,
        expires_at=uow.now + LASTS,
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
            household=household.household,
            kiosk=till.kiosk,
            attendant=till.attendant,
            request=request,
            slip=msgspec.to_builtins(slip),
            expires_at=slip.expires_at,
        )
    )
    await uow.session.flush()
    return slip


# --- collecting -----------------------------------------------------------------------------------------


async def collect(services: Services, device: Device, shift: str, id: UUID, wanted: Collection) -> wire.Receipt:
    """The receipt for the goods of promise `id`, now or as it was given the first time.

    Raises Refused: conflict, shift-closed, abandoned, card-malformed, card-unknown, card-revoked, own-card,
    unknown, wrong-state, promise-over, not-arrived, account-closed."""
    async with services.unit_of_work() as uow:
        promised = await _found(uow, device, id)
        line = msgspec.convert(promised.slip, PromiseSlip).line
        # A redemption like any other, so that a kiosk's journal may tell of this one as well.
        asked = _asked(device, shift, uuid5(id, "collection"), line, wanted.card, wanted.collector)
        facts = await lock_and_read_facts(uow, asked)
        till, request_facts = require_enrolled(facts)
        given = find_existing_receipt(asked, till, request_facts)
        if given is not None:
            return given
        household, collector = require_shift_and_cards(till, request_facts)
        _require_owner(household, promised)
        await reserve(uow, device.supermarket, [promised.product])
        await _require_open(uow, promised)
        if promised.arrival is None:
            raise Refused(
                ErrorCode.NOT_ARRIVED, f"{line.name}还没有到货，到货后再来领取。", product=promised.product
            )
        booking = book(
            asked.id,
            till,
            household,
            collector,
            [line],
            digest=digest_request(till.kiosk, asked.card, asked.lines, asked.collector),
            leased=0,
            at=uow.now,
            leased_in_balance=True,
            first=_letting_go(promised, till, "已到货领取"),
            promise=str(promised.id),
        )
        try:
            [receipt] = await write(uow, [booking], uow.now)
        except StaleBatch as stale:
            raise _refusal(stale.posting) from None
        _close(uow, till, promised, "collected")
        return receipt


def _asked(
    device: Device, shift: str, id: UUID, line: wire.ReceiptLine, card: str, collector: str = ""
) -> RedemptionRequest:
    lines = [wire.RedemptionLine(product=line.product, quantity=line.quantity, price=line.price)]
    neighbour = digest(parse(collector)) if collector else b""
    return RedemptionRequest(
        device.digest, secret_digest(shift), id, digest(parse(card)), lines, collector=neighbour
    )


# --- letting go -----------------------------------------------------------------------------------------


async def cancel(services: Services, device: Device, shift: str, id: UUID, wanted: Cancellation) -> None:
    """The household doesn't want it any more: its points come back, its pieces are free for the next.

    Raises Refused: shift-closed, card-malformed, card-unknown, card-revoked, unknown, wrong-state,
    promise-over."""
    async with services.unit_of_work() as uow:
        promised = await _found(uow, device, id)
        line = msgspec.convert(promised.slip, PromiseSlip).line
        till, request_facts = require_enrolled(
            await lock_and_read_facts(uow, _asked(device, shift, id, line, wanted.card))
        )
        household, _ = require_shift_and_cards(till, request_facts)
        _require_owner(household, promised)
        await uow.session.refresh(promised)
        if promised.status == "cancelled":
            return
        await _require_open(uow, promised)
        await _post(uow, _letting_go(promised, till, wanted.reason))
        _close(uow, till, promised, "cancelled", wanted.reason)


# --- what collecting and cancelling have in common ------------------------------------------------------


async def _found(uow: UnitOfWork, device: Device, id: UUID) -> Promise:
    found = await uow.session.get(Promise, (uow.township, id))
    if found is None or found.supermarket != device.supermarket:
        raise Refused(ErrorCode.UNKNOWN, "本超市没有这笔预订。")
    return found


def _require_owner(household: CardFacts, promised: Promise) -> None:
    if household.household != promised.household:
        raise Refused(ErrorCode.UNKNOWN, "这张卡没有这笔预订，请扫预订那一户的卡。")


async def _require_open(uow: UnitOfWork, promised: Promise) -> None:
    """As it is under the shelf's lock, which the caller holds."""
    await uow.session.refresh(promised)
    if promised.status == "collected":
        raise Refused(ErrorCode.WRONG_STATE, "这笔预订已经领取。")
    if promised.status == "cancelled":
        raise Refused(ErrorCode.WRONG_STATE, "这笔预订已经取消，积分已退回。")
    if promised.expires_at <= uow.now:
        raise _over()


def _over() -> Refused:
    return Refused(ErrorCode.PROMISE_OVER, "这笔预订已经到期，积分已退回，可以重新预订或兑换。")


def _letting_go(promised: Promise, till: TillFacts, reason: str) -> list[Transaction]:
    held = [promised.id] if promised.arrival is None else [promised.id, promised.arrival]
    return [
        Transaction.settle(TransactionId(id), Phase.VOID, kind=KIND, person=str(till.attendant), reason=reason)
        for id in held
    ]


async def _post(uow: UnitOfWork, batch: Sequence[Transaction]) -> None:
    for posting in await uow.books.post(batch, uow.now):
        if posting.status is not Status.OK:
            raise _refusal(posting)


def _close(uow: UnitOfWork, till: TillFacts, promised: Promise, status: str, reason: str = "") -> None:
    promised.status, promised.closed_at, promised.closed_by = status, uow.now, till.attendant
    promised.reason = reason


def _refusal(posting: PostingResult | None) -> Refused:
    # Another server's clock may be ahead of this one's.
    if posting is not None and posting.status is Status.ALREADY_SETTLED:
        return _over()
    return to_refusal(posting)
