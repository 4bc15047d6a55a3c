"""Queries for other capabilities: the attendants at the tills."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import select

from api.platform.services import UnitOfWork
from api.shop.kiosks.tables import Attendant


async def read_attendant_names(uow: UnitOfWork, ids: Collection[UUID] | None = None) -> dict[UUID, str]:
    """By id; of all attendants where no ids are given."""
    conditions = [] if ids is None else [Attendant.id.in_(ids)]
    rows = await uow.session.execute(
        select(Attendant.id, Attendant.name).where(Attendant.township == uow.township, *conditions)
    )
    return dict(rows.all())
