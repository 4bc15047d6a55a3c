"""Which households have no card, and which cards nobody uses: counted by village, and listed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, func, literal_column, select

from api import wire
from api.platform.access import Staff, require
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from api.registry.cards.history import READERS
from api.registry.cards.queries import household_cards, living_cards
from api.registry.cards.use_cases import find_served
from api.registry.register.queries import all_households, list_villages
from api.shop.redemptions.queries import last_redemption, redeemed_since

MAX_LISTED = 500


class CardList(StrEnum):
    """`ORPHANED`: the household has ended, its card hasn't. `UNUSED`: nothing was redeemed since it was issued."""

    WITHOUT = "without"
    ORPHANED = "orphaned"
    UNUSED = "unused"
    FROZEN = "frozen"


@dataclass(frozen=True, slots=True)
class Listed:
    """A household in one of the lists. `issued_at` and `frozen_at`: of its card, if it has one."""

    code: str
    head: str
    village: str
    issued_at: datetime | None
    frozen_at: datetime | None


async def count_cards(services: Services, staff: Staff) -> list[wire.VillageCards]:
    """By village, of those that this person serves. Raises Refused: not-allowed."""
    require(staff, *READERS)
    async with services.unit_of_work() as uow:
        household, card, conditions = _join(uow)
        counts = {name: func.count().filter(condition).label(name.value) for name, condition in conditions.items()}
        rows = await uow.session.execute(
            select(household.c.village, func.count().filter(household.c.ended_at.is_(None)), *counts.values())
            .select_from(household.outerjoin(card, card.c.household == household.c.id))
            .group_by(household.c.village)
        )
        found = {village: numbers for village, *numbers in rows}
        return [
            wire.VillageCards(village.code, village.name, *found.get(village.code, [0] * (1 + len(counts))))
            for village in await list_villages(uow)
            if staff.serves(village.code)
        ]


async def list_cards(
    services: Services, staff: Staff, which: CardList, village: str | None = None
) -> tuple[int, Sequence[Listed]]:
    """How many there are, and the first 500 by code. Raises Refused: not-allowed, unknown."""
    require(staff, *READERS)
    village = village or staff.village
    if village is not None and not staff.serves(village):
        raise Refused(ErrorCode.UNKNOWN, f"没有编号为 {village} 的村。")
    async with services.unit_of_work() as uow:
        household, card, conditions = _join(uow)
        rows = (
            await uow.session.execute(
                select(
                    household.c.code,
                    household.c.head,
                    household.c.village,
                    card.c.issued_at,
                    card.c.frozen_at,
                    func.count().over(),
                )
                .select_from(household.outerjoin(card, card.c.household == household.c.id))
                .where(conditions[which], *([household.c.village == village] if village is not None else []))
                .order_by(household.c.code)
                .limit(MAX_LISTED)
            )
        ).all()
        listed = [Listed(code, head, village, issued, frozen) for code, head, village, issued, frozen, _ in rows]
        return rows[0][-1] if rows else 0, listed


async def read_last_uses(services: Services, staff: Staff, code: str) -> dict[datetime, datetime]:
    """When a household redeemed last with each of its cards, by the moment that the card was issued.

    Raises Refused: unknown.
    """
    async with services.unit_of_work() as uow:
        card = household_cards(uow.township, (await find_served(uow, staff, code)).id)
        ended = func.coalesce(card.c.revoked_at, literal_column("'infinity'::timestamptz"))
        used = last_redemption(uow.township, card.c.household, card.c.issued_at, ended)
        rows = await uow.session.execute(select(card.c.issued_at, used).order_by(card.c.issued_at))
        return {issued_at: at for issued_at, at in rows if at is not None}


def _join(uow: UnitOfWork) -> tuple[Any, Any, dict[CardList, ColumnElement[bool]]]:
    """Households, their living cards, and what makes one belong to each list."""
    household, card = all_households(uow.township), living_cards(uow.township)
    living, has_card = household.c.ended_at.is_(None), card.c.household.is_not(None)
    return (
        household,
        card,
        {
            CardList.WITHOUT: living & ~has_card,
            CardList.ORPHANED: ~living & has_card,
            CardList.UNUSED: living & has_card & ~redeemed_since(uow.township, household.c.id, card.c.issued_at),
            CardList.FROZEN: has_card & card.c.frozen_at.is_not(None),
        },
    )
