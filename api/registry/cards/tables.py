"""Household cards: stored as hashes, at most one active card per household."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from api.platform.database.base import Base


class Card(Base):
    __tablename__ = "card"
    __table_args__ = (
        ForeignKeyConstraint(["township", "household"], ["household.township", "household.id"]),
        ForeignKeyConstraint(["township", "issued_by"], ["person.township", "person.id"]),
        ForeignKeyConstraint(["township", "revoked_by"], ["person.township", "person.id"]),
        ForeignKeyConstraint(["township", "proposal"], ["proposal.township", "proposal.id"]),
        Index(None, "township", "issued_at"),
        Index(
            "card_one_living",
            "township",
            "household",
            unique=True,
            postgresql_where=text("revoked_at is null"),
        ),
    )

    township: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[bytes] = mapped_column(primary_key=True)
    household: Mapped[UUID]
    issued_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    # A redemption of more points than `pin_above` needs the PIN, if there is one.
    pin_hash: Mapped[str | None]
    pin_above: Mapped[int] = mapped_column(server_default="0")
    # None where it was set before this was kept.
    pin_set_at: Mapped[datetime | None]
    # None: on the command line without a name, or from before this was kept.
    issued_by: Mapped[UUID | None]
    revoked_by: Mapped[UUID | None]
    # Issued in place of another, or to a household with points: whoever holds it could spend at once.
    valued: Mapped[bool] = mapped_column(server_default=text("false"))
    # What a second person confirmed; None: issued by one person alone.
    proposal: Mapped[UUID | None]


class PinReset(Base):
    """A person reset a card's PIN because the household had forgotten it."""

    __tablename__ = "card_pin_reset"
    __table_args__ = (
        ForeignKeyConstraint(["township", "card"], ["card.township", "card.digest"]),
        ForeignKeyConstraint(["township", "person"], ["person.township", "person.id"]),
        Index(None, "township", "recorded_at"),
    )

    township: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    card: Mapped[bytes]
    person: Mapped[UUID]
    reason: Mapped[str]
    recorded_at: Mapped[datetime]
