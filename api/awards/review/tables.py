"""Signatures of claims."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from api.platform.database.base import Base


class ClaimSignature(Base):
    """Signatures are of different people, for the bodies in `Claim.signers`, from place 0 on."""

    __tablename__ = "claim_signature"
    __table_args__ = (
        UniqueConstraint("township", "claim", "person"),
        ForeignKeyConstraint(["township", "claim"], ["claim.township", "claim.id"]),
        ForeignKeyConstraint(["township", "person"], ["person.township", "person.id"]),
        CheckConstraint("place >= 0", name="claim_signature_place"),
    )

    township: Mapped[int] = mapped_column(primary_key=True)
    claim: Mapped[UUID] = mapped_column(primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True)
    person: Mapped[UUID]
    signed_at: Mapped[datetime]
