"""The entries of kiosks' journals."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, Integer, LargeBinary, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from api.platform.database.base import Base


class JournalEntry(Base):
    """An entry as the kiosk signed it, and how it was settled. Every entry received is kept: of two different ones
    with the same number, too."""

    __tablename__ = "kiosk_journal_entry"
    __table_args__ = (
        ForeignKeyConstraint(
            ["township", "kiosk", "epoch"],
            ["kiosk_enrolment.township", "kiosk_enrolment.kiosk", "kiosk_enrolment.epoch"],
        ),
        ForeignKeyConstraint(["township", "decided_by"], ["person.township", "person.id"]),
        Index(
            "kiosk_journal_entry_counts_once",
            "township",
            "kiosk",
            "epoch",
            "number",
            unique=True,
            postgresql_where=text("status <> 'fork'"),
        ),
        # Entries that wait for a person's decision.
        Index(
            "kiosk_journal_entry_open",
            "township",
            "received_at",
            postgresql_where=text("decided_at is null and status in ('exception', 'late', 'fork')"),
        ),
        Index("kiosk_journal_entry_redemption", "township", "redemption"),
    )

    township: Mapped[int] = mapped_column(primary_key=True)
    kiosk: Mapped[UUID] = mapped_column(primary_key=True)
    epoch: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    previous: Mapped[bytes] = mapped_column(LargeBinary)
    body: Mapped[str]
    signature: Mapped[bytes] = mapped_column(LargeBinary)
    received_at: Mapped[datetime]
    redemption: Mapped[UUID | None]
    status: Mapped[str]
    remark: Mapped[str] = mapped_column(server_default="")
    extra: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[UUID | None]
    decision: Mapped[str] = mapped_column(server_default="")
    reason: Mapped[str] = mapped_column(server_default="")
