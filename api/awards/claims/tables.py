"""Claims: a deed declared for a household."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Computed, Date, ForeignKeyConstraint, Index, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from api.platform.database.base import Base


class Claim(Base):
    """`status`: declared, reviewed, approved (on public notice, pending in the ledger), posted; refused, returned
    for correction, withdrawn by who declared it.

    The pending transaction in the ledger has the claim's id. `points` are negative for a deduction. `signers` are
    the bodies that have to sign it, in order; `reviewed_by` is who signed first, `approved_by` who signed last.
    `again` says why it was declared although there was another for the same deed.
    `declared_by` is null where the household declared it itself, with its card's PIN; whoever confirms what a
    household declared is the declarer. `declared_with` says so. `declarer`: the person or the household.
    `replaces`: the returned claim that it corrects.
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
        ForeignKeyConstraint(["township", "returned_by"], ["person.township", "person.id"]),
        ForeignKeyConstraint(["township", "replaces"], ["claim.township", "claim.id"]),
        *(
            # The two tables refer to each other.
            ForeignKeyConstraint(
                ["township", "id", signer],
                ["claim_signature.township", "claim_signature.claim", "claim_signature.person"],
                use_alter=True,
            )
            for signer in ("reviewed_by", "approved_by")
        ),
        CheckConstraint(
            "reviewed_by <> declarer and approved_by <> declarer and reviewed_by <> approved_by",
            name="claim_three_people",
        ),
        CheckConstraint(
            "status not in ('approved', 'posted') or num_nulls(reviewed_by, approved_by) = 0",
            name="claim_approved",
        ),
        CheckConstraint(
            "status in ('declared', 'reviewed', 'approved', 'posted', 'refused', 'returned', 'withdrawn')",
            name="claim_status",
        ),
        CheckConstraint(
            "(status = 'returned') = (returned_at is not null)"
            " and (returned_by is null) = (returned_at is null)"
            " and (return_reason = '') = (returned_at is null)"
            " and returned_by is distinct from declarer",
            name="claim_returned",
        ),
        CheckConstraint("(status = 'withdrawn') = (withdrawn_at is not null)", name="claim_withdrawn"),
        CheckConstraint("replaces <> id", name="claim_replaces_another"),
        Index("claim_declarer", "township", "id", "declarer", unique=True),
        Index(
            "claim_replaced_once",
            "township",
            "replaces",
            unique=True,
            postgresql_where=text("replaces is not null"),
        ),
        Index(None, "township", "household", "deed_on"),
        Index(None, "township", "village", "status"),
        Index(None, "township", "declared_by", "declared_at"),
        Index(None, "township", "declared_at", "id"),
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
    declarer: Mapped[UUID] = mapped_column(Computed("coalesce(declared_by, household)", persisted=True))
    replaces: Mapped[UUID | None]
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
    returned_by: Mapped[UUID | None]
    returned_at: Mapped[datetime | None]
    return_reason: Mapped[str] = mapped_column(server_default="")
    withdrawn_at: Mapped[datetime | None]
