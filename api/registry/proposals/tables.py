"""Proposals and who decided them, and the township's bounds for what one person may do alone."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, ForeignKeyConstraint, Index, LargeBinary, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from api.platform.database.base import Base
from api.registry.proposals.decided import Decided


class Proposal(Base):
    """What one person asks for, and another confirms or refuses. Confirming executes it in the same transaction.
    Closed without being confirmed: refused, or withdrawn by who proposed it."""

    __tablename__ = "proposal"
    __table_args__ = (
        ForeignKeyConstraint(["township", "village"], ["village.township", "village.code"]),
        ForeignKeyConstraint(["township", "person"], ["person.township", "person.id"]),
        ForeignKeyConstraint(["township", "attendant"], ["attendant.township", "attendant.id"]),
        ForeignKeyConstraint(["township", "closing_person"], ["person.township", "person.id"]),
        ForeignKeyConstraint(["township", "closing_attendant"], ["attendant.township", "attendant.id"]),
        CheckConstraint("num_nonnulls(person, attendant) = 1", name="proposal_by_one"),
        CheckConstraint(
            "num_nonnulls(closing_person, closing_attendant) = num_nonnulls(closed_at)"
            " and (closed_at is not null or not confirmed)",
            name="proposal_closed",
        ),
        CheckConstraint(
            "not confirmed or coalesce(closing_person, closing_attendant) <> coalesce(person, attendant)",
            name="proposal_two_people",
        ),
        Index(
            "proposal_waiting",
            "township",
            "kind",
            "digest",
            unique=True,
            postgresql_where=text("closed_at is null"),
        ),
        Index(None, "township", "closed_at"),
    )

    township: Mapped[int] = mapped_column(primary_key=True)
    # The request's own id, where it has one.
    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    # None: a matter of the whole township.
    village: Mapped[str | None]
    request: Mapped[Any] = mapped_column(JSONB)
    # Of kind, id and request: the same request is the same proposal.
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    what: Mapped[str]
    preview: Mapped[Any] = mapped_column(JSONB(none_as_null=True), nullable=True)
    # Codes of the households concerned: their people don't confirm it.
    households: Mapped[list[str]] = mapped_column(ARRAY(Text))
    # Sentences for the notice boards, by village.
    notices: Mapped[dict[str, str]] = mapped_column(JSONB)
    person: Mapped[UUID | None]
    attendant: Mapped[UUID | None]
    # What the proposer was called, and their roles on that day.
    proposed_by: Mapped[str]
    roles: Mapped[list[str]] = mapped_column(ARRAY(Text))
    proposed_at: Mapped[datetime]
    closing_person: Mapped[UUID | None]
    closing_attendant: Mapped[UUID | None]
    closed_by: Mapped[str] = mapped_column(server_default="")
    closed_at: Mapped[datetime | None]
    confirmed: Mapped[bool] = mapped_column(server_default=text("false"))
    reason: Mapped[str] = mapped_column(server_default="")
    # What the confirmation answered, except secrets.
    result: Mapped[Any] = mapped_column(JSONB(none_as_null=True), nullable=True)

    @property
    def proposer(self) -> UUID:
        proposer = self.person or self.attendant
        assert proposer is not None
        return proposer

    @property
    def closer(self) -> UUID | None:
        return self.closing_person or self.closing_attendant

    @property
    def status(self) -> str:
        if self.closed_at is None:
            return "waiting"
        return "confirmed" if self.confirmed else "refused"


class AdoptedApprovalPolicy(Decided, Base):
    """Bounds for what one person may do alone, by the proposal that changed them, or without one those that the
    township was founded with; the latest counts."""

    __tablename__ = "approval_policy"
    __table_args__ = (
        ForeignKeyConstraint(["township", "proposal"], ["proposal.township", "proposal.id"]),
        Index("approval_policy_founding", "township", unique=True, postgresql_where=text("proposal is null")),
    )

    proposal: Mapped[UUID | None]
    stocktake_points: Mapped[int]
    price_percent: Mapped[int]
    cards: Mapped[int]
    first_cards: Mapped[int]
