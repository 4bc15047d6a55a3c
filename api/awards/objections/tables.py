"""Objections to entries, each of which ends once."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, ForeignKeyConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from api.platform.database.base import Base


class Objection(Base):
    """`way`: by a household's card, taken down at the desk for somebody who came or phoned, or a supervisor's own
    finding. `objector`: what who came is called, where it isn't only a household; `taken_by`: who wrote it down.
    `posted`: the entry was in the books already. `due_on`: the last day to answer. `outcome`: upheld, dismissed,
    withdrawn; None as long as it is open. `correction`: what was proposed where a posted entry was wrong."""

    __tablename__ = "objection"
    __table_args__ = (
        ForeignKeyConstraint(["township", "claim"], ["claim.township", "claim.id"]),
        ForeignKeyConstraint(["township", "household"], ["household.township", "household.id"]),
        ForeignKeyConstraint(["township", "taken_by"], ["person.township", "person.id"]),
        ForeignKeyConstraint(["township", "ended_by"], ["person.township", "person.id"]),
        ForeignKeyConstraint(["township", "correction"], ["proposal.township", "proposal.id"]),
        CheckConstraint("way in ('card', 'person', 'phone', 'finding')", name="objection_way"),
        CheckConstraint("(way = 'card') = (taken_by is null)", name="objection_taken"),
        CheckConstraint("way = 'finding' or household is not null or objector <> ''", name="objection_named"),
        CheckConstraint("outcome in ('upheld', 'dismissed', 'withdrawn')", name="objection_outcome"),
        CheckConstraint("(outcome is null) = (ended_at is null)", name="objection_ended"),
        CheckConstraint(
            "outcome is not distinct from 'withdrawn' or (outcome is null) = (ended_by is null)",
            name="objection_decided",
        ),
        CheckConstraint("outcome = 'withdrawn' or ended_by <> taken_by", name="objection_decided_by_another"),
        CheckConstraint("correction is null or (posted and outcome = 'upheld')", name="objection_corrected"),
        Index(
            "objection_one_open",
            "township",
            "claim",
            "household",
            unique=True,
            postgresql_where=text("outcome is null"),
        ),
        Index(None, "township", "claim"),
        Index(None, "township", "household"),
        Index("objection_due", "township", "due_on", postgresql_where=text("outcome is null")),
    )

    township: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    claim: Mapped[UUID]
    way: Mapped[str]
    household: Mapped[UUID | None]
    objector: Mapped[str] = mapped_column(server_default="")
    taken_by: Mapped[UUID | None]
    posted: Mapped[bool]
    text: Mapped[str]
    raised_at: Mapped[datetime]
    due_on: Mapped[date] = mapped_column(Date)
    outcome: Mapped[str | None]
    reason: Mapped[str] = mapped_column(server_default="")
    ended_by: Mapped[UUID | None]
    ended_at: Mapped[datetime | None]
    correction: Mapped[UUID | None]
