"""Staff, and their sign-in tokens."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, ForeignKeyConstraint, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from api.platform.database.base import Base


class Person(Base):
    __tablename__ = "person"
    __table_args__ = (
        UniqueConstraint("township", "login"),
        CheckConstraint("township_wide = (village is null)", name="person_scope"),
        ForeignKeyConstraint(["township", "village"], ["village.township", "village.code"]),
        ForeignKeyConstraint(["township", "grid"], ["grid.township", "grid.code"]),
        ForeignKeyConstraint(["township", "household"], ["household.township", "household.code"]),
        ForeignKeyConstraint(["township", "registered_by"], ["person.township", "person.id"]),
    )

    township: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    login: Mapped[str]
    name: Mapped[str]
    roles: Mapped[list[str]] = mapped_column(ARRAY(Text))
    # Either a village's or the whole township's, never left open.
    village: Mapped[str | None]
    township_wide: Mapped[bool]
    grid: Mapped[str | None]
    # Where the person lives: nobody may act on their own household.
    household: Mapped[str | None]
    password_hash: Mapped[str | None]
    failures: Mapped[int] = mapped_column(server_default="0")
    locked_until: Mapped[datetime | None]
    # None: the first person of the township, or from before this was kept.
    registered_by: Mapped[UUID | None]


class SignInToken(Base):
    """Only the SHA-256 of the token is stored."""

    __tablename__ = "sign_in_token"
    __table_args__ = (ForeignKeyConstraint(["township", "person"], ["person.township", "person.id"]),)

    township: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[bytes] = mapped_column(primary_key=True)
    person: Mapped[UUID]
    expires_at: Mapped[datetime]
