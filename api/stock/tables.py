"""Supermarkets, products, and which product stands where on whose shelf. How many: the books know."""

from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, UniqueConstraint
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
    """Who put goods on a shelf; the quantities are in the books under the same id."""

    __tablename__ = "restocking"
    __table_args__ = (
        ForeignKeyConstraint(["township", "supermarket"], ["supermarket.township", "supermarket.code"]),
        ForeignKeyConstraint(["township", "person"], ["person.township", "person.id"]),
    )

    township: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    supermarket: Mapped[str]
    person: Mapped[UUID]
