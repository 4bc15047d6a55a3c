"""Supermarkets, products, which product stands on whose shelf, and who brought, gave or counted. How many and how
much: the books know, under the same ids."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, LargeBinary, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from api.database.base import Base


class Supermarket(Base):
    __tablename__ = "supermarket"
    __table_args__ = (ForeignKeyConstraint(["township", "village"], ["village.township", "village.code"]),)

    township: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    village: Mapped[str]
    name: Mapped[str]


class Product(Base):
    __tablename__ = "product"
    __table_args__ = (UniqueConstraint("township", "barcode"), UniqueConstraint("township", "number"))

    township: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    # The number an attendant presses; the same in every supermarket of the township.
    number: Mapped[int]
    name: Mapped[str]
    barcode: Mapped[str]
    price: Mapped[int]


class Shelf(Base):
    """A product this supermarket carries, in stock or not."""

    __tablename__ = "shelf"
    __table_args__ = (
        ForeignKeyConstraint(["township", "supermarket"], ["supermarket.township", "supermarket.code"]),
        ForeignKeyConstraint(["township", "product"], ["product.township", "product.code"]),
    )

    township: Mapped[int] = mapped_column(primary_key=True)
    supermarket: Mapped[str] = mapped_column(primary_key=True)
    product: Mapped[str] = mapped_column(primary_key=True)


class Restocking(Base):
    """Who put goods on a shelf."""

    __tablename__ = "restocking"
    __table_args__ = (
        ForeignKeyConstraint(["township", "supermarket"], ["supermarket.township", "supermarket.code"]),
        ForeignKeyConstraint(["township", "person"], ["person.township", "person.id"]),
    )

    township: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    supermarket: Mapped[str]
    person: Mapped[UUID]


class Donation(Base):
    """Who gave goods, and who wrote it down. The donor's name stays out of the books, which can't forget it."""

    __tablename__ = "donation"
    __table_args__ = (
        ForeignKeyConstraint(["township", "supermarket"], ["supermarket.township", "supermarket.code"]),
        ForeignKeyConstraint(["township", "person"], ["person.township", "person.id"]),
    )

    township: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    supermarket: Mapped[str]
    person: Mapped[UUID]
    donor: Mapped[str]
    # Whoever asked to stay unnamed is left out of whatever is published.
    anonymous: Mapped[bool]


class Funding(Base):
    """Where money for goods came from. The donor is empty for an appropriation."""

    __tablename__ = "funding"
    __table_args__ = (ForeignKeyConstraint(["township", "person"], ["person.township", "person.id"]),)

    township: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    person: Mapped[UUID]
    donor: Mapped[str]
    anonymous: Mapped[bool]
    note: Mapped[str]


class Stocktake(Base):
    """What was counted and what the books said then. Where nothing differed the books have no transaction."""

    __tablename__ = "stocktake"
    __table_args__ = (
        ForeignKeyConstraint(["township", "supermarket"], ["supermarket.township", "supermarket.code"]),
        ForeignKeyConstraint(["township", "person"], ["person.township", "person.id"]),
    )

    township: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    supermarket: Mapped[str]
    person: Mapped[UUID]
    # The digest of the request: a retry must ask for the same.
    request: Mapped[bytes] = mapped_column(LargeBinary)
    sheet: Mapped[dict[str, Any]] = mapped_column(JSONB)
    recorded_at: Mapped[datetime]
