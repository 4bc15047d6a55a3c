"""Tries of secrets that count as wrong."""

from datetime import datetime

from sqlalchemy import DateTime, Index, LargeBinary
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from api.platform.database.base import Base


class Tries(Base):
    """Of one `Lockout`. `key`: a hash of what they are counted by, so nothing here says whose they are."""

    __tablename__ = "tries"
    __table_args__ = (Index(None, "township", "kept_until"),)

    township: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    # Oldest first, see `wire.lockout`.
    tried_at: Mapped[list[datetime]] = mapped_column(ARRAY(DateTime(timezone=True)))
    # After it they no longer matter.
    kept_until: Mapped[datetime]
