"""Kiosks, the attendants who serve at them, and their shifts."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from api.platform.database.base import Base


class Attendant(Base):
    """Who serves at a supermarket's tills, until `ended_at`."""

    __tablename__ = "attendant"
    __table_args__ = (
        ForeignKeyConstraint(["township", "supermarket"], ["supermarket.township", "supermarket.code"]),
        ForeignKeyConstraint(["township", "household"], ["household.township", "household.id"]),
        Index(
            "attendant_one_of_a_name",
            "township",
            "supermarket",
            "name",
            unique=True,
            postgresql_where=text("ended_at is null"),
        ),
    )

    township: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    supermarket: Mapped[str]
    name: Mapped[str]
    pin_hash: Mapped[str]
    # The attendant's own, where somebody has said so.
    household: Mapped[UUID | None]
    # None: set before this was kept.
    pin_set_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class AttendantChange(Base):
    """What was done about an attendant, by whom and why. `kind`: added, pin, household, ended."""

    __tablename__ = "attendant_change"
    __table_args__ = (
        CheckConstraint("kind in ('added', 'pin', 'household', 'ended')", name="attendant_change_kind"),
        ForeignKeyConstraint(["township", "attendant"], ["attendant.township", "attendant.id"]),
        ForeignKeyConstraint(["township", "person"], ["person.township", "person.id"]),
        Index(None, "township", "attendant"),
    )

    township: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    attendant: Mapped[UUID]
    kind: Mapped[str]
    person: Mapped[UUID]
    reason: Mapped[str] = mapped_column(server_default="")
    changed_at: Mapped[datetime]


class Kiosk(Base):
    """A place at a supermarket's counter. The machine there is its enrolment, one at a time."""

    __tablename__ = "kiosk"
    __table_args__ = (
        UniqueConstraint("township", "code"),
        ForeignKeyConstraint(["township", "supermarket"], ["supermarket.township", "supermarket.code"]),
    )

    township: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    supermarket: Mapped[str]
    name: Mapped[str]
    added_at: Mapped[datetime]
    # The SHA-256 of the one-time code for the next enrolment.
    code: Mapped[bytes | None] = mapped_column(LargeBinary)
    code_until: Mapped[datetime | None]
    # After how many minutes without a key the till asks for the PIN again.
    lock_minutes: Mapped[int] = mapped_column(server_default="10")
    # Leases: how many points of each household it may hold, for how many days it may sell offline, and after how
    # many days without a word it no longer counts among those that share the points.
    lease_most: Mapped[int] = mapped_column(server_default="200")
    lease_days: Mapped[int] = mapped_column(server_default="7")
    lease_idle_days: Mapped[int] = mapped_column(server_default="3")


class KioskEnrolment(Base):
    """A machine at a kiosk's place, from its one-time code until somebody ends it: an epoch. `head` and `hash`:
    number and hash of the last entry of its journal that is settled."""

    __tablename__ = "kiosk_enrolment"
    __table_args__ = (
        UniqueConstraint("township", "digest"),
        Index(
            "kiosk_enrolment_one_current",
            "township",
            "kiosk",
            unique=True,
            postgresql_where=text("ended_at is null"),
        ),
        ForeignKeyConstraint(["township", "kiosk"], ["kiosk.township", "kiosk.id"]),
        ForeignKeyConstraint(["township", "ended_by"], ["person.township", "person.id"]),
        Index("ix_kiosk_enrolment_awaited", "township", "kiosk", postgresql_where=text("awaited")),
    )

    township: Mapped[int] = mapped_column(primary_key=True)
    kiosk: Mapped[UUID] = mapped_column(primary_key=True)
    epoch: Mapped[int] = mapped_column(primary_key=True)
    # None: enrolled before kiosks had keys; it has no journal and no leases.
    public_key: Mapped[bytes | None] = mapped_column(LargeBinary)
    # The digest of the one-time code, so that enrolling can be retried.
    code: Mapped[bytes | None] = mapped_column(LargeBinary)
    digest: Mapped[bytes]
    enrolled_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[UUID | None]
    reason: Mapped[str] = mapped_column(server_default="")
    head: Mapped[int] = mapped_column(server_default="0")
    hash: Mapped[bytes] = mapped_column(LargeBinary, server_default=text("'\\x" + "00" * 32 + "'::bytea"))
    # When it last asked for leases or uploaded entries.
    heard_at: Mapped[datetime | None]
    # Since when it is known that it was cloned, or restored from an old disk.
    forked_at: Mapped[datetime | None]
    # The shift that the journal opened last and hasn't closed.
    open_shift: Mapped[UUID | None]
    # After a restore, whether the server has yet to hear all that this machine did before it.
    awaited: Mapped[bool] = mapped_column(server_default="false")


class Shift(Base):
    """Opened by an attendant's PIN; opening another at the same kiosk closes it. `report`: what the kiosk counted,
    and what the books say."""

    __tablename__ = "shift"
    __table_args__ = (
        UniqueConstraint("township", "id"),
        # What an identification refers to, so that its attendant is the shift's.
        Index("shift_at_kiosk", "township", "id", "kiosk", "attendant", unique=True),
        ForeignKeyConstraint(["township", "kiosk"], ["kiosk.township", "kiosk.id"]),
        ForeignKeyConstraint(["township", "attendant"], ["attendant.township", "attendant.id"]),
    )

    township: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[bytes] = mapped_column(primary_key=True)
    id: Mapped[UUID]
    kiosk: Mapped[UUID]
    attendant: Mapped[UUID]
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    report: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
