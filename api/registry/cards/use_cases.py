"""Find the household of a card; freeze, unfreeze and end cards."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol, TypeVar
from uuid import UUID

import msgspec
from sqlalchemy import Select, bindparam, case, func, select, true, update
from uuid_utils.compat import uuid7

from api.platform.access import Role, Staff, require
from api.platform.clock import local_date
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from api.registry.cards.tables import Card, CardEvent
from api.registry.freezes.queries import FreezeFacts, select_freeze
from api.registry.proposals.use_cases import Signer
from api.registry.register.queries import (
    HouseholdFacts,
    lateral_household,
    lateral_village,
    read_households_by_code,
)
from api.wire.card_token import digest, parse
from api.wire.names import mask_name

ISSUERS = (Role.OFFICE, Role.COMMITTEE)


class EndReason(StrEnum):
    """Why a card ended. `ENDED`, `MERGED`: its household did."""

    LOST = "lost"
    REPLACED = "replaced"
    ENDED = "ended"
    MERGED = "merged"


class CardEventKind(StrEnum):
    """What happens to a card between its issue and its end."""

    FROZEN = "frozen"
    UNFROZEN = "unfrozen"
    PIN_SET = "pin-set"
    PIN_REMOVED = "pin-removed"
    HANDED_OVER = "handed-over"


@dataclass(frozen=True, slots=True)
class CardHolder:
    """A card's household. `pin_above`: more points need the card's PIN; None without a PIN."""

    id: UUID
    code: str
    head: str
    village: str
    village_name: str
    pin_above: int | None = None

    @property
    def masked(self) -> str:
        """The family name only, which the shop or a stranger with the card may see."""
        return mask_name(self.head)


class IssuedCard(msgspec.Struct):
    """A card that was issued, active or not, and its household. `became`: the head of the household that it was
    merged into. `freeze`: by supervisors; its day may be over."""

    id: UUID
    code: str
    head: str
    village: str
    ended_at: datetime | None
    became: str | None
    village_name: str
    pin_above: int | None
    revoked_at: datetime | None
    frozen_at: datetime | None
    freeze: FreezeFacts | None

    @property
    def holder(self) -> CardHolder:
        return CardHolder(self.id, self.code, self.head, self.village, self.village_name, self.pin_above)


# Built once: building the statement for each scanned card would take longer than running it.
def _select_by_digest() -> Select[*tuple[Any, ...]]:
    household = lateral_household(Card.township, Card.household)
    village = lateral_village(Card.township, household.c.village)
    return (
        select(
            *household.c,
            village.c.name.label("village_name"),
            case((Card.pin_hash.is_not(None), Card.pin_above)).label("pin_above"),
            Card.revoked_at,
            Card.frozen_at,
            select_freeze(Card.township, card=Card.digest).label("freeze"),
        )
        .select_from(Card)
        .join(household, true())
        .join(village, true())
        .where(Card.township == bindparam("township"), Card.digest == bindparam("card"))
    )


CARD_BY_DIGEST = _select_by_digest()
"""The row of an `IssuedCard` by its digest, the parameter `card`."""


async def find_card_holder(uow: UnitOfWork, text: str) -> CardHolder:
    """The household of a card, given by its URL or token. Raises MalformedCard, and Refused: card-unknown,
    card-revoked, card-frozen, card-suspended."""
    return require_active(await _find_card(uow, digest(parse(text))), uow.now).holder


async def _find_card(uow: UnitOfWork, card: bytes) -> IssuedCard | None:
    row = (await uow.session.execute(CARD_BY_DIGEST, {"township": uow.township, "card": card})).first()
    # What the database tells as JSON, such as the moment of a freeze, is text here.
    return msgspec.convert(row._asdict(), IssuedCard) if row is not None else None


class CardState(Protocol):
    @property
    def revoked_at(self) -> datetime | None: ...

    @property
    def frozen_at(self) -> datetime | None: ...

    @property
    def ended_at(self) -> datetime | None: ...

    @property
    def became(self) -> str | None: ...

    @property
    def freeze(self) -> FreezeFacts | None: ...


C = TypeVar("C", bound=CardState)


def require_active(card: C | None, now: datetime) -> C:
    """Raises Refused: as `require_readable`, and card-suspended."""
    card = require_readable(card)
    freeze = find_freeze(card, now)
    if freeze is not None:
        told = freeze.tell("这张卡", "不能用")
        raise Refused(ErrorCode.CARD_SUSPENDED, f"{told}积分不会少；有不清楚的，请找监委。")
    return card


def find_freeze(card: CardState, now: datetime) -> FreezeFacts | None:
    """By which supervisors have stopped a card, as long as it holds."""
    return card.freeze if card.freeze is not None and card.freeze.holds_on(local_date(now)) else None


def require_readable(card: C | None) -> C:
    """A card whose household may read its page. Raises Refused: card-unknown, household-ended, card-revoked,
    card-frozen."""
    if card is None:
        raise Refused(ErrorCode.CARD_UNKNOWN, "没有这张卡，请核对或到村委会补办。")
    if card.became is not None:
        raise Refused(ErrorCode.HOUSEHOLD_ENDED, f"这户已经并入{mask_name(card.became)}家，请用那一家的卡。")
    if card.ended_at is not None:
        raise Refused(ErrorCode.HOUSEHOLD_ENDED, "这户已经销户，积分的去处请问村委会。")
    if card.revoked_at is not None:
        raise Refused(ErrorCode.CARD_REVOKED, "这张卡已挂失作废，请使用新卡。")
    if card.frozen_at is not None:
        raise Refused(ErrorCode.CARD_FROZEN, "这张卡已挂失，暂时不能用。卡找到了，请到村委会解除挂失。")
    return card


def is_active(card: CardState) -> bool:
    """Whether this card is neither lost nor ended; supervisors may have frozen it."""
    return card.revoked_at is None and card.frozen_at is None and card.ended_at is None


async def freeze_card(services: Services, staff: Staff, household: str, reason: str) -> bool:
    """Freeze a household's card that was reported lost; also one's own. False where it was frozen already.

    Raises Refused: not-allowed, unknown, wrong-state.
    """
    require(staff, *ISSUERS)
    async with services.unit_of_work() as uow:
        found = await find_served(uow, staff, household)
        return await freeze(uow, found.id, Signer.of(staff), reason)


async def freeze(uow: UnitOfWork, household: UUID, by: Signer | None, reason: str) -> bool:
    """As `freeze_card`, by a person, at a till, or without `by` on the card's own page.

    Raises Refused: wrong-state.
    """
    card = await _lock_living(uow, household)
    if card.frozen_at is not None:
        return False
    card.frozen_at = uow.now
    record_event(uow, card.digest, CardEventKind.FROZEN, by, reason)
    return True


async def unfreeze_card(services: Services, staff: Staff, household: str, reason: str) -> None:
    """A card that was reported lost is found. Nobody does this for their own household.

    Raises Refused: not-allowed, unknown, wrong-state.
    """
    require(staff, *ISSUERS)
    async with services.unit_of_work() as uow:
        found = await find_served(uow, staff, household)
        require_others(staff, found.code)
        card = await _lock_living(uow, found.id)
        if card.frozen_at is None:
            raise Refused(ErrorCode.WRONG_STATE, "这户的卡没有挂失，可以用。")
        card.frozen_at = None
        record_event(uow, card.digest, CardEventKind.UNFROZEN, Signer.of(staff), reason)


async def revoke_card(services: Services, staff: Staff, household: str) -> None:
    """End a lost card for good, without issuing a new one. Raises Refused: not-allowed, unknown."""
    require(staff, *ISSUERS)
    async with services.unit_of_work() as uow:
        found = await find_served(uow, staff, household)
        await end_cards(uow, [found.id], staff.id, EndReason.LOST)


async def end_cards(uow: UnitOfWork, households: list[UUID], person: UUID | None, reason: EndReason) -> None:
    """End the living cards of these households; `person` is None at the command line."""
    await uow.session.execute(
        update(Card)
        .where(Card.township == uow.township, Card.household.in_(households), Card.revoked_at.is_(None))
        .values(revoked_at=uow.now, revoked_by=person, revoked_reason=reason)
    )


async def hand_over_card(uow: UnitOfWork, household: HouseholdFacts, into: UUID, by: Signer) -> None:
    """The living card of a household goes on as that of the household that it was merged into, whose own ends."""
    await end_cards(uow, [into], by.person, EndReason.REPLACED)
    handed_over = await uow.session.scalars(
        update(Card)
        .where(Card.township == uow.township, Card.household == household.id, Card.revoked_at.is_(None))
        .values(household=into, earlier_households=func.array_append(Card.earlier_households, household.id))
        .returning(Card.digest)
    )
    for card in handed_over:
        record_event(uow, card, CardEventKind.HANDED_OVER, by, f"原来是 {household.code} 户的卡")


def record_event(
    uow: UnitOfWork, card: bytes, kind: CardEventKind, by: Signer | None = None, reason: str = ""
) -> None:
    """Without `by`: whoever held the card, on its own page."""
    uow.session.add(
        CardEvent(
            township=uow.township,
            id=uuid7(),
            card=card,
            kind=kind,
            person=by.person if by is not None else None,
            attendant=by.attendant if by is not None else None,
            recorded_by=by.name if by is not None else "",
            reason=reason,
            recorded_at=uow.now,
        )
    )


async def find_served(uow: UnitOfWork, staff: Staff, household: str) -> HouseholdFacts:
    """A household that this person serves, by its code. Raises Refused: unknown."""
    found = (await read_households_by_code(uow, [household])).get(household)
    if found is None or not staff.serves(found.village):
        raise Refused(ErrorCode.UNKNOWN, f"没有编号为 {household} 的户。")
    return found


def require_others(staff: Staff, *households: str) -> None:
    """Raises Refused: not-allowed, where one's own or a relative's household is among these."""
    recusal = staff.find_recusal(households, "自己家的卡，请由别人办理。")
    if recusal:
        raise Refused(ErrorCode.NOT_ALLOWED, recusal)


async def _lock_living(uow: UnitOfWork, household: UUID) -> Card:
    """The card of a household that hasn't ended, frozen or not. Raises Refused: wrong-state."""
    card: Card | None = await uow.session.scalar(
        select(Card)
        .where(Card.township == uow.township, Card.household == household, Card.revoked_at.is_(None))
        .with_for_update(key_share=True)
    )
    if card is None:
        raise Refused(ErrorCode.WRONG_STATE, "这户现在没有卡。")
    return card
