"""Issue and revoke household cards; find the household of a card."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar
from uuid import UUID

import msgspec
from sqlalchemy import Select, bindparam, case, insert, select, true, update

from api import wire
from api.platform.access import Role, Staff, require
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from api.registry.cards.tables import Card
from api.registry.register.queries import (
    lateral_household,
    lateral_village,
    list_villages,
    read_households_by_code,
)
from api.wire.card_token import digest, new_token, parse
from api.wire.names import mask_name


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
    """A card that was issued, active or not, and its household."""

    id: UUID
    code: str
    head: str
    village: str
    village_name: str
    pin_above: int | None
    revoked_at: datetime | None

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
    card-revoked."""
    return require_active(await _find_card(uow, digest(parse(text)))).holder


async def _find_card(uow: UnitOfWork, card: bytes) -> IssuedCard | None:
    row = (await uow.session.execute(CARD_BY_DIGEST, {"township": uow.township, "card": card})).first()
    return IssuedCard(*row) if row is not None else None


class Revocable(Protocol):
    @property
    def revoked_at(self) -> datetime | None: ...


C = TypeVar("C", bound=Revocable)


def require_active(card: C | None) -> C:
    """Raises Refused: card-unknown, card-revoked."""
    if card is None:
        raise Refused(ErrorCode.CARD_UNKNOWN, "没有这张卡，请核对或到村委会补办。")
    if card.revoked_at is not None:
        raise Refused(ErrorCode.CARD_REVOKED, "这张卡已挂失作废，请使用新卡。")
    return card


async def issue_cards(services: Services, staff: Staff, households: Sequence[str]) -> list[wire.NewCard]:
    """Issue new cards (office, or committee of the village). Raises Refused: not-allowed, unknown."""
    require(staff, Role.OFFICE, Role.COMMITTEE)
    async with services.unit_of_work() as uow:
        cards = await create_cards(uow, households)
        known = await read_households_by_code(uow, households)
        if not all(staff.serves(household.village) for household in known.values()):
            raise Refused(ErrorCode.NOT_ALLOWED, "只能为本村的户发卡。")
        return cards


async def create_cards(uow: UnitOfWork, households: Sequence[str]) -> list[wire.NewCard]:
    """New cards, in the order of `households`; their old cards are revoked. Raises Refused: unknown."""
    known = await read_households_by_code(uow, households)
    for code in households:
        if code not in known:
            raise Refused(ErrorCode.UNKNOWN, f"没有编号为 {code} 的户。")
    names = {village.code: village.name for village in await list_villages(uow)}
    tokens = {code: new_token() for code in known}
    await uow.session.execute(
        update(Card)
        .where(
            Card.township == uow.township,
            Card.household.in_([household.id for household in known.values()]),
            Card.revoked_at.is_(None),
        )
        .values(revoked_at=uow.now)
    )
    await uow.session.execute(
        insert(Card),
        [
            {
                "township": uow.township,
                "digest": digest(tokens[code]),
                "household": household.id,
                "issued_at": uow.now,
                "revoked_at": None,
            }
            for code, household in known.items()
        ],
    )
    return [
        wire.NewCard(household=code, head=known[code].head, village=names[known[code].village], token=tokens[code])
        for code in dict.fromkeys(households)
    ]


async def revoke_card(services: Services, staff: Staff, household: str) -> None:
    """Revoke a lost card, without issuing a new one. Raises Refused: not-allowed, unknown."""
    require(staff, Role.OFFICE, Role.COMMITTEE)
    async with services.unit_of_work() as uow:
        found = (await read_households_by_code(uow, [household])).get(household)
        if found is None or not staff.serves(found.village):
            raise Refused(ErrorCode.UNKNOWN, f"没有编号为 {household} 的户。")
        await uow.session.execute(
            update(Card)
            .where(Card.township == uow.township, Card.household == found.id, Card.revoked_at.is_(None))
            .values(revoked_at=uow.now)
        )
