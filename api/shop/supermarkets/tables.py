"""Supermarkets of the township's villages."""

from sqlalchemy import ForeignKeyConstraint
from sqlalchemy.orm import Mapped, mapped_column

from api.platform.database.base import Base


class Supermarket(Base):
    __tablename__ = "supermarket"
    __table_args__ = (ForeignKeyConstraint(["township", "village"], ["village.township", "village.code"]),)

    township: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    village: Mapped[str]
    name: Mapped[str]
    # Incremented by every change to the products on its shelf, except of the pieces in stock.
    shelf_version: Mapped[int] = mapped_column(server_default="1")
