"""Issue and revoke household cards; find the household behind one."""

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
from api.registry.register.queries import household_of, households_by_code, village_of, villages
from api.wire.card_token import digest, new_token, parse


@dataclass(frozen=True, slots=True)
class CardHolder:
    """A card's household. `pin_above`: points above which the card asks for its PIN; None without one."""

    id: UUID
    code: str
    head: str
    village: str
    village_name: str
    pin_above: int | None = None

    @property
    def masked(self) -> str:
        """The family name alone: what a shop or a stranger with the card may see."""
        return mask(self.head)


def mask(name: str) -> str:
    return name[:1] + "*" * max(len(name) - 1, 1)


class KnownCard(msgspec.Struct):
    """A card that was given out once, and its household."""

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


# Made once: with each card that is scanned, making a statement would take longer than running it.
def _of_card() -> Select[*tuple[Any, ...]]:
    own = household_of(Card.township, Card.household)
    village = village_of(Card.township, own.c.village)
    return (
        select(
            *own.c,
            village.c.name.label("village_name"),
            case((Card.pin_hash.is_not(None), Card.pin_above)).label("pin_above"),
            Card.revoked_at,
        )
        .select_from(Card)
        .join(own, true())
        .join(village, true())
        .where(Card.township == bindparam("township"), Card.digest == bindparam("card"))
    )


OF_CARD = _of_card()
"""The row of `KnownCard` for the digest `card`."""


async def find_card_holder(uow: UnitOfWork, text: str) -> CardHolder:
    """The household behind a card or its token. Raises Refused: card-malformed, card-unknown, card-revoked."""
    return require_active(await _card(uow, digest(parse(text)))).holder


async def _card(uow: UnitOfWork, card: bytes) -> KnownCard | None:
    row = (await uow.session.execute(OF_CARD, {"township": uow.township, "card": card})).first()
    return KnownCard(*row) if row is not None else None


class Revocable(Protocol):
    @property
    def revoked_at(self) -> datetime | None: ...


C = TypeVar("C", bound=Revocable)


def require_active(card: C | None) -> C:
    """A card that counts. Raises Refused: card-unknown, card-revoked."""
    if card is None:
        raise Refused(ErrorCode.CARD_UNKNOWN, "没有这张卡，请核对或到村委会补办。")
    if card.revoked_at is not None:
        raise Refused(ErrorCode.CARD_REVOKED, "这张卡已挂失作废，请使用新卡。")
    return card


async def issue(services: Services, staff: Staff, households: Sequence[str]) -> list[wire.NewCard]:
    """New cards by the office or a village's committee. Raises Refused: not-allowed, unknown."""
    require(staff, Role.OFFICE, Role.COMMITTEE)
    async with services.unit_of_work() as uow:
        cards = await new_cards(uow, households)
        known = await households_by_code(uow, households)
        if not all(staff.serves(household.village) for household in known.values()):
            raise Refused(ErrorCode.NOT_ALLOWED, "只能为本村的户发卡。")
        return cards


async def new_cards(uow: UnitOfWork, households: Sequence[str]) -> list[wire.NewCard]:
    """New cards, in the order asked for; the old ones die at once. Raises Refused: unknown."""
    known = await households_by_code(uow, households)
    for code in households:
        if code not in known:
            raise Refused(ErrorCode.UNKNOWN, f"没有编号为 {code} 的户。")
    names = {village.code: village.name for village in await villages(uow)}
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


async def revoke(services: Services, staff: Staff, household: str) -> None:
    """A lost card dies at once, also before there is a new one. Raises Refused: not-allowed, unknown."""
    require(staff, Role.OFFICE, Role.COMMITTEE)
    async with services.unit_of_work() as uow:
        found = (await households_by_code(uow, [household])).get(household)
        if found is None or not staff.serves(found.village):
            raise Refused(ErrorCode.UNKNOWN, f"没有编号为 {household} 的户。")
        await uow.session.execute(
            update(Card)
            .where(Card.township == uow.township, Card.household == found.id, Card.revoked_at.is_(None))
            .values(revoked_at=uow.now)
        )
