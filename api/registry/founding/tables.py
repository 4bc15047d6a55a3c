"""What a township began with, and what new things in it begin with."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from api.platform.database.base import Base
from api.registry.proposals.decided import Decided


class AdoptedDefaults(Decided, Base):
    """By the proposal that changed them, or without one those that the township was founded with; the latest
    count."""

    __tablename__ = "township_defaults"
    __table_args__ = (
        ForeignKeyConstraint(["township", "proposal"], ["proposal.township", "proposal.id"]),
        ForeignKeyConstraint(["township", "set_by"], ["person.township", "person.id"]),
        CheckConstraint("council_quorum >= 1", name="township_defaults_council_quorum"),
        Index("township_defaults_founding", "township", unique=True, postgresql_where=text("proposal is null")),
    )

    proposal: Mapped[UUID | None]
    set_by: Mapped[UUID]
    notice_days: Mapped[int]
    pin_above: Mapped[int]
    lease_most: Mapped[int]
    lease_days: Mapped[int]
    answer_days: Mapped[int] = mapped_column(server_default="5")
    contest_days: Mapped[int] = mapped_column(server_default="30")
    witnessed_most: Mapped[int] = mapped_column(server_default="50")
    council_quorum: Mapped[int] = mapped_column(server_default="1")
    photo_days: Mapped[int] = mapped_column(server_default="180")
    revisit_percent: Mapped[int] = mapped_column(server_default="5")


class BeginningDismissal(Base):
    """Somebody of the office put the list of first steps away."""

    __tablename__ = "beginning_dismissal"
    __table_args__ = (ForeignKeyConstraint(["township", "dismissed_by"], ["person.township", "person.id"]),)

    township: Mapped[int] = mapped_column(primary_key=True)
    dismissed_by: Mapped[UUID]
    dismissed_at: Mapped[datetime]
