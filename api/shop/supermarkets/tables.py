"""Supermarkets of the township's villages."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from api.platform.database.base import Base


class Supermarket(Base):
    __tablename__ = "supermarket"
    __table_args__ = (ForeignKeyConstraint(["township", "village"], ["village.township", "village.code"]),)

    township: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    village: Mapped[str]
    name: Mapped[str]
    # Incremented by every change to the products on its shelf, except of the pieces in stock.
    shelf_version: Mapped[int] = mapped_column(server_default="1")
    # As `wire.OpeningHours`; None where nobody has said them.
    hours: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))


class SupermarketChange(Base):
    """What a supermarket was called and when it was open from this change on."""

    __tablename__ = "supermarket_change"
    __table_args__ = (
        ForeignKeyConstraint(["township", "supermarket"], ["supermarket.township", "supermarket.code"]),
        ForeignKeyConstraint(["township", "person"], ["person.township", "person.id"]),
        Index(None, "township", "supermarket"),
    )

    township: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    supermarket: Mapped[str]
    name: Mapped[str]
    hours: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    person: Mapped[UUID]
    changed_at: Mapped[datetime]
