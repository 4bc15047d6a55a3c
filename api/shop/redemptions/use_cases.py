"""Redeem points for goods: one transaction in the books, points and goods together or not at all.

Facts, a decision, one statement that writes: as a batch for all that come at the same moment, of which only those
are booked that nothing speaks against; and alone, under the locks of all that it touches, for every other.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select

from api import wire
from api.platform import accounts
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from api.registry.cards.pins import require_pin
from api.shop.kiosks.tables import KioskEnrolment
from api.shop.promises.arrivals import reserve
from api.shop.redemptions.decision import Decision, Given, PromisesFirst, account_closed, decide, decide_batch
from api.shop.redemptions.facts import Facts, RedemptionRequest, read_facts
from api.shop.redemptions.receipts import Booking
from api.shop.redemptions.writer import StaleBatch, write
from ledger.transactions import Posting, Status


async def redeem_batch(services: Services, batch: Sequence[RedemptionRequest]) -> dict[UUID, wire.Receipt]:
    """Book what of it can be; gives the receipts. The ids in it are distinct. Raises StaleBatch: nothing stays."""
    now = services.clock.now()
    bookings = list(decide_batch(batch, await read_facts(services, batch, now), now).values())
    receipts = await write(services, bookings, now) if bookings else []
    return {receipt.id: receipt for receipt in receipts}


async def redeem(services: Services, asked: RedemptionRequest, pin: str = "") -> wire.Receipt:
    """The receipt of a redemption, now or as it was given the first time. Raises Refused: as `decide`,
    wrong-card-pin (left), card-pin-locked."""
    try:
        return await _redeem(services, asked)
    except Refused as refusal:
        if refusal.code != ErrorCode.PIN_NEEDED or not pin:
            raise
    # In a unit of work of its own: a wrong try counts, though nothing of the redemption stays.
    await require_pin(services, asked.card, pin)
    return await _redeem(services, asked, pin_given=True)


async def _redeem(
    services: Services, asked: RedemptionRequest, *, pin_given: bool = False, last: bool = False
) -> wire.Receipt:
    try:
        async with services.unit_of_work() as uow:
            match await _decide(uow, asked, pin_given=pin_given):
                case Given(receipt):
                    return receipt
                case Booking() as booking:
                    [receipt] = await write(uow, [booking], uow.now)
                    return receipt
                case Refused() as refusal:
                    raise refusal
                case PromisesFirst():
                    raise AssertionError("whoever waited was served")
    except StaleBatch as stale:
        if stale.posting is not None or last:
            raise refused_by_books(stale.posting) from None
    # A shift that was closed meanwhile: now the facts say so.
    return await _redeem(services, asked, pin_given=pin_given, last=True)


async def _decide(uow: UnitOfWork, asked: RedemptionRequest, *, pin_given: bool) -> Decision:
    facts = await held_facts(uow, asked)
    decision = decide(asked, facts, uow.now, pin_given=pin_given)
    if not isinstance(decision, PromisesFirst):
        return decision
    assert facts.till is not None
    await reserve(uow, facts.till.supermarket, decision.products)
    [facts] = await read_facts(uow, [asked], uow.now)
    return decide(asked, facts, uow.now, pin_given=pin_given, promises_served=True)


async def held_facts(uow: UnitOfWork, asked: RedemptionRequest) -> Facts:
    """Facts that stay as they are until the caller's transaction ends."""
    [facts] = await read_facts(uow, [asked], uow.now)
    if await _hold(uow, asked, facts):
        [facts] = await read_facts(uow, [asked], uow.now)
    return facts


async def _hold(uow: UnitOfWork, asked: RedemptionRequest, facts: Facts) -> bool:
    """Keep all that it touches as it is: first the enrolment, so that nothing of the kiosk's journal is settled
    meanwhile and nobody ends it, then balances, all at once and so in one order, so that two can't wait for each
    other. False where there is nothing to touch."""
    till, purse = facts.till, facts.purse
    if till is None or purse is None or purse.card is None:
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
    code = purse.card.code
    shelves = (accounts.shelf(till.supermarket, line.product).id for line in asked.lines)
    escrow = accounts.escrow(code, till.kiosk, till.epoch).id
    await uow.books.lock([accounts.household(code).id, escrow, *shelves])
    return True


def refused_by_books(posting: Posting | None) -> Refused:
    """What the books know and no fact tells: an account closed on the other side, an id that something else
    has."""
    if posting is not None and posting.status is Status.CLOSED:
        return account_closed(own=False)
    return Refused(ErrorCode.CONFLICT, "这个编号已用于别的业务；请重新扫卡再兑换。")
