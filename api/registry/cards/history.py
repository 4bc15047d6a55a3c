"""Who issued, confirmed, froze and ended which card, and what became of its PIN."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import ColumnElement, any_, literal, or_, select, true, union_all

from api import wire
from api.platform.access import Role, Staff, require
from api.platform.services import Services, UnitOfWork
from api.registry.cards.tables import Card, CardEvent, PinReset
from api.registry.cards.use_cases import find_served
from api.registry.people.queries import name_subquery
from api.registry.proposals.queries import confirmer_subquery
from api.registry.register.queries import lateral_household

READERS = (Role.OFFICE, Role.COMMITTEE, Role.SUPERVISOR)
SHOWN_FOR = timedelta(days=30)
MAX_LISTED = 200


async def list_cards(services: Services, staff: Staff, household: str) -> list[wire.CardHistory]:
    """Raises Refused: not-allowed, unknown."""
    require(staff, *READERS)
    async with services.unit_of_work() as uow:
        found = await find_served(uow, staff, household)
        return await _read(uow, or_(Card.household == found.id, any_(Card.earlier_households) == found.id))


async def list_recent(services: Services, staff: Staff) -> list[wire.CardHistory]:
    """Cards issued in the last thirty days to households that this person serves, the newest first; at most 200.

    Raises Refused: not-allowed.
    """
    require(staff, *READERS)
    async with services.unit_of_work() as uow:
        return await _read(uow, Card.issued_at > uow.now - SHOWN_FOR, village=staff.village)


async def _read(
    uow: UnitOfWork, condition: ColumnElement[bool], village: str | None = None
) -> list[wire.CardHistory]:
    household = lateral_household(Card.township, Card.household, said_at=Card.issued_at)
    rows = await uow.session.execute(
        select(
            Card.digest,
            household.c.code,
            household.c.head,
            Card.issued_at,
            name_subquery(Card.township, Card.issued_by),
            confirmer_subquery(Card.township, Card.proposal),
            Card.revoked_at,
            name_subquery(Card.township, Card.revoked_by),
            Card.revoked_reason,
            Card.frozen_at,
        )
        .select_from(Card)
        .join(household, true())
        .where(
            Card.township == uow.township,
            condition,
            *([] if village is None else [household.c.village == village]),
        )
        .order_by(Card.issued_at.desc(), household.c.code, Card.revoked_at.desc().nulls_first())
        .limit(MAX_LISTED)
    )
    cards = rows.all()
    events = await _read_events(uow, [card.digest for card in cards])
    return [
        wire.CardHistory(
            household=code,
            head=head,
            issued_at=issued_at,
            issued_by=issued_by or "",
            confirmed_by=confirmed_by or "",
            revoked_at=revoked_at,
            revoked_by=revoked_by or "",
            revoked_reason=revoked_reason or "",
            frozen_at=frozen_at,
            events=events[digest],
        )
        for (
            digest,
            code,
            head,
            issued_at,
            issued_by,
            confirmed_by,
            revoked_at,
            revoked_by,
            revoked_reason,
            frozen_at,
        ) in cards
    ]


async def _read_events(uow: UnitOfWork, cards: Sequence[bytes]) -> defaultdict[bytes, list[wire.CardEvent]]:
    """By card, the oldest first."""
    resets = select(
        PinReset.id,
        PinReset.card,
        literal("pin-reset"),
        PinReset.recorded_at.label("at"),
        name_subquery(PinReset.township, PinReset.person),
        PinReset.reason,
    ).where(PinReset.township == uow.township, PinReset.card.in_(cards))
    others = select(
        CardEvent.id,
        CardEvent.card,
        CardEvent.kind,
        CardEvent.recorded_at.label("at"),
        CardEvent.recorded_by,
        CardEvent.reason,
    ).where(CardEvent.township == uow.township, CardEvent.card.in_(cards))
    rows = await uow.session.execute(union_all(others, resets).order_by("at", "id"))
    found: defaultdict[bytes, list[wire.CardEvent]] = defaultdict(list)
    for _, card, kind, at, by, reason in rows:
        found[card].append(wire.CardEvent(kind, at, by, reason))
    return found
