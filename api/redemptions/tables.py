"""Redemptions: what was on the receipt. The points and goods they moved are in the books, same id."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, LargeBinary
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from api.database.base import Base


class Redemption(Base):
    __tablename__ = "redemption"
    __table_args__ = (
        ForeignKeyConstraint(["township", "household"], ["household.township", "household.id"]),
        ForeignKeyConstraint(["township", "kiosk"], ["kiosk.township", "kiosk.id"]),
        ForeignKeyConstraint(["township", "attendant"], ["attendant.township", "attendant.id"]),
        Index(None, "township", "supermarket", "recorded_at"),
    )

    township: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    supermarket: Mapped[str]
    kiosk: Mapped[UUID]
    attendant: Mapped[UUID]
    household: Mapped[UUID]
    # The digest of the request: a retry must ask for the same.
    request: Mapped[bytes] = mapped_column(LargeBinary)
    receipt: Mapped[dict[str, Any]] = mapped_column(JSONB)
    recorded_at: Mapped[datetime]
