"""What others ask about those who serve at the tills."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import select

from api.platform.services import UnitOfWork
from api.shop.kiosks.tables import Attendant


async def attendants(uow: UnitOfWork, ids: Collection[UUID] | None = None) -> dict[UUID, str]:
    """Names by id; all attendants' where no ids are given."""
    wanted = [] if ids is None else [Attendant.id.in_(ids)]
    rows = await uow.session.execute(
        select(Attendant.id, Attendant.name).where(Attendant.township == uow.township, *wanted)
    )
    return dict(rows.all())
