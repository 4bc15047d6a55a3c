"""Identifications: households without their card, and who vouched for them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from api.platform.database.base import Base


class Identification(Base):
    """`digest`: of the token that stands for the household's `card` from `identified_at` to `valid_until`, at this
    kiosk and in this shift alone."""

    __tablename__ = "identification"
    __table_args__ = (
        UniqueConstraint("township", "digest"),
        # What redemptions refer to, so that none has another's.
        UniqueConstraint(*("township", "id", "kiosk", "shift", "household"), name="identification_of_household"),
        CheckConstraint("witness <> attendant", name="identification_by_another"),
        CheckConstraint("valid_until > identified_at", name="identification_ends"),
        ForeignKeyConstraint(
            ["township", "shift", "kiosk", "attendant"],
            ["shift.township", "shift.id", "shift.kiosk", "shift.attendant"],
            name="identification_in_shift",
        ),
        ForeignKeyConstraint(["township", "household"], ["household.township", "household.id"]),
        ForeignKeyConstraint(["township", "card"], ["card.township", "card.digest"]),
        ForeignKeyConstraint(["township", "witness"], ["attendant.township", "attendant.id"]),
        Index(None, "township", "identified_at"),
    )

    township: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    kiosk: Mapped[UUID]
    shift: Mapped[UUID]
    attendant: Mapped[UUID]
    household: Mapped[UUID]
    card: Mapped[bytes] = mapped_column(LargeBinary)
    # None: the PIN of the card vouched for the household.
    witness: Mapped[UUID | None]
    identified_at: Mapped[datetime]
    valid_until: Mapped[datetime]
