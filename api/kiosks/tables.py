"""Kiosks, the attendants who serve at them, and their shifts."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from api.database.base import Base


class Attendant(Base):
    __tablename__ = "attendant"
    __table_args__ = (
        UniqueConstraint("township", "supermarket", "name"),
        ForeignKeyConstraint(["township", "supermarket"], ["supermarket.township", "supermarket.code"]),
    )

    township: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    supermarket: Mapped[str]
    name: Mapped[str]
    pin_hash: Mapped[str]


class Kiosk(Base):
    __tablename__ = "kiosk"
    __table_args__ = (
        UniqueConstraint("township", "digest"),
        ForeignKeyConstraint(["township", "supermarket"], ["supermarket.township", "supermarket.code"]),
    )

    township: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    supermarket: Mapped[str]
    name: Mapped[str]
    digest: Mapped[bytes]
    enrolled_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    failures: Mapped[int] = mapped_column(server_default="0")
    locked_until: Mapped[datetime | None]


class Shift(Base):
    """Opened by an attendant's PIN; opening another at the same kiosk closes it."""

    __tablename__ = "shift"
    __table_args__ = (
        ForeignKeyConstraint(["township", "kiosk"], ["kiosk.township", "kiosk.id"]),
        ForeignKeyConstraint(["township", "attendant"], ["attendant.township", "attendant.id"]),
    )

    township: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[bytes] = mapped_column(primary_key=True)
    kiosk: Mapped[UUID]
    attendant: Mapped[UUID]
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
