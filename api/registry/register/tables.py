"""The register: township, villages, grids, households and how they changed."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, ForeignKeyConstraint, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine.default import DefaultExecutionContext
from sqlalchemy.orm import Mapped, deferred, mapped_column

from api.platform.database.base import Base
from api.registry.register.search_key import make_search_key


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


def _key_of_head(context: DefaultExecutionContext) -> str:
    parameters = context.current_parameters
    assert parameters is not None
    return make_search_key(parameters["head"])


class Household(Base):
    """Whoever writes `head` writes `search_key` with it; the database refuses a key of another name."""

    __tablename__ = "household"
    __table_args__ = (
        UniqueConstraint("township", "code"),
        ForeignKeyConstraint(["township", "village"], ["village.township", "village.code"]),
        ForeignKeyConstraint(["township", "grid"], ["grid.township", "grid.code"]),
        ForeignKeyConstraint(["township", "merged_into"], ["household.township", "household.id"]),
        CheckConstraint("starts_with(search_key, head || chr(10))", name="household_search_key"),
        CheckConstraint(
            "merged_into is null or (ended_at is not null and merged_into <> id)", name="household_merged"
        ),
        Index(None, "township", "village"),
        Index(None, "township", "merged_into", postgresql_where=text("merged_into is not null")),
    )

    township: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str]
    village: Mapped[str]
    grid: Mapped[str]
    head: Mapped[str]
    people: Mapped[int]
    # Grown-ups by name, as far as known; children are only counted.
    adults: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    search_key: Mapped[str] = mapped_column(default=_key_of_head)
    # An ended household stays: its entries do.
    ended_at: Mapped[datetime | None]
    # The household that it has become, where two were one.
    merged_into: Mapped[UUID | None]


class RecordedChange(Base):
    """How a household changed, on which day, by whom and why; nothing here is ever changed."""

    __tablename__ = "household_change"
    __table_args__ = (
        ForeignKeyConstraint(["township", "household"], ["household.township", "household.id"]),
        ForeignKeyConstraint(["township", "person"], ["person.township", "person.id"]),
        ForeignKeyConstraint(["township", "confirmed_by"], ["person.township", "person.id"]),
        CheckConstraint("confirmed_by <> person", name="household_change_two_people"),
        Index(None, "township", "household", "recorded_at"),
    )

    township: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    household: Mapped[UUID]
    kind: Mapped[str]
    # The day from which it is so in the village; the program knows it since `recorded_at`.
    effective_on: Mapped[date]
    recorded_at: Mapped[datetime]
    person: Mapped[UUID]
    confirmed_by: Mapped[UUID | None]
    reason: Mapped[str]
    # What of the household differs, by field.
    before: Mapped[Any] = mapped_column(JSONB)
    after: Mapped[Any] = mapped_column(JSONB)


class RegisterUpload(Base):
    """A table that the office brought. `purpose`: `register`, or `grids` for a list that moves households.
    `choices`: what was chosen among the mends. `seen`: the digest of the plan that was confirmed. `written` of
    `planned`: how far it has come. `refusal`: why it was not carried out and is to be looked at again."""

    __tablename__ = "register_upload"
    __table_args__ = (
        ForeignKeyConstraint(["township"], ["township.id"]),
        ForeignKeyConstraint(["township", "uploaded_by"], ["person.township", "person.id"]),
        ForeignKeyConstraint(["township", "confirmed_by"], ["person.township", "person.id"]),
        CheckConstraint("purpose in ('register', 'grids')", name="register_upload_purpose"),
        CheckConstraint("length(content) <= 20000000", name="register_upload_size"),
        CheckConstraint(
            "(confirmed_at is null) = (confirmed_by is null) and (confirmed_at is null) = (seen is null)",
            name="register_upload_confirmed",
        ),
        CheckConstraint(
            "(done_at is null) = (result is null) and (done_at is null) = (content is not null)"
            " and (done_at is null or confirmed_at is not null)",
            name="register_upload_done",
        ),
        Index(None, "township", "kept_until"),
        Index(None, "township", "uploaded_by"),
        Index(None, "township", "confirmed_by"),
    )

    township: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    purpose: Mapped[str]
    name: Mapped[str]
    content: Mapped[bytes | None] = deferred(mapped_column())
    choices: Mapped[dict[str, str]] = mapped_column(JSONB)
    uploaded_by: Mapped[UUID]
    uploaded_at: Mapped[datetime]
    kept_until: Mapped[datetime]
    seen: Mapped[bytes | None]
    reason: Mapped[str] = mapped_column(server_default="")
    effective_on: Mapped[date | None]
    confirmed_by: Mapped[UUID | None]
    confirmed_at: Mapped[datetime | None]
    written: Mapped[int] = mapped_column(server_default="0")
    planned: Mapped[int] = mapped_column(server_default="0")
    refusal: Mapped[str] = mapped_column(server_default="")
    result: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    done_at: Mapped[datetime | None]
