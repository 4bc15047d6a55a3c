"""Queries for other capabilities: the tills, and the attendants there."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ScalarSelect, SQLColumnExpression, func, literal, select
from sqlalchemy.dialects.postgresql import JSONB, aggregate_order_by

from api.platform.services import UnitOfWork
from api.shop.kiosks.tables import Attendant, Kiosk
from api.shop.supermarkets.tables import Supermarket


async def read_attendant_names(uow: UnitOfWork, ids: Collection[UUID] | None = None) -> dict[UUID, str]:
    """By id; of all attendants where no ids are given."""
    conditions = [] if ids is None else [Attendant.id.in_(ids)]
    rows = await uow.session.execute(
        select(Attendant.id, Attendant.name).where(Attendant.township == uow.township, *conditions)
    )
    return dict(rows.all())


@dataclass(frozen=True, slots=True)
class KioskFacts:
    """A place at the counter of a supermarket in a village."""

    id: UUID
    name: str
    supermarket: str
    village: str


async def list_kiosks(uow: UnitOfWork) -> list[KioskFacts]:
    """All places, by the supermarkets' and their names."""
    rows = await uow.session.execute(
        select(Kiosk.id, Kiosk.name, Supermarket.name, Supermarket.village)
        .join(Supermarket, (Supermarket.township == Kiosk.township) & (Supermarket.code == Kiosk.supermarket))
        .where(Kiosk.township == uow.township)
        .order_by(Supermarket.name, Kiosk.name, Kiosk.id)
    )
    return [KioskFacts(*row) for row in rows]


def select_attendants(
    township: SQLColumnExpression[int], supermarket: SQLColumnExpression[str]
) -> ScalarSelect[Any]:
    """A supermarket's attendants who haven't ended, by name, as JSON: as `wire.TillAttendant`."""
    attendant = func.jsonb_build_object(
        *("id", Attendant.id, "name", Attendant.name, "pin_set_at", Attendant.pin_set_at)
    )
    by_name = func.jsonb_agg(aggregate_order_by(attendant, Attendant.name))
    return (
        select(func.coalesce(by_name, literal([], JSONB), type_=JSONB))
        .where(Attendant.township == township, Attendant.supermarket == supermarket, Attendant.ended_at.is_(None))
        .scalar_subquery()
    )


def select_lock_minutes(township: SQLColumnExpression[int], kiosk: UUID) -> ScalarSelect[int]:
    """After how long without a key a kiosk locks."""
    return select(Kiosk.lock_minutes).where(Kiosk.township == township, Kiosk.id == kiosk).scalar_subquery()
