"""Queries about cards for other capabilities."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import SQLColumnExpression, Subquery, case, select
from sqlalchemy.sql.selectable import LateralFromClause

from api.platform.clock import local_date
from api.platform.services import UnitOfWork
from api.registry.cards.tables import Card
from api.registry.freezes.queries import FreezeFacts, is_card_frozen, read_freeze, select_freeze
from api.registry.register.queries import village_households
from ledger.lookup import lateral_one

# More points need the card's PIN; null without a PIN.
_PIN_ABOVE = case((Card.pin_hash.is_not(None), Card.pin_above)).label("pin_above")


@dataclass(frozen=True, slots=True)
class HouseholdWithCard:
    """A household and its active card's digest. `pin_above`: None if the card has no PIN."""

    id: UUID
    code: str
    head: str
    card: bytes
    pin_above: int | None


async def list_households_with_cards(uow: UnitOfWork, village: str) -> Sequence[HouseholdWithCard]:
    """The households of a village that have an active card, neither ended nor frozen by anybody, by code."""
    household = village_households(uow.township, village)
    rows = await uow.session.execute(
        select(household.c.id, household.c.code, household.c.head, Card.digest, _PIN_ABOVE)
        .select_from(Card)
        .join(household, household.c.id == Card.household)
        .where(
            Card.township == uow.township,
            Card.revoked_at.is_(None),
            Card.frozen_at.is_(None),
            ~is_card_frozen(Card.township, Card.digest, local_date(uow.now)),
        )
        .order_by(household.c.code)
    )
    return [HouseholdWithCard(*row) for row in rows]


def living_cards(township: int) -> Subquery:
    """`household`, `issued_at` and `frozen_at` of every card that hasn't ended, to be joined."""
    columns = (Card.household, Card.issued_at, Card.frozen_at)
    return select(*columns).where(Card.township == township, Card.revoked_at.is_(None)).subquery("living_card")


def household_cards(township: int, household: UUID) -> Subquery:
    """`issued_at` and `revoked_at` of every card that a household had, to be joined."""
    return (
        select(Card.household, Card.issued_at, Card.revoked_at)
        .where(Card.township == township, Card.household == household)
        .subquery("each_card")
    )


@dataclass(frozen=True, slots=True)
class CardFacts:
    """A household's card that hasn't ended. `freeze`: by supervisors, as long as it holds."""

    digest: bytes
    issued_at: datetime
    frozen_at: datetime | None
    has_pin: bool
    freeze: FreezeFacts | None


async def read_living_card(uow: UnitOfWork, household: UUID) -> CardFacts | None:
    return (await read_living_cards(uow, [household])).get(household)


async def read_living_cards(uow: UnitOfWork, households: Collection[UUID]) -> dict[UUID, CardFacts]:
    """By household; nothing for one without a card."""
    rows = await uow.session.execute(
        select(
            *(Card.household, Card.digest, Card.issued_at, Card.frozen_at, Card.pin_hash.is_not(None)),
            select_freeze(Card.township, card=Card.digest),
        ).where(Card.township == uow.township, Card.household.in_(households), Card.revoked_at.is_(None))
    )
    today = local_date(uow.now)
    return {
        household: CardFacts(card, issued_at, frozen_at, has_pin, read_freeze(freeze, today))
        for household, card, issued_at, frozen_at, has_pin, freeze in rows
    }


async def find_suspended(uow: UnitOfWork, households: Collection[UUID]) -> dict[UUID, FreezeFacts]:
    """Those of whose cards supervisors have frozen one, also one that has ended since."""
    rows = await uow.session.execute(
        select(Card.household, select_freeze(Card.township, card=Card.digest)).where(
            Card.township == uow.township,
            Card.household.in_(households),
            is_card_frozen(Card.township, Card.digest, local_date(uow.now)),
        )
    )
    return {household: msgspec.convert(freeze, FreezeFacts) for household, freeze in rows}


async def read_households_of_cards(uow: UnitOfWork, digests: Collection[bytes]) -> dict[bytes, UUID]:
    """The household of each card, ended or not."""
    rows = await uow.session.execute(
        select(Card.digest, Card.household).where(Card.township == uow.township, Card.digest.in_(digests))
    )
    return dict(rows.all())


async def read_pin_time(uow: UnitOfWork, digest: bytes) -> datetime | None:
    """When the PIN of the card with this digest was set last; None where that isn't known."""
    at: datetime | None = await uow.session.scalar(
        select(Card.pin_set_at).where(Card.township == uow.township, Card.digest == digest)
    )
    return at


def lateral_card(
    township: SQLColumnExpression[Any], digest: SQLColumnExpression[Any], name: str
) -> LateralFromClause:
    """`household`, `pin_above`, `revoked_at`, `frozen_at` and `freeze` of a card, active or not, to be joined."""
    return lateral_one(
        select(
            *(Card.household, _PIN_ABOVE, Card.revoked_at, Card.frozen_at),
            select_freeze(Card.township, card=Card.digest).label("freeze"),
        ).where(Card.township == township, Card.digest == digest),
        name,
    )
