"""What others ask about cards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import SQLColumnExpression, case, select
from sqlalchemy.sql.selectable import LateralFromClause

from api.platform.services import UnitOfWork
from api.registry.cards.tables import Card
from api.registry.register.queries import of_village
from ledger.lookup import lateral_one

# Points above which a card asks for its PIN; null where it has none.
_PIN_ABOVE = case((Card.pin_hash.is_not(None), Card.pin_above)).label("pin_above")


@dataclass(frozen=True, slots=True)
class CardedHousehold:
    """A household, and its living card's digest. `pin_above`: None where the card has no PIN."""

    id: UUID
    code: str
    head: str
    card: bytes
    pin_above: int | None


async def with_cards(uow: UnitOfWork, village: str) -> Sequence[CardedHousehold]:
    """The households of a village that have a living card, by code."""
    household = of_village(uow.township, village)
    rows = await uow.session.execute(
        select(household.c.id, household.c.code, household.c.head, Card.digest, _PIN_ABOVE)
        .select_from(Card)
        .join(household, household.c.id == Card.household)
        .where(Card.township == uow.township, Card.revoked_at.is_(None))
        .order_by(household.c.code)
    )
    return [CardedHousehold(*row) for row in rows]


def any_card(township: SQLColumnExpression[Any], digest: SQLColumnExpression[Any], name: str) -> LateralFromClause:
    """`household`, `pin_above` and `revoked_at` of a card, to be joined, whether it counts or not."""
    return lateral_one(
        select(Card.household, _PIN_ABOVE, Card.revoked_at).where(
            Card.township == township, Card.digest == digest
        ),
        name,
    )
