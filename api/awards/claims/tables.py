"""Claims: a deed declared for a household."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, ForeignKeyConstraint, Index, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from api.platform.database.base import Base


class Claim(Base):
    """`status`: declared, reviewed, approved (on public notice, pending in the ledger), posted, refused.

    The pending transaction in the ledger has the claim's id. `points` are negative for a deduction. `signers` are
    the bodies that have to sign it, in order; `reviewed_by` is who signed first, `approved_by` who signed last.
    `again` says why it was declared although there was another for the same deed.
    `declared_by` is null where the household declared it itself, with its card's PIN; whoever confirms what a
    household declared is the declarer. `declared_with` says so.
    `trace` is the complete reasoning of the evaluation, `explanation` its sentences.
    """

    __tablename__ = "claim"
    __table_args__ = (
        ForeignKeyConstraint(["township", "household"], ["household.township", "household.id"]),
        ForeignKeyConstraint(["township", "rulebook"], ["rulebook.township", "rulebook.version"]),
        ForeignKeyConstraint(["township", "declared_by"], ["person.township", "person.id"]),
        ForeignKeyConstraint(["township", "reviewed_by"], ["person.township", "person.id"]),
        ForeignKeyConstraint(["township", "approved_by"], ["person.township", "person.id"]),
        ForeignKeyConstraint(["township", "refused_by"], ["person.township", "person.id"]),
        Index(None, "township", "household", "deed_on"),
        Index(None, "township", "village", "status"),
        Index(None, "township", "declared_by", "declared_at"),
        CheckConstraint("notice_stopped_at is null or status = 'approved'", name="claim_stopped_on_notice"),
        Index("claim_due", "township", "notice_until", postgresql_where=text("status = 'approved'")),
    )

    township: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    household: Mapped[UUID]
    village: Mapped[str]
    rulebook: Mapped[str]
    rule: Mapped[str]
    category: Mapped[str]
    deed_on: Mapped[date] = mapped_column(Date)
    person: Mapped[str]
    inputs: Mapped[dict[str, Any]] = mapped_column(JSONB)
    note: Mapped[str]
    again: Mapped[str] = mapped_column(server_default="")
    points: Mapped[int]
    explanation: Mapped[list[str]] = mapped_column(JSONB)
    trace: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    status: Mapped[str]
    published: Mapped[bool]
    signers: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    declared_by: Mapped[UUID | None]
    declared_with: Mapped[str | None]
    declared_at: Mapped[datetime]
    reviewed_by: Mapped[UUID | None]
    reviewed_at: Mapped[datetime | None]
    approved_by: Mapped[UUID | None]
    approved_at: Mapped[datetime | None]
    notice_until: Mapped[datetime | None]
    # Since when the notice stands still because of an objection: `notice_clock.py`.
    notice_stopped_at: Mapped[datetime | None]
    refused_by: Mapped[UUID | None]
    refused_at: Mapped[datetime | None]
    refusal: Mapped[str] = mapped_column(server_default="")
