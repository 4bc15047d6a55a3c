"""Who issued, confirmed and revoked which card."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import ColumnElement, select, true

from api import wire
from api.platform.access import Role, Staff, require
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from api.registry.cards.tables import Card
from api.registry.people.queries import name_subquery
from api.registry.proposals.queries import confirmer_subquery
from api.registry.register.queries import lateral_household, read_households_by_code

READERS = (Role.OFFICE, Role.COMMITTEE, Role.SUPERVISOR)
SHOWN_FOR = timedelta(days=30)
MAX_LISTED = 200


async def list_cards(services: Services, staff: Staff, household: str) -> list[wire.CardHistory]:
    """Raises Refused: not-allowed, unknown."""
    require(staff, *READERS)
    async with services.unit_of_work() as uow:
        found = (await read_households_by_code(uow, [household])).get(household)
        if found is None or not staff.serves(found.village):
            raise Refused(ErrorCode.UNKNOWN, f"没有编号为 {household} 的户。")
        return await _read(uow, Card.household == found.id)


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
    household = lateral_household(Card.township, Card.household)
    rows = await uow.session.execute(
        select(
            household.c.code,
            household.c.head,
            Card.issued_at,
            name_subquery(Card.township, Card.issued_by),
            confirmer_subquery(Card.township, Card.proposal),
            Card.revoked_at,
            name_subquery(Card.township, Card.revoked_by),
        )
        .select_from(Card)
        .join(household, true())
        .where(
            Card.township == uow.township,
            condition,
            *([] if village is None else [household.c.village == village]),
        )
        .order_by(Card.issued_at.desc(), household.c.code)
        .limit(MAX_LISTED)
    )
    return [
        wire.CardHistory(
            household=code,
            head=head,
            issued_at=issued_at,
            issued_by=issued_by or "",
            confirmed_by=confirmed_by or "",
            revoked_at=revoked_at,
            revoked_by=revoked_by or "",
        )
        for code, head, issued_at, issued_by, confirmed_by, revoked_at, revoked_by in rows
    ]
