"""The PIN of a household's card, required above a number of points that the household chooses.

Anybody holding the card may set a PIN; changing or removing it needs the old one, or a person at the desk if the
household has forgotten it. A new card has no PIN."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, literal_column, select, true
from uuid_utils.compat import uuid7

from api.platform.access import Role, Staff, require
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from api.registry.cards.tables import Card, PinReset
from api.registry.cards.use_cases import find_card_holder
from api.registry.people.queries import name_subquery
from api.registry.people.use_cases import passwords
from api.registry.register.queries import lateral_household, read_households_by_code
from api.wire.card_token import digest, parse
from api.wire.lockout import Attempts, LockoutPolicy
from ledger.lookup import lateral_one

LOCKOUT = LockoutPolicy(max_failures=5, duration=timedelta(minutes=15))
THRESHOLDS = (10, 20, 50, 100)
RESETTERS = (Role.OFFICE, Role.COMMITTEE)
RESETS_SHOWN_FOR = timedelta(days=30)

_PIN = re.compile(r"[0-9]{4,8}")


@dataclass(frozen=True, slots=True)
class ResetView:
    """A PIN reset, for the desk."""

    household: str
    head: str
    person: str
    reason: str
    recorded_at: datetime


async def require_pin(services: Services, card: bytes, pin: str) -> None:
    """Check the PIN of the card with this digest. A wrong one counts even if the caller rolls back; five lock the
    card's PIN for fifteen minutes.

    Raises Refused: wrong-card-pin (left), card-pin-locked.
    """
    async with services.unit_of_work() as uow:
        left = await _check_pin(uow, await _lock_card(uow, card), pin)
    if left is not None:
        raise _wrong_pin(left)


async def set_pin(services: Services, card: str, old: str, pin: str, again: str, above: int) -> None:
    """Set a card's PIN; changing it needs the old one.

    Raises MalformedCard, and Refused: card-unknown, card-revoked, pin-malformed, pins-differ, wrong-card-pin,
    card-pin-locked.
    """
    if not _PIN.fullmatch(pin):
        raise Refused(ErrorCode.PIN_MALFORMED, "密码要 4 到 8 位数字。")
    if pin != again:
        raise Refused(ErrorCode.PINS_DIFFER, "两次输入的密码不一样，请再输一次。")
    if above not in THRESHOLDS:
        raise Refused(ErrorCode.PIN_MALFORMED, "请选超过多少分要密码。")
    hashed = await asyncio.to_thread(passwords.hash, pin)
    async with services.unit_of_work() as uow:
        found, left = await _lock_and_check(uow, card, old)
        if left is None:
            found.pin_hash, found.pin_above, found.pin_set_at = hashed, above, uow.now
    if left is not None:
        raise _wrong_pin(left)


async def remove_pin(services: Services, card: str, old: str) -> None:
    """Raises as `set_pin`."""
    async with services.unit_of_work() as uow:
        found, left = await _lock_and_check(uow, card, old)
        if left is None:
            found.pin_hash, found.pin_above = None, 0
    if left is not None:
        raise _wrong_pin(left)


async def reset_pin(services: Services, staff: Staff, household: str, reason: str) -> None:
    """Remove the PIN of a card whose household has forgotten it. Nobody does this for their own household.

    Raises Refused: not-allowed, unknown, no-pin.
    """
    require(staff, *RESETTERS)
    async with services.unit_of_work() as uow:
        found = (await read_households_by_code(uow, [household])).get(household)
        if found is None or not staff.serves(found.village):
            raise Refused(ErrorCode.UNKNOWN, f"没有编号为 {household} 的户。")
        if staff.household == household:
            raise Refused(ErrorCode.NOT_ALLOWED, "自己家的卡，请由别人办理。")
        card = await uow.session.scalar(
            select(Card)
            .where(Card.township == uow.township, Card.household == found.id, Card.revoked_at.is_(None))
            .with_for_update(key_share=True)
        )
        if card is None or card.pin_hash is None:
            raise Refused(ErrorCode.NO_PIN, "这户的卡没有设密码，不用取消。")
        card.pin_hash, card.pin_above, card.pin_failures, card.pin_locked_until = None, 0, 0, None
        uow.session.add(
            PinReset(
                township=uow.township,
                id=uuid7(),
                card=card.digest,
                person=staff.id,
                reason=reason,
                recorded_at=uow.now,
            )
        )


async def list_resets(services: Services, staff: Staff) -> list[ResetView]:
    """Resets of the last thirty days, newest first. Raises Refused: not-allowed."""
    require(staff, *RESETTERS, Role.SUPERVISOR)
    async with services.unit_of_work() as uow:
        household = lateral_household(Card.township, Card.household)
        person = name_subquery(PinReset.township, PinReset.person).label("person")
        rows = await uow.session.execute(
            select(household.c.code, household.c.head, person, PinReset.reason, PinReset.recorded_at)
            .join(Card, (Card.township == PinReset.township) & (Card.digest == PinReset.card))
            .join(household, true())
            .where(
                PinReset.township == uow.township,
                PinReset.recorded_at > uow.now - RESETS_SHOWN_FOR,
                *([] if staff.village is None else [household.c.village == staff.village]),
            )
            .order_by(PinReset.recorded_at.desc())
        )
        return [ResetView(*row) for row in rows]


_RESET_CARD = lateral_one(
    select(Card.household).where(Card.township == PinReset.township, Card.digest == PinReset.card), "reset_of"
)
LAST_RESET = (
    select(PinReset.recorded_at)
    .select_from(PinReset)
    .join(_RESET_CARD, true())
    .where(
        PinReset.township == bindparam("township"),
        PinReset.recorded_at > bindparam("resets_since"),
        _RESET_CARD.c.household == bindparam("household"),
    )
    .order_by(PinReset.recorded_at.desc())
    .limit(literal_column("1"))
)
"""When the PIN of a household's card was reset last, after `resets_since`."""


async def _lock_and_check(uow: UnitOfWork, card: str, old: str) -> tuple[Card, int | None]:
    """An active card, locked, and the attempts left if the old PIN is wrong; None if it is right."""
    await find_card_holder(uow, card)
    found = await _lock_card(uow, digest(parse(card)))
    return found, await _check_pin(uow, found, old)


async def _lock_card(uow: UnitOfWork, card: bytes) -> Card:
    """One attempt at a time: several at once would all see the lockout not yet set."""
    return await uow.session.get_one(Card, (uow.township, card), with_for_update={"key_share": True})


async def _check_pin(uow: UnitOfWork, card: Card, pin: str) -> int | None:
    """None if the PIN is right or there is none, else the attempts left. Raises Refused: card-pin-locked."""
    if card.pin_hash is None:
        return None
    attempts = Attempts(card.pin_failures, card.pin_locked_until)
    if card.pin_locked_until is not None and attempts.is_locked(uow.now):
        minutes = -((uow.now - card.pin_locked_until) // timedelta(minutes=1))
        raise Refused(ErrorCode.CARD_PIN_LOCKED, f"密码连续输错，请 {minutes} 分钟后再试，或到村委会取消密码。")
    right = await asyncio.to_thread(passwords.verify, pin, card.pin_hash)
    attempts = Attempts() if right else LOCKOUT.count_failure(attempts, uow.now)
    card.pin_failures, card.pin_locked_until = attempts.failures, attempts.locked_until
    return None if right else LOCKOUT.count_left(attempts, uow.now)


def _wrong_pin(left: int) -> Refused:
    consequence = f"还可以试 {left} 次。" if left else "已锁定 15 分钟。"
    return Refused(ErrorCode.WRONG_CARD_PIN, f"积分卡密码不对，{consequence}", left=left)
