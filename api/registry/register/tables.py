"""The register: township, villages, grids, households."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from api.platform.database.base import Base


class Township(Base):
    __tablename__ = "township"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str]
    founded_at: Mapped[datetime]


class Village(Base):
    __tablename__ = "village"
    __table_args__ = (ForeignKeyConstraint(["township"], ["township.id"]),)

    township: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    notice_days: Mapped[int]


class Grid(Base):
    __tablename__ = "grid"
    __table_args__ = (ForeignKeyConstraint(["township", "village"], ["village.township", "village.code"]),)

    township: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    village: Mapped[str]
    name: Mapped[str]


class Household(Base):
    __tablename__ = "household"
    __table_args__ = (
        UniqueConstraint("township", "code"),
        ForeignKeyConstraint(["township", "village"], ["village.township", "village.code"]),
        ForeignKeyConstraint(["township", "grid"], ["grid.township", "grid.code"]),
        Index(None, "township", "village"),
    )

    township: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str]
    village: Mapped[str]
    grid: Mapped[str]
    head: Mapped[str]
    people: Mapped[int]
