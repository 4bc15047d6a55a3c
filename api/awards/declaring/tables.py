"""What households declare themselves, and forms of the desk that weren't taken."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, ForeignKeyConstraint, Index, LargeBinary, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from api.platform.database.base import Base


class OwnDeclaration(Base):
    """What a household declared on its card's page. `status`: waiting for somebody to confirm it, declared as the
    claim with this id, or refused with a `reason`. `decided_by` is null where the card's PIN was given."""

    __tablename__ = "own_declaration"
    __table_args__ = (
        ForeignKeyConstraint(["township", "household"], ["household.township", "household.id"]),
        ForeignKeyConstraint(["township", "card"], ["card.township", "card.digest"]),
        ForeignKeyConstraint(["township", "rulebook"], ["rulebook.township", "rulebook.version"]),
        ForeignKeyConstraint(["township", "replaces"], ["claim.township", "claim.id"]),
        ForeignKeyConstraint(["township", "decided_by"], ["person.township", "person.id"]),
        CheckConstraint("status in ('waiting', 'declared', 'refused')", name="own_declaration_status"),
        Index(None, "township", "household", "declared_at"),
        Index("own_declaration_waits", "township", "declared_at", postgresql_where=text("status = 'waiting'")),
    )

    township: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    household: Mapped[UUID]
    card: Mapped[bytes] = mapped_column(LargeBinary)
    rulebook: Mapped[str]
    rule: Mapped[str]
    deed_on: Mapped[date] = mapped_column(Date)
    person: Mapped[str]
    inputs: Mapped[dict[str, Any]] = mapped_column(JSONB)
    note: Mapped[str]
    replaces: Mapped[UUID | None]
    declared_at: Mapped[datetime]
    status: Mapped[str]
    decided_by: Mapped[UUID | None]
    decided_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(server_default="")


class ClaimDraft(Base):
    """A form that its person sent and that wasn't taken; `id` is that of the claim it becomes. `form`: its fields
    as typed; `title`: the rule's, which may be gone; `problem`: why it wasn't taken."""

    __tablename__ = "claim_draft"
    __table_args__ = (
        ForeignKeyConstraint(["township", "person"], ["person.township", "person.id"]),
        Index(None, "township", "person", "kept_at"),
    )

    township: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    person: Mapped[UUID]
    rule: Mapped[str]
    title: Mapped[str]
    form: Mapped[dict[str, Any]] = mapped_column(JSONB)
    problem: Mapped[str]
    kept_at: Mapped[datetime]
