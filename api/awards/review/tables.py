"""Who decides claims: votes, signatures, and who kept out."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from api.platform.database.base import Base


class ClaimVote(Base):
    """The word of a member of the body whose turn it was in this place, one a person and claim. `declarer`: a copy
    of `Claim.declarer`, who doesn't vote."""

    __tablename__ = "claim_vote"
    __table_args__ = (
        UniqueConstraint("township", "claim", "place", "person"),
        ForeignKeyConstraint(["township", "claim", "declarer"], ["claim.township", "claim.id", "claim.declarer"]),
        ForeignKeyConstraint(["township", "person"], ["person.township", "person.id"]),
        CheckConstraint("place >= 0", name="claim_vote_place"),
        CheckConstraint("person <> declarer", name="claim_vote_by_another"),
        CheckConstraint("approves or reason <> ''", name="claim_vote_reason"),
    )

    township: Mapped[int] = mapped_column(primary_key=True)
    claim: Mapped[UUID] = mapped_column(primary_key=True)
    person: Mapped[UUID] = mapped_column(primary_key=True)
    place: Mapped[int]
    declarer: Mapped[UUID]
    approves: Mapped[bool]
    reason: Mapped[str] = mapped_column(server_default="")
    voted_at: Mapped[datetime]


class ClaimSignature(Base):
    """A body's approval of a claim, by a member who voted for it. Signatures are of different people, for the
    bodies in `Claim.signers`, from place 0 on."""

    __tablename__ = "claim_signature"
    __table_args__ = (
        UniqueConstraint("township", "claim", "person"),
        ForeignKeyConstraint(["township", "claim"], ["claim.township", "claim.id"]),
        ForeignKeyConstraint(["township", "person"], ["person.township", "person.id"]),
        ForeignKeyConstraint(
            ["township", "claim", "place", "person"],
            ["claim_vote.township", "claim_vote.claim", "claim_vote.place", "claim_vote.person"],
        ),
        CheckConstraint("place >= 0", name="claim_signature_place"),
    )

    township: Mapped[int] = mapped_column(primary_key=True)
    claim: Mapped[UUID] = mapped_column(primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True)
    person: Mapped[UUID]
    signed_at: Mapped[datetime]


class ClaimRecusal(Base):
    """A member of the body whose turn it was in this place had to keep out: for their own household or a declared
    relative's."""

    __tablename__ = "claim_recusal"
    __table_args__ = (
        ForeignKeyConstraint(["township", "claim"], ["claim.township", "claim.id"]),
        ForeignKeyConstraint(["township", "person"], ["person.township", "person.id"]),
        CheckConstraint("place >= 0", name="claim_recusal_place"),
        CheckConstraint("ground in ('own', 'relative')", name="claim_recusal_ground"),
    )

    township: Mapped[int] = mapped_column(primary_key=True)
    claim: Mapped[UUID] = mapped_column(primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True)
    person: Mapped[UUID] = mapped_column(primary_key=True)
    ground: Mapped[str]
    recused_at: Mapped[datetime]


class HeldDecision(Base):
    """What somebody has decided at the desk and may still undo: it is carried out from `due_at` on. `act`: a
    `DeskAct`. `begun_at`: it can't be undone any more. `problem`: why it couldn't be carried out, else empty."""

    __tablename__ = "held_decision"
    __table_args__ = (
        ForeignKeyConstraint(["township", "claim"], ["claim.township", "claim.id"]),
        ForeignKeyConstraint(["township", "person"], ["person.township", "person.id"]),
        CheckConstraint("act in ('review', 'approve', 'refuse', 'return')", name="held_decision_act"),
        CheckConstraint("undone_at is null or begun_at is null", name="held_decision_undone"),
        CheckConstraint("carried_out_at is null or begun_at is not null", name="held_decision_carried_out"),
        CheckConstraint("problem = '' or carried_out_at is not null", name="held_decision_problem"),
        Index(
            "held_decision_open",
            "township",
            "claim",
            "person",
            unique=True,
            postgresql_where=text("undone_at is null and carried_out_at is null"),
        ),
        Index(
            "held_decision_due",
            "township",
            "due_at",
            postgresql_where=text("undone_at is null and carried_out_at is null"),
        ),
        Index(None, "township", "person", "decided_at"),
    )

    township: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    claim: Mapped[UUID]
    person: Mapped[UUID]
    act: Mapped[str]
    reason: Mapped[str] = mapped_column(server_default="")
    decided_at: Mapped[datetime]
    due_at: Mapped[datetime]
    undone_at: Mapped[datetime | None]
    begun_at: Mapped[datetime | None]
    carried_out_at: Mapped[datetime | None]
    problem: Mapped[str] = mapped_column(server_default="")
