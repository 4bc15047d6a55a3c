"""Household cards: stored as hashes, at most one living card per household."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, ForeignKeyConstraint, Index, LargeBinary, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from api.platform.database.base import Base


class Card(Base):
    __tablename__ = "card"
    __table_args__ = (
        ForeignKeyConstraint(["township", "household"], ["household.township", "household.id"]),
        ForeignKeyConstraint(["township", "issued_by"], ["person.township", "person.id"]),
        ForeignKeyConstraint(["township", "revoked_by"], ["person.township", "person.id"]),
        ForeignKeyConstraint(["township", "proposal"], ["proposal.township", "proposal.id"]),
        CheckConstraint(
            "revoked_reason is null"
            " or revoked_at is not null and revoked_reason in ('lost', 'replaced', 'ended', 'merged')",
            name="card_revoked_reason",
        ),
        Index(None, "township", "issued_at"),
        Index(None, "township", "household"),
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
    # An `EndReason`; None as long as it lives, or from before this was kept.
    revoked_reason: Mapped[str | None]
    # Reported lost: it lives, but nobody gets anything with it until it is unfrozen or replaced.
    frozen_at: Mapped[datetime | None]
    # Of whom it was before they were merged into others, the first one first.
    earlier_households: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid), server_default="{}")
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


class CardEvent(Base):
    """What happened to a card between its issue and its end. Without `person` and `attendant`: whoever held the
    card, on its own page."""

    __tablename__ = "card_event"
    __table_args__ = (
        ForeignKeyConstraint(["township", "card"], ["card.township", "card.digest"]),
        ForeignKeyConstraint(["township", "person"], ["person.township", "person.id"]),
        ForeignKeyConstraint(["township", "attendant"], ["attendant.township", "attendant.id"]),
        CheckConstraint("num_nonnulls(person, attendant) <= 1", name="card_event_by_one"),
        CheckConstraint(
            "kind in ('frozen', 'unfrozen', 'pin-set', 'pin-removed', 'handed-over')", name="card_event_kind"
        ),
        Index(None, "township", "card"),
    )

    township: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    card: Mapped[bytes]
    # A `CardEventKind`.
    kind: Mapped[str]
    person: Mapped[UUID | None]
    attendant: Mapped[UUID | None]
    # What they were called; empty for whoever held the card.
    recorded_by: Mapped[str]
    reason: Mapped[str]
    recorded_at: Mapped[datetime]


class CardSheet(Base):
    """The cards of one issue, to be printed. `sealed`: their tokens, encrypted by the secret of the sign-in that
    issued them, which isn't stored; None once the time to print them is over."""

    __tablename__ = "card_sheet"
    __table_args__ = (
        ForeignKeyConstraint(["township", "person"], ["person.township", "person.id"]),
        Index("card_sheet_kept", "township", "created_at", postgresql_where=text("sealed is not null")),
    )

    township: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    person: Mapped[UUID]
    created_at: Mapped[datetime]
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
