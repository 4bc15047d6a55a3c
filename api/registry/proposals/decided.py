"""Tables of decisions are only added to: the latest is in force."""

from datetime import datetime
from typing import TypeVar
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Mapped, mapped_column

from api.platform.services import UnitOfWork


class Decided:
    """The columns by which a decision is found; it counts from `since` on."""

    township: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    since: Mapped[datetime]


D = TypeVar("D", bound=Decided)


async def read_latest(uow: UnitOfWork, table: type[D]) -> D | None:
    """None where nothing was ever decided."""
    found: D | None = await uow.session.scalar(
        select(table).where(table.township == uow.township).order_by(table.since.desc(), table.id.desc()).limit(1)
    )
    return found
