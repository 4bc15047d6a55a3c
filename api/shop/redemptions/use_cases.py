"""Redeem points for goods: one transaction in the books, points and goods together or not at all.

Facts are read, a decision is taken, one statement writes it. Redemptions that come at the same moment go as a
batch, which books those that nothing speaks against. Any other is decided alone, under the locks of all that it
touches.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from sqlalchemy import select

from api import wire
from api.platform import accounts
from api.platform.access import Device
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from api.registry.cards.pins import require_pin
from api.registry.founding.defaults import read_defaults
from api.shop.holdings.recalls import Shortage, recall
from api.shop.identification.queries import find_identification
from api.shop.kiosks.tables import KioskEnrolment
from api.shop.redemptions.decision import (
    Decision,
    ExistingReceipt,
    PromisesFirst,
    account_closed,
    decide,
    decide_batch,
)
from api.shop.redemptions.facts import Facts, RedemptionRequest, WitnessedPoints, read_facts
from api.shop.redemptions.queries import sum_witnessed_points
from api.shop.redemptions.receipts import Booking
from api.shop.redemptions.writer import StaleBatch, write
from api.shop.reservations.use_cases import reserve
from ledger.transactions import PostingResult, Status


async def redeem_batch(services: Services, batch: Sequence[RedemptionRequest]) -> dict[UUID, wire.Receipt]:
    """Book what can be booked of a batch, whose ids are distinct. Returns the receipts of those booked.

    Raises StaleBatch: nothing was booked."""
    now = services.clock.now()
    bookings = list(decide_batch(batch, await read_facts(services, batch, now), now).values())
    receipts = await write(services, bookings, now) if bookings else []
    return {receipt.id: receipt for receipt in receipts}


async def redeem(services: Services, request: RedemptionRequest, pin: str = "") -> wire.Receipt:
    """The receipt of a redemption; a retry gets the first one again. Points that other kiosks hold are recalled
    where the household needs them. Raises Refused: as `decide`, wrong-card-pin (left), card-pin-locked."""
    async with services.unit_of_work() as uow:
        request = await resolve_identification(uow, request)
    try:
        return await _redeem_with_pin(services, request, pin)
    except Refused as refusal:
        raise await recall_missing(services, request, refusal) from None


async def recall_missing(services: Services, request: RedemptionRequest, refusal: Refused) -> Refused:
    """Where points are missing that other kiosks hold, recall them; the refusal then says so."""
    if refusal.code != ErrorCode.INSUFFICIENT_POINTS:
        return refusal
    [facts] = await read_facts(services, [request], services.clock.now())
    till = facts.till
    card = facts.request.card if facts.request is not None else None
    if till is None or card is None:
        return refusal
    device = Device(till.kiosk, till.supermarket, till.epoch, request.device)
    missing: int = refusal.extra["missing"]
    explained = await recall(services, Shortage(card.household, card.code, device, missing), refusal)
    if explained.extra.get("recalled"):
        return explained
    # They may have arrived after the refusal, and before it was looked where they are.
    [facts] = await read_facts(services, [request], services.clock.now())
    assert facts.request is not None
    points = sum(line.price * line.quantity for line in request.lines)
    if facts.request.own_points + min(facts.request.leased_points, request.leased) < points:
        return explained
    detail = "另一台终端交回的积分刚刚到账，请再试一次。"
    return Refused(refusal.code, detail, **{**refusal.extra, "recalled": missing, "held": []})


async def _redeem_with_pin(services: Services, request: RedemptionRequest, pin: str) -> wire.Receipt:
    try:
        return await _redeem(services, request)
    except Refused as refusal:
        if refusal.code != ErrorCode.PIN_NEEDED or not pin:
            raise
    # In a unit of work of its own: a wrong PIN is counted although the redemption is rolled back.
    await require_pin(services, request.card, pin)
    return await _redeem(services, request, pin_verified=True)


async def _redeem(
    services: Services, request: RedemptionRequest, *, pin_verified: bool = False, retried: bool = False
) -> wire.Receipt:
    try:
        async with services.unit_of_work() as uow:
            match await _decide(uow, request, pin_verified=pin_verified):
                case ExistingReceipt(receipt):
                    return receipt
                case Booking() as booking:
                    [receipt] = await write(uow, [booking], uow.now)
                    return receipt
                case Refused() as refusal:
                    raise refusal
                case PromisesFirst():
                    raise AssertionError("promises were served")
    except StaleBatch as stale:
        if stale.posting is not None or retried:
            raise to_refusal(stale.posting) from None
    # A shift was closed or the id voided in the meantime: the facts now say so.
    return await _redeem(services, request, pin_verified=pin_verified, retried=True)


async def _decide(uow: UnitOfWork, request: RedemptionRequest, *, pin_verified: bool) -> Decision:
    facts = await lock_and_read_facts(uow, request)
    decision = decide(request, facts, uow.now, pin_verified=pin_verified)
    if not isinstance(decision, PromisesFirst):
        return decision
    assert facts.till is not None
    await reserve(uow, facts.till.supermarket, decision.products)
    facts = await _read_facts_alone(uow, request)
    return decide(request, facts, uow.now, pin_verified=pin_verified, promises_served=True)


async def resolve_identification(uow: UnitOfWork, request: RedemptionRequest) -> RedemptionRequest:
    """Where what was sent in place of a card is the token of an identification, the request for the card that it
    stands for: from there on both are the same, also for a retry."""
    identification = await find_identification(uow, request.card)
    if identification is None:
        return request
    return replace(request, card=bytes.fromhex(identification.card), identification=identification)


async def lock_and_read_facts(uow: UnitOfWork, request: RedemptionRequest) -> Facts:
    """Facts that can't change until the caller's transaction ends."""
    facts = await _read_facts_alone(uow, request)
    if await _lock(uow, request, facts):
        facts = await _read_facts_alone(uow, request)
    return facts


async def _read_facts_alone(uow: UnitOfWork, request: RedemptionRequest) -> Facts:
    """Also what is asked about those alone that are in no batch."""
    [facts] = await read_facts(uow, [request], uow.now)
    if request.identification is None or request.identification.by_pin:
        return facts
    most = (await read_defaults(uow)).witnessed_most
    today = await sum_witnessed_points(uow, request.identification.household)
    return replace(facts, witnessed=WitnessedPoints(most, today))


async def _lock(uow: UnitOfWork, request: RedemptionRequest, facts: Facts) -> bool:
    """Lock the enrolment, so that it isn't ended and the kiosk's journal isn't settled meanwhile; then all
    balances at once, in the books' own order, which prevents deadlocks. False where there is nothing to lock."""
    till, request_facts = facts.till, facts.request
    if till is None or request_facts is None or request_facts.card is None:
        return False
    await uow.session.execute(
        select(KioskEnrolment.epoch)
        .where(
            KioskEnrolment.township == uow.township,
            KioskEnrolment.kiosk == till.kiosk,
            KioskEnrolment.epoch == till.epoch,
        )
        .with_for_update(read=True)
    )
    code = request_facts.card.code
    shelves = (accounts.shelf(till.supermarket, line.product).id for line in request.lines)
    escrow = accounts.escrow(code, till.kiosk, till.epoch).id
    await uow.books.lock_balances([accounts.household(code).id, escrow, *shelves])
    return True


def to_refusal(posting: PostingResult | None) -> Refused:
    """What only the books know: another account of the transaction is closed or has no room for it, or something
    else has its id."""
    if posting is not None and posting.status is Status.CLOSED:
        return account_closed(own=False)
    if posting is not None and posting.status is Status.OVERFLOW:
        return Refused(ErrorCode.OVERFLOW, "这户的积分太多，账上记不下，没有办理；请联系乡镇办公室核对。")
    return Refused(ErrorCode.CONFLICT, "这个编号已用于别的业务；请重新扫卡再兑换。")
