"""Staff and their changes; their invitations, relatives' households, sessions and second steps; the browsers that
they are known by."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    Text,
    UniqueConstraint,
    text,
)
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
        ForeignKeyConstraint(["township", "reset_by"], ["person.township", "person.id"]),
        CheckConstraint("(reset_by is null) = (reset_at is null)", name="person_reset"),
        Index(None, "township", "reset_by", postgresql_where=text("reset_by is not null")),
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
    # None: the first person of the township, or from before this was kept.
    registered_by: Mapped[UUID | None]
    # Until when they served; None: they do.
    ended_at: Mapped[datetime | None]
    # Who invited them to set another password than they had, and when it was set.
    reset_by: Mapped[UUID | None]
    reset_at: Mapped[datetime | None]


class PersonChange(Base):
    """A change of a person, in words: what was before and is after it, why, and by whom. `changed_by`: None at the
    server's own terminal. `confirmed_by`: where it took two."""

    __tablename__ = "person_change"
    __table_args__ = (
        ForeignKeyConstraint(["township", "person"], ["person.township", "person.id"]),
        ForeignKeyConstraint(["township", "changed_by"], ["person.township", "person.id"]),
        ForeignKeyConstraint(["township", "confirmed_by"], ["person.township", "person.id"]),
        CheckConstraint("confirmed_by <> changed_by", name="person_change_two_people"),
        Index(None, "township", "person"),
    )

    township: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    person: Mapped[UUID]
    kind: Mapped[str]
    before: Mapped[str] = mapped_column(server_default="")
    after: Mapped[str] = mapped_column(server_default="")
    reason: Mapped[str] = mapped_column(server_default="")
    changed_by: Mapped[UUID | None]
    confirmed_by: Mapped[UUID | None]
    changed_at: Mapped[datetime]


class Invitation(Base):
    """A code by which a person sets their password, once. Open until it is used, replaced by a newer one, or its
    time is over."""

    __tablename__ = "invitation"
    __table_args__ = (
        ForeignKeyConstraint(["township", "person"], ["person.township", "person.id"]),
        ForeignKeyConstraint(["township", "issued_by"], ["person.township", "person.id"]),
        CheckConstraint("person <> issued_by", name="invitation_of_another"),
        CheckConstraint("used_at is null or ended_at is null", name="invitation_used_or_ended"),
        Index(
            "invitation_one_open",
            "township",
            "person",
            unique=True,
            postgresql_where=text("used_at is null and ended_at is null"),
        ),
    )

    township: Mapped[int] = mapped_column(primary_key=True)
    # The SHA-256 of the code.
    digest: Mapped[bytes] = mapped_column(primary_key=True)
    person: Mapped[UUID]
    issued_by: Mapped[UUID]
    issued_at: Mapped[datetime]
    until: Mapped[datetime]
    used_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class Relative(Base):
    """A household where a relative of a person lives, as declared: the person doesn't act on it."""

    __tablename__ = "relative"
    __table_args__ = (
        ForeignKeyConstraint(["township", "person"], ["person.township", "person.id"]),
        ForeignKeyConstraint(["township", "household"], ["household.township", "household.code"]),
        ForeignKeyConstraint(["township", "declared_by"], ["person.township", "person.id"]),
        ForeignKeyConstraint(["township", "withdrawn_by"], ["person.township", "person.id"]),
        CheckConstraint("(withdrawn_by is null) = (withdrawn_at is null)", name="relative_withdrawn"),
        Index(
            "relative_declared",
            "township",
            "person",
            "household",
            unique=True,
            postgresql_where=text("withdrawn_at is null"),
        ),
    )

    township: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    person: Mapped[UUID]
    household: Mapped[str]
    declared_by: Mapped[UUID]
    declared_at: Mapped[datetime]
    withdrawn_by: Mapped[UUID | None]
    withdrawn_at: Mapped[datetime | None]


class SignInToken(Base):
    """A session. Only the SHA-256 of the token is stored. `origin`, `browser`: coarsely, in words for its person.
    `seen_at`: within some minutes. `waiting`: for the second step; lets nobody in."""

    __tablename__ = "sign_in_token"
    __table_args__ = (
        ForeignKeyConstraint(["township", "person"], ["person.township", "person.id"]),
        Index(None, "township", "person"),
    )

    township: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[bytes] = mapped_column(primary_key=True)
    person: Mapped[UUID]
    expires_at: Mapped[datetime]
    # None: from before this was kept.
    began_at: Mapped[datetime | None]
    seen_at: Mapped[datetime | None]
    origin: Mapped[str] = mapped_column(server_default="")
    browser: Mapped[str] = mapped_column(server_default="")
    waiting: Mapped[bool] = mapped_column(server_default=text("false"))


class SecondStep(Base):
    """The secret that a person's authenticator shares with the server. `confirmed_at`: None until they have shown
    a code of it. `last_counter`: of the last code that counted (RFC 6238): each counts once."""

    __tablename__ = "second_step"
    __table_args__ = (ForeignKeyConstraint(["township", "person"], ["person.township", "person.id"]),)

    township: Mapped[int] = mapped_column(primary_key=True)
    person: Mapped[UUID] = mapped_column(primary_key=True)
    secret: Mapped[str]
    begun_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    last_counter: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))


class RecoveryCode(Base):
    """For whoever lost their authenticator: as a code of it, once. Only the SHA-256 is stored."""

    __tablename__ = "recovery_code"
    __table_args__ = (
        ForeignKeyConstraint(["township", "person"], ["person.township", "person.id"]),
        Index(None, "township", "person"),
    )

    township: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[bytes] = mapped_column(primary_key=True)
    person: Mapped[UUID]
    used_at: Mapped[datetime | None]


class KnownBrowser(Base):
    """A browser from which a person has signed in. `digest`: of its token and the person's password hash, so that
    it is unknown again after a new password."""

    __tablename__ = "known_browser"
    __table_args__ = (
        ForeignKeyConstraint(["township", "person"], ["person.township", "person.id"]),
        Index(None, "township", "seen_at"),
    )

    township: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[bytes] = mapped_column(primary_key=True)
    person: Mapped[UUID]
    seen_at: Mapped[datetime]
