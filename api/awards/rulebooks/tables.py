"""Rulebooks: the texts of versions, the decisions that put them in force, and drafts.

Nothing is deleted, and a text never changes.
"""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Computed, Date, ForeignKeyConstraint, Index, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from api.platform.database.base import Base


class RulebookText(Base):
    """The text of a version. `village` is empty for the township's own book; an overlay has its village, and in
    `base` the version of the township's book that it was written for."""

    __tablename__ = "rulebook"
    __table_args__ = (ForeignKeyConstraint(["township", "written_by"], ["person.township", "person.id"]),)

    township: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[str] = mapped_column(primary_key=True)
    village: Mapped[str] = mapped_column(server_default="")
    base: Mapped[str] = mapped_column(server_default="")
    title: Mapped[str]
    text: Mapped[str]
    # Distinguishes versions of the same name in several databases.
    digest: Mapped[str] = mapped_column(Computed("md5(text)", persisted=True))
    written_by: Mapped[UUID]
    written_at: Mapped[datetime]


class Adoption(Base):
    """A version put in force from a day on, by a decision that one person proposed and another confirmed.

    `alone` marks adoptions from before a second person was required, without confirmation. The application can't
    set it.
    """

    __tablename__ = "rulebook_adoption"
    __table_args__ = (
        ForeignKeyConstraint(["township", "version"], ["rulebook.township", "rulebook.version"]),
        ForeignKeyConstraint(["township", "proposed_by"], ["person.township", "person.id"]),
        ForeignKeyConstraint(["township", "confirmed_by"], ["person.township", "person.id"]),
        ForeignKeyConstraint(["township", "refused_by"], ["person.township", "person.id"]),
        ForeignKeyConstraint(["township", "withdrawn_by"], ["person.township", "person.id"]),
        CheckConstraint(
            "case when alone then confirmed_at is not null and confirmed_by is null"
            " else (confirmed_at is null) = (confirmed_by is null) end",
            name="rulebook_adoption_confirmed",
        ),
        CheckConstraint("confirmed_by <> proposed_by", name="rulebook_adoption_two_people"),
        CheckConstraint(
            "(refused_at is null) = (refused_by is null) and (refused_at is null) = (refusal = '')"
            " and (refused_at is null or confirmed_at is null)",
            name="rulebook_adoption_refused",
        ),
        CheckConstraint(
            "(withdrawn_at is null) = (withdrawn_by is null) and (withdrawn_at is null) = (withdrawal = '')"
            " and (withdrawn_at is null or confirmed_at is not null) and withdrawn_by <> confirmed_by",
            name="rulebook_adoption_withdrawn",
        ),
        Index(None, "township", "village", "effective_from"),
        Index(None, "township", "version"),
    )

    township: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    village: Mapped[str] = mapped_column(server_default="")
    version: Mapped[str]
    effective_from: Mapped[date] = mapped_column(Date)
    # The decision: which body, at which meeting, on which day, and who took part.
    body: Mapped[str]
    meeting: Mapped[str]
    decided_on: Mapped[date] = mapped_column(Date)
    present: Mapped[str]
    proposed_by: Mapped[UUID]
    proposed_at: Mapped[datetime]
    alone: Mapped[bool] = mapped_column(server_default="false")
    confirmed_by: Mapped[UUID | None]
    confirmed_at: Mapped[datetime | None]
    refused_by: Mapped[UUID | None]
    refused_at: Mapped[datetime | None]
    refusal: Mapped[str] = mapped_column(server_default="")
    withdrawn_by: Mapped[UUID | None]
    withdrawn_at: Mapped[datetime | None]
    withdrawal: Mapped[str] = mapped_column(server_default="")


class RulebookConcern(Base):
    """The forbidden subjects that a delicate rule doesn't concern, as the confirming person ticked them; `rule` is
    its id, `title` its title then."""

    __tablename__ = "rulebook_concern"
    __table_args__ = (
        ForeignKeyConstraint(["township", "adoption"], ["rulebook_adoption.township", "rulebook_adoption.id"]),
        ForeignKeyConstraint(["township", "ticked_by"], ["person.township", "person.id"]),
    )

    township: Mapped[int] = mapped_column(primary_key=True)
    adoption: Mapped[UUID] = mapped_column(primary_key=True)
    rule: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[str]
    subjects: Mapped[list[str]] = mapped_column(ARRAY(Text))
    ticked_by: Mapped[UUID]
    ticked_at: Mapped[datetime]


class Draft(Base):
    """A book being written. `origin` says in Chinese what it was created from. Proposing closes it."""

    __tablename__ = "rulebook_draft"
    __table_args__ = (
        ForeignKeyConstraint(["township", "begun_by"], ["person.township", "person.id"]),
        ForeignKeyConstraint(["township", "closed_by"], ["person.township", "person.id"]),
        CheckConstraint("(closed_at is null) = (closed_by is null)", name="rulebook_draft_closed"),
    )

    township: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    origin: Mapped[str]
    begun_by: Mapped[UUID]
    begun_at: Mapped[datetime]
    closed_by: Mapped[UUID | None]
    closed_at: Mapped[datetime | None]


class DraftText(Base):
    """The revisions of a draft, numbered from 1: of two people who save on top of the same revision, the later one
    has a conflict."""

    __tablename__ = "rulebook_draft_text"
    __table_args__ = (
        ForeignKeyConstraint(["township", "draft"], ["rulebook_draft.township", "rulebook_draft.id"]),
        ForeignKeyConstraint(["township", "saved_by"], ["person.township", "person.id"]),
        CheckConstraint("revision > 0", name="rulebook_draft_text_revision"),
    )

    township: Mapped[int] = mapped_column(primary_key=True)
    draft: Mapped[UUID] = mapped_column(primary_key=True)
    revision: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    text: Mapped[str]
    saved_by: Mapped[UUID]
    saved_at: Mapped[datetime]
