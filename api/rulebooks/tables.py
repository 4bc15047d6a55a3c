"""Adopted rulebooks, each version kept as it was adopted."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Date, ForeignKeyConstraint
from sqlalchemy.orm import Mapped, mapped_column

from api.database.base import Base


class AdoptedRulebook(Base):
    __tablename__ = "rulebook"
    __table_args__ = (ForeignKeyConstraint(["township", "adopted_by"], ["person.township", "person.id"]),)

    township: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[str]
    text: Mapped[str]
    effective_from: Mapped[date] = mapped_column(Date)
    adopted_by: Mapped[UUID]
    adopted_at: Mapped[datetime]
