"""Redemptions and their receipts. The points and goods that they moved are in the books under the same id."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKeyConstraint, Index, LargeBinary, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from api.platform.database.base import Base


class Redemption(Base):
    __tablename__ = "redemption"
    __table_args__ = (
        ForeignKeyConstraint(["township", "household"], ["household.township", "household.id"]),
        ForeignKeyConstraint(["township", "kiosk"], ["kiosk.township", "kiosk.id"]),
        ForeignKeyConstraint(["township", "attendant"], ["attendant.township", "attendant.id"]),
        ForeignKeyConstraint(["township", "collector"], ["household.township", "household.id"]),
        ForeignKeyConstraint(
            ["township", "identification", "kiosk", "shift", "household"],
            [f"identification.{column}" for column in ("township", "id", "kiosk", "shift", "household")],
            name="redemption_identified",
        ),
        CheckConstraint("identification is null or shift is not null", name="redemption_identified_in_shift"),
        Index(None, "township", "supermarket", "recorded_at"),
        Index(
            "redemption_identification",
            "township",
            "identification",
            postgresql_where=text("identification is not null"),
        ),
        Index("redemption_shift", "township", "shift"),
        Index("redemption_household", "township", "household", "recorded_at"),
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
    # How many of the points were paid from those leased to the kiosk.
    leased: Mapped[int] = mapped_column(BigInteger, server_default="0")
    shift: Mapped[UUID | None]
    # The household of whoever collected the goods for this one.
    collector: Mapped[UUID | None]
    # Who vouched for a household that came without its card; None: its card.
    identification: Mapped[UUID | None]


class Void(Base):
    """A redemption that an attendant voided. Where no redemption has this `id` it never arrived, and is refused if
    it still does."""

    __tablename__ = "redemption_void"
    __table_args__ = (
        ForeignKeyConstraint(["township", "kiosk"], ["kiosk.township", "kiosk.id"]),
        ForeignKeyConstraint(["township", "attendant"], ["attendant.township", "attendant.id"]),
        Index("redemption_void_shift", "township", "shift"),
    )

    township: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    kiosk: Mapped[UUID]
    attendant: Mapped[UUID]
    shift: Mapped[UUID]
    reason: Mapped[str]
    recorded_at: Mapped[datetime]
