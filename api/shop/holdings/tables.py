"""Which kiosks hold points of which households, and which of these are recalled."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from api.platform.database.base import Base


class Lease(Base):
    """An enrolment holds points of a household. How many is the balance of `accounts.escrow` in the books."""

    __tablename__ = "lease"
    __table_args__ = (
        Index(None, "township", "household"),
        ForeignKeyConstraint(
            ["township", "kiosk", "epoch"],
            ["kiosk_enrolment.township", "kiosk_enrolment.kiosk", "kiosk_enrolment.epoch"],
        ),
        ForeignKeyConstraint(["township", "household"], ["household.township", "household.id"]),
    )

    township: Mapped[int] = mapped_column(primary_key=True)
    kiosk: Mapped[UUID] = mapped_column(primary_key=True)
    epoch: Mapped[int] = mapped_column(primary_key=True)
    household: Mapped[UUID] = mapped_column(primary_key=True)
    begun_at: Mapped[datetime]


class LeaseRecall(Base):
    """The household wants its points at another kiosk, `asker`: `wanted` of those that this one holds. It is over
    when the kiosk has returned them, or some seconds after it was last asked, the `times`th time."""

    __tablename__ = "lease_recall"
    __table_args__ = (
        ForeignKeyConstraint(
            ["township", "kiosk", "epoch", "household"],
            ["lease.township", "lease.kiosk", "lease.epoch", "lease.household"],
        ),
        ForeignKeyConstraint(["township", "asker"], ["kiosk.township", "kiosk.id"]),
        Index(None, "township", "household"),
        Index(None, "township", "asked_at"),
    )

    township: Mapped[int] = mapped_column(primary_key=True)
    kiosk: Mapped[UUID] = mapped_column(primary_key=True)
    epoch: Mapped[int] = mapped_column(primary_key=True)
    household: Mapped[UUID] = mapped_column(primary_key=True)
    asker: Mapped[UUID]
    wanted: Mapped[int] = mapped_column(BigInteger)
    asked_at: Mapped[datetime]
    times: Mapped[int] = mapped_column(server_default="1")


class KioskListener(Base):
    """Until when a kiosk is taken to hear of recalls at once."""

    __tablename__ = "kiosk_listener"
    __table_args__ = (
        ForeignKeyConstraint(
            ["township", "kiosk", "epoch"],
            ["kiosk_enrolment.township", "kiosk_enrolment.kiosk", "kiosk_enrolment.epoch"],
        ),
    )

    township: Mapped[int] = mapped_column(primary_key=True)
    kiosk: Mapped[UUID] = mapped_column(primary_key=True)
    epoch: Mapped[int] = mapped_column(primary_key=True)
    listening_until: Mapped[datetime]
