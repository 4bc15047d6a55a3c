"""The monthly draw of posted awards that supervisors visit again. Nothing here is ever changed, only added."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from api.platform.database.base import Base

_DRAW = ["township", "village", "month"]


class Draw(Base):
    """As opened in a village for a month, whose first day is `month`. `head`: the signed head that stood on the
    notice before the month began; `root` its root in hex. `candidates`: how many there are."""

    __tablename__ = "draw"
    __table_args__ = (
        UniqueConstraint(*_DRAW, "candidates", name="draw_candidates_key"),
        ForeignKeyConstraint(["township", "village"], ["village.township", "village.code"]),
        ForeignKeyConstraint(["township", "opened_by"], ["person.township", "person.id"]),
        CheckConstraint("extract(day from month) = 1", name="draw_month"),
        CheckConstraint("percent between 1 and 100", name="draw_percent"),
        CheckConstraint("root ~ '^[0-9a-f]{64}$'", name="draw_root"),
        CheckConstraint("candidates >= 1", name="draw_has_candidates"),
    )

    township: Mapped[int] = mapped_column(primary_key=True)
    village: Mapped[str] = mapped_column(primary_key=True)
    month: Mapped[date] = mapped_column(Date, primary_key=True)
    percent: Mapped[int]
    head: Mapped[str]
    root: Mapped[str]
    candidates: Mapped[int]
    opened_by: Mapped[UUID]
    opened_at: Mapped[datetime]


class DrawCandidate(Base):
    """`place`: from 1 to `candidates`, all of which are taken at the opening: none can be added. `turn`: the
    number in this draw of whoever declared it, where it is their turn to be visited."""

    __tablename__ = "draw_candidate"
    __table_args__ = (
        UniqueConstraint("township", "claim", name="draw_candidate_once"),
        UniqueConstraint(*_DRAW, "claim", name="draw_candidate_key"),
        ForeignKeyConstraint([*_DRAW, "candidates"], [f"draw.{column}" for column in (*_DRAW, "candidates")]),
        ForeignKeyConstraint(["township", "claim"], ["claim.township", "claim.id"]),
        CheckConstraint("place between 1 and candidates", name="draw_candidate_place"),
        CheckConstraint("turn >= 1", name="draw_candidate_turn"),
    )

    township: Mapped[int] = mapped_column(primary_key=True)
    village: Mapped[str] = mapped_column(primary_key=True)
    month: Mapped[date] = mapped_column(Date, primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True)
    candidates: Mapped[int]
    claim: Mapped[UUID]
    turn: Mapped[int | None]


class DrawDice(Base):
    """The dice thrown at a meeting, typed in once; `witnesses`: who saw it, as far as it was said."""

    __tablename__ = "draw_dice"
    __table_args__ = (
        ForeignKeyConstraint(_DRAW, [f"draw.{column}" for column in _DRAW]),
        ForeignKeyConstraint(["township", "typed_by"], ["person.township", "person.id"]),
        CheckConstraint("dice ~ '^[1-6]{10,100}$'", name="draw_dice_numbers"),
    )

    township: Mapped[int] = mapped_column(primary_key=True)
    village: Mapped[str] = mapped_column(primary_key=True)
    month: Mapped[date] = mapped_column(Date, primary_key=True)
    dice: Mapped[str]
    meeting: Mapped[str]
    witnesses: Mapped[str]
    typed_by: Mapped[UUID]
    typed_at: Mapped[datetime]


class DrawnClaim(Base):
    """A candidate that the dice have drawn."""

    __tablename__ = "drawn_claim"
    __table_args__ = (
        ForeignKeyConstraint(_DRAW, [f"draw_dice.{column}" for column in _DRAW]),
        ForeignKeyConstraint([*_DRAW, "claim"], [f"draw_candidate.{column}" for column in (*_DRAW, "claim")]),
        Index("ix_drawn_claim_township_village_month", *_DRAW),
    )

    township: Mapped[int] = mapped_column(primary_key=True)
    claim: Mapped[UUID] = mapped_column(primary_key=True)
    village: Mapped[str]
    month: Mapped[date] = mapped_column(Date)


class Visit(Base):
    """`outcome`: confirmed, not-as-declared, nobody-met, after which another visit follows. `correction`: what was
    proposed where it wasn't as declared."""

    __tablename__ = "visit"
    __table_args__ = (
        ForeignKeyConstraint(["township", "claim"], ["drawn_claim.township", "drawn_claim.claim"]),
        ForeignKeyConstraint(["township", "visited_by"], ["person.township", "person.id"]),
        ForeignKeyConstraint(["township", "correction"], ["proposal.township", "proposal.id"]),
        CheckConstraint("outcome in ('confirmed', 'not-as-declared', 'nobody-met')", name="visit_outcome"),
        CheckConstraint("reason <> ''", name="visit_reason"),
        CheckConstraint("correction is null or outcome = 'not-as-declared'", name="visit_corrected"),
        Index(
            "visit_found_once",
            "township",
            "claim",
            unique=True,
            postgresql_where=text("outcome <> 'nobody-met'"),
        ),
        Index(None, "township", "claim"),
    )

    township: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    claim: Mapped[UUID]
    outcome: Mapped[str]
    reason: Mapped[str]
    visited_on: Mapped[date] = mapped_column(Date)
    visited_by: Mapped[UUID]
    recorded_at: Mapped[datetime]
    correction: Mapped[UUID | None]
