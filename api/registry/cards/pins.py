"""The PIN of a household's card: asked for above a number of points that the household chooses.

Whoever holds the card may give it a PIN; from then on only who knows it changes or removes it, or a person at the
desk, where the household says that it forgot it. A new card begins without one."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, literal_column, select, true
from uuid_utils.compat import uuid7

from api.platform.access import Role, Staff, require
from api.platform.problems import Refused
from api.platform.town import Town, Work
from api.registry.cards.tables import Card, PinReset
from api.registry.cards.use_cases import holder
from api.registry.people.queries import name_of
from api.registry.people.use_cases import passwords
from api.registry.register.queries import household_of, households_by_code
from api.wire.card_token import digest, parse
from ledger.lookup import by_key

TRIES = 5
LOCK = timedelta(minutes=15)
ABOVE = (10, 20, 50, 100)
RESETTERS = (Role.OFFICE, Role.COMMITTEE)
SHOWN_FOR = timedelta(days=30)

_PIN = re.compile(r"[0-9]{4,8}")


@dataclass(frozen=True, slots=True)
class Reset:
    """For the desk: whose card lost its PIN, by whom and why."""

    household: str
    head: str
    person: str
    reason: str
    recorded_at: datetime


async def require_pin(town: Town, card: bytes, pin: str) -> None:
    """The PIN of the card with this digest. A wrong one counts, whatever becomes of the caller's own work; five
    lock the card's PIN for fifteen minutes.

    Raises Refused: wrong-card-pin (left), card-pin-locked.
    """
    async with town.work() as work:
        left = await _verify(work, await _held(work, card), pin)
    if left is not None:
        raise _wrong(left)


async def choose(town: Town, card: str, old: str, pin: str, again: str, above: int) -> None:
    """Give a card its PIN, or another one: that needs the old one.

    Raises MalformedCard, and Refused: card-unknown, card-revoked, pin-malformed, pins-differ, wrong-card-pin,
    card-pin-locked.
    """
    if not _PIN.fullmatch(pin):
        raise Refused("pin-malformed", "密码要 4 到 8 位数字。")
    if pin != again:
        raise Refused("pins-differ", "两次输入的密码不一样，请再输一次。")
    if above not in ABOVE:
        raise Refused("pin-malformed", "请选超过多少分要密码。")
    hashed = await asyncio.to_thread(passwords.hash, pin)
    async with town.work() as work:
        found, left = await _opened(work, card, old)
        if left is None:
            found.pin_hash, found.pin_above = hashed, above
    if left is not None:
        raise _wrong(left)


async def remove(town: Town, card: str, old: str) -> None:
    """Raises as `choose`."""
    async with town.work() as work:
        found, left = await _opened(work, card, old)
        if left is None:
            found.pin_hash, found.pin_above = None, 0
    if left is not None:
        raise _wrong(left)


async def reset(town: Town, staff: Staff, household: str, reason: str) -> None:
    """The household forgot the PIN: its card is without one again, by this person's word. Nobody does it for their
    own household.

    Raises Refused: not-allowed, unknown, no-pin.
    """
    require(staff, *RESETTERS)
    async with town.work() as work:
        found = (await households_by_code(work, [household])).get(household)
        if found is None or not staff.serves(found.village):
            raise Refused("unknown", f"没有编号为 {household} 的户。")
        if staff.household == household:
            raise Refused("not-allowed", "自己家的卡，请由别人办理。")
        card = await work.session.scalar(
            select(Card)
            .where(Card.township == work.township, Card.household == found.id, Card.revoked_at.is_(None))
            .with_for_update(key_share=True)
        )
        if card is None or card.pin_hash is None:
            raise Refused("no-pin", "这户的卡没有设密码，不用取消。")
        card.pin_hash, card.pin_above, card.pin_failures, card.pin_locked_until = None, 0, 0, None
        work.session.add(
            PinReset(
                township=work.township,
                id=uuid7(),
                card=card.digest,
                person=staff.id,
                reason=reason,
                recorded_at=work.now,
            )
        )


async def resets(town: Town, staff: Staff) -> list[Reset]:
    """Those of the last thirty days, newest first. Raises Refused: not-allowed."""
    require(staff, *RESETTERS, Role.SUPERVISOR)
    async with town.work() as work:
        household = household_of(Card.township, Card.household)
        person = name_of(PinReset.township, PinReset.person).label("person")
        rows = await work.session.execute(
            select(household.c.code, household.c.head, person, PinReset.reason, PinReset.recorded_at)
            .join(Card, (Card.township == PinReset.township) & (Card.digest == PinReset.card))
            .join(household, true())
            .where(
                PinReset.township == work.township,
                PinReset.recorded_at > work.now - SHOWN_FOR,
                *([] if staff.village is None else [household.c.village == staff.village]),
            )
            .order_by(PinReset.recorded_at.desc())
        )
        return [Reset(*row) for row in rows]


_RESET_OF = by_key(
    select(Card.household).where(Card.township == PinReset.township, Card.digest == PinReset.card), "reset_of"
)
LAST_RESET = (
    select(PinReset.recorded_at)
    .select_from(PinReset)
    .join(_RESET_OF, true())
    .where(
        PinReset.township == bindparam("township"),
        PinReset.recorded_at > bindparam("resets_since"),
        _RESET_OF.c.household == bindparam("household"),
    )
    .order_by(PinReset.recorded_at.desc())
    .limit(literal_column("1"))
)
"""For the household itself: when somebody took its card's PIN away last, after `resets_since`."""


async def _opened(work: Work, card: str, old: str) -> tuple[Card, int | None]:
    """A living card, held, and how many tries are left where the old PIN is wrong; None where it is right."""
    await holder(work, card)
    found = await _held(work, digest(parse(card)))
    return found, await _verify(work, found, old)


async def _held(work: Work, card: bytes) -> Card:
    """One try at a time: many at once would see no lock yet."""
    return await work.session.get_one(Card, (work.township, card), with_for_update={"key_share": True})


async def _verify(work: Work, card: Card, pin: str) -> int | None:
    """None where the PIN is right or there is none; else the tries that are left. Raises Refused:
    card-pin-locked."""
    if card.pin_hash is None:
        return None
    if card.pin_locked_until is not None and card.pin_locked_until > work.now:
        minutes = -((work.now - card.pin_locked_until) // timedelta(minutes=1))
        raise Refused("card-pin-locked", f"密码连续输错，请 {minutes} 分钟后再试，或到村委会取消密码。")
    if await asyncio.to_thread(passwords.verify, pin, card.pin_hash):
        card.pin_failures, card.pin_locked_until = 0, None
        return None
    card.pin_failures += 1
    left = TRIES - card.pin_failures
    if left == 0:
        card.pin_failures, card.pin_locked_until = 0, work.now + LOCK
    return left


def _wrong(left: int) -> Refused:
    said = f"还可以试 {left} 次。" if left else "已锁定 15 分钟。"
    return Refused("wrong-card-pin", f"积分卡密码不对，{said}", left=left)
