"""Promises: goods out of stock, ordered by a household. The points reserved for one are in the books under its id,
the pieces, once they have arrived, under `arrival`."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from api.platform.database.base import Base


class Promise(Base):
    """`status`: open, collected, cancelled. An open one whose `expires_at` has passed is over, too: its pending
    transfers expire in the books by themselves."""

    __tablename__ = "promise"
    __table_args__ = (
        ForeignKeyConstraint(
            ["township", "supermarket", "product"], ["shelf.township", "shelf.supermarket", "shelf.product"]
        ),
        ForeignKeyConstraint(["township", "household"], ["household.township", "household.id"]),
        ForeignKeyConstraint(["township", "kiosk"], ["kiosk.township", "kiosk.id"]),
        ForeignKeyConstraint(["township", "attendant"], ["attendant.township", "attendant.id"]),
        ForeignKeyConstraint(["township", "closed_by"], ["attendant.township", "attendant.id"]),
        UniqueConstraint("township", "supermarket", "product", "place"),
        Index("promise_open", "township", "household", postgresql_where=text("status = 'open'")),
        Index(
            "promise_waiting",
            "township",
            "supermarket",
            "product",
            "place",
            postgresql_where=text("status = 'open' and arrival is null"),
        ),
    )

    township: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    supermarket: Mapped[str]
    product: Mapped[str]
    quantity: Mapped[int]
    # The place in line: the order of the promises, whatever any clock says.
    place: Mapped[int]
    household: Mapped[UUID]
    kiosk: Mapped[UUID]
    attendant: Mapped[UUID]
    # The digest of the request: a retry must ask for the same.
    request: Mapped[bytes] = mapped_column(LargeBinary)
    slip: Mapped[dict[str, Any]] = mapped_column(JSONB)
    expires_at: Mapped[datetime]
    arrival: Mapped[UUID | None]
    status: Mapped[str] = mapped_column(server_default="open")
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[UUID | None]
    reason: Mapped[str] = mapped_column(server_default="")
