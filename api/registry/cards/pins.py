"""The PIN of a household's card, required above a number of points that the household chooses.

Anybody holding the card may set a PIN; changing or removing it needs the old one, or a person at the desk if the
household has forgotten it. A new card has no PIN."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, literal_column, select, true
from uuid_utils.compat import uuid7

from api.platform.access import Role, Staff, require
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from api.registry.cards.tables import Card, PinReset
from api.registry.cards.use_cases import (
    CardEventKind,
    find_card_holder,
    find_served,
    freeze,
    record_event,
    require_others,
)
from api.registry.founding.defaults import read_defaults
from api.registry.people.passwords import require_strong_pin
from api.registry.people.queries import name_subquery
from api.registry.register.queries import lateral_household
from api.registry.tries.use_cases import LockedOut, Lockout, hash_secret, judge, taking_turns
from api.wire.card_token import digest, parse
from api.wire.lockout import WindowPolicy
from ledger.lookup import lateral_one

LOCKOUT = WindowPolicy(max_failures=5, window=timedelta(hours=1), duration=timedelta(minutes=15), forgiving=True)
_THRESHOLDS = (10, 20, 50, 100)
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
    async with taking_turns(services) as uow:
        found = await uow.session.get_one(Card, (uow.township, card))
    await _require_right(services, found, pin)


async def require_set_pin(services: Services, card: bytes, pin: str) -> None:
    """As `require_pin`, of a card that has to have one. Raises Refused: no-pin, too."""
    async with taking_turns(services) as uow:
        found = await uow.session.get_one(Card, (uow.township, card))
    if found.pin_hash is None:
        raise Refused(ErrorCode.NO_PIN, "这户的卡没有设密码，请由另一位管理员证明。")
    await _require_right(services, found, pin)


def list_thresholds(default: int) -> list[int]:
    """What a household may choose from; `default`: the township's."""
    return sorted({*_THRESHOLDS, default})


async def set_pin(services: Services, card: str, old: str, pin: str, again: str, above: int) -> None:
    """Set a card's PIN; changing it needs the old one.

    Raises MalformedCard, and Refused: card-unknown, card-revoked, card-frozen, pin-malformed, pins-differ,
    wrong-card-pin, card-pin-locked.
    """
    if not _PIN.fullmatch(pin):
        raise Refused(ErrorCode.PIN_MALFORMED, "密码要 4 到 8 位数字。")
    require_strong_pin(pin)
    if pin != again:
        raise Refused(ErrorCode.PINS_DIFFER, "两次输入的密码不一样，请再输一次。")
    async with services.unit_of_work() as uow:
        if above not in list_thresholds((await read_defaults(uow)).pin_above):
            raise Refused(ErrorCode.PIN_MALFORMED, "请选超过多少分要密码。")
    judged = await _require_old(services, card, old)
    hashed = await hash_secret(pin)
    async with services.unit_of_work() as uow:
        found = await _lock_judged(uow, judged)
        found.pin_hash, found.pin_above, found.pin_set_at = hashed, above, uow.now
        record_event(uow, found.digest, CardEventKind.PIN_SET)


async def remove_pin(services: Services, card: str, old: str) -> None:
    """Raises as `set_pin`."""
    judged = await _require_old(services, card, old)
    async with services.unit_of_work() as uow:
        found = await _lock_judged(uow, judged)
        if found.pin_hash is not None:
            found.pin_hash, found.pin_above = None, 0
            record_event(uow, found.digest, CardEventKind.PIN_REMOVED)


async def freeze_own_card(services: Services, card: str, pin: str) -> None:
    """Freeze a lost card from its own page, with its PIN if it has one. Whoever has the page of a card without a
    PIN could spend its points or give it a PIN: that they can freeze it makes nothing worse.

    Raises MalformedCard, and Refused: card-unknown, card-revoked, card-frozen, wrong-card-pin, card-pin-locked.
    """
    judged = await _require_old(services, card, pin)
    async with services.unit_of_work() as uow:
        await find_card_holder(uow, card)
        found = await _lock_judged(uow, judged)
        await freeze(uow, found.household, None, "")


async def reset_pin(services: Services, staff: Staff, household: str, reason: str) -> None:
    """Remove the PIN of a card whose household has forgotten it. Nobody does this for their own household.

    Raises Refused: not-allowed, unknown, no-pin.
    """
    require(staff, *RESETTERS)
    async with services.unit_of_work() as uow:
        found = await find_served(uow, staff, household)
        require_others(staff, household)
        card = await uow.session.scalar(
            select(Card)
            .where(Card.township == uow.township, Card.household == found.id, Card.revoked_at.is_(None))
            .with_for_update(key_share=True)
        )
        if card is None or card.pin_hash is None:
            raise Refused(ErrorCode.NO_PIN, "这户的卡没有设密码，不用取消。")
        card.pin_hash, card.pin_above = None, 0
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


async def _require_old(services: Services, card: str, old: str) -> Card:
    """An active card whose PIN, if it has one, is `old`."""
    async with taking_turns(services) as uow:
        await find_card_holder(uow, card)
        found = await uow.session.get_one(Card, (uow.township, digest(parse(card))))
    await _require_right(services, found, old)
    return found


async def _require_right(services: Services, card: Card, pin: str) -> None:
    """Raises Refused: wrong-card-pin (left), card-pin-locked."""
    if card.pin_hash is None:
        return
    # By the hash too: another PIN has tries of its own.
    lockout = Lockout(LOCKOUT, ("card", card.digest.hex(), card.pin_hash))
    try:
        verdict = await judge(services, pin, [card.pin_hash], lockout)
    except LockedOut as locked:
        raise Refused(
            ErrorCode.CARD_PIN_LOCKED,
            f"密码连续输错，请 {locked.minutes} 分钟后再试，或到村委会取消密码。",
            retry_after=locked.seconds,
        ) from None
    if verdict.right is None:
        raise _wrong_pin(verdict.left)


async def _lock_judged(uow: UnitOfWork, judged: Card) -> Card:
    """The card as it was when its PIN was judged. Raises Refused: wrong-card-pin."""
    found = await uow.session.get_one(Card, (uow.township, judged.digest), with_for_update={"key_share": True})
    if found.pin_hash != judged.pin_hash:
        raise Refused(ErrorCode.WRONG_CARD_PIN, "积分卡密码刚刚改过，请再试一次。")
    return found


def _wrong_pin(left: int) -> Refused:
    consequence = f"还可以试 {left} 次。" if left else "已锁定 15 分钟。"
    return Refused(ErrorCode.WRONG_CARD_PIN, f"积分卡密码不对，{consequence}", left=left)
