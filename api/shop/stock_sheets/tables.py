"""What sheets have put on shelves, and the rates by which prices were proposed."""

from datetime import date
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from api.platform.database.base import Base
from api.registry.proposals.decided import Decided


class SheetLine(Base):
    """A line of a consignment, which is on its shelf since the proposal was confirmed; `cost` in fen."""

    __tablename__ = "stock_sheet_line"
    __table_args__ = (
        ForeignKeyConstraint(["township", "proposal"], ["proposal.township", "proposal.id"]),
        ForeignKeyConstraint(
            ["township", "supermarket", "product"], ["shelf.township", "shelf.supermarket", "shelf.product"]
        ),
        Index(
            "stock_sheet_line_once",
            *("township", "consignment", "supermarket", "product", "sell_by"),
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
    )

    township: Mapped[int] = mapped_column(primary_key=True)
    proposal: Mapped[UUID] = mapped_column(primary_key=True)
    line: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    consignment: Mapped[str]
    supermarket: Mapped[str]
    product: Mapped[str]
    sell_by: Mapped[date | None]
    quantity: Mapped[int]
    cost: Mapped[int] = mapped_column(BigInteger)


class StatedRate(Decided, Base):
    """How many fen a point stands for in proposed prices, from `since` on."""

    __tablename__ = "price_rate"
    __table_args__ = (
        CheckConstraint("fen > 0", name="price_rate_fen"),
        ForeignKeyConstraint(["township", "person"], ["person.township", "person.id"]),
    )

    fen: Mapped[int]
    person: Mapped[UUID]
