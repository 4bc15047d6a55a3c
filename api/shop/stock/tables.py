"""Products, shelves, lots, and the documents of the stock with their writers. Quantities and amounts
are in the books, under the same ids."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Integer, LargeBinary, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from api.platform.database.base import Base


class Product(Base):
    __tablename__ = "product"
    __table_args__ = (UniqueConstraint("township", "barcode"), UniqueConstraint("township", "number"))

    township: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    # The number that attendants type; the same in every supermarket of the township.
    number: Mapped[int]
    name: Mapped[str]
    barcode: Mapped[str]
    price: Mapped[int]
    # A shelf with fewer pieces is running out; 0: no alert.
    minimum: Mapped[int] = mapped_column(server_default="0")


class ProductBarcode(Base):
    """A code by which a product is scanned, and how many pieces it stands for: the product's own for one."""

    __tablename__ = "product_barcode"
    __table_args__ = (
        ForeignKeyConstraint(["township", "product"], ["product.township", "product.code"]),
        CheckConstraint("pieces > 0", name="product_barcode_pieces"),
        Index(None, "township", "product"),
    )

    township: Mapped[int] = mapped_column(primary_key=True)
    barcode: Mapped[str] = mapped_column(primary_key=True)
    product: Mapped[str]
    pieces: Mapped[int] = mapped_column(server_default="1")


class PriceChange(Base):
    """A product's price before and after. Receipts keep the price of their day."""

    __tablename__ = "price_change"
    __table_args__ = (
        ForeignKeyConstraint(["township", "product"], ["product.township", "product.code"]),
        ForeignKeyConstraint(["township", "person"], ["person.township", "person.id"]),
        ForeignKeyConstraint(["township", "confirmed_by"], ["person.township", "person.id"]),
        Index(None, "township", "product"),
    )

    township: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    product: Mapped[str]
    before: Mapped[int]
    after: Mapped[int]
    person: Mapped[UUID]
    changed_at: Mapped[datetime]
    # None: a small change, by one person alone.
    confirmed_by: Mapped[UUID | None]


class ToldPrices(Base):
    """The prices by product that a machine was told with a version of its shelf, at first `told_at`."""

    __tablename__ = "told_prices"
    __table_args__ = (
        ForeignKeyConstraint(
            ["township", "kiosk", "epoch"],
            ["kiosk_enrolment.township", "kiosk_enrolment.kiosk", "kiosk_enrolment.epoch"],
        ),
    )

    township: Mapped[int] = mapped_column(primary_key=True)
    kiosk: Mapped[UUID] = mapped_column(primary_key=True)
    epoch: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True)
    told_at: Mapped[datetime]
    prices: Mapped[dict[str, int]] = mapped_column(JSONB)


class Shelf(Base):
    """A product that this supermarket carries, in stock or not, until it is retired."""

    __tablename__ = "shelf"
    __table_args__ = (
        ForeignKeyConstraint(["township", "supermarket"], ["supermarket.township", "supermarket.code"]),
        ForeignKeyConstraint(["township", "product"], ["product.township", "product.code"]),
    )

    township: Mapped[int] = mapped_column(primary_key=True)
    supermarket: Mapped[str] = mapped_column(primary_key=True)
    product: Mapped[str] = mapped_column(primary_key=True)
    # None: the product's own minimum applies.
    minimum: Mapped[int | None]
    retired_at: Mapped[datetime | None]


def _written_by_one(table: str) -> tuple[ForeignKeyConstraint | CheckConstraint, ...]:
    """A document is written by a person at the desk or by an attendant at the till."""
    return (
        ForeignKeyConstraint(["township", "person"], ["person.township", "person.id"]),
        ForeignKeyConstraint(["township", "attendant"], ["attendant.township", "attendant.id"]),
        CheckConstraint("num_nonnulls(person, attendant) = 1", name=f"{table}_in_a_hand"),
    )


class Restocking(Base):
    """Who restocked a shelf."""

    __tablename__ = "restocking"
    __table_args__ = (
        ForeignKeyConstraint(["township", "supermarket"], ["supermarket.township", "supermarket.code"]),
        *_written_by_one("restocking"),
    )

    township: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    supermarket: Mapped[str]
    person: Mapped[UUID | None]
    attendant: Mapped[UUID | None]


class Donation(Base):
    """Who donated goods, and who wrote it down. The donor's name is not in the books, which can't forget."""

    __tablename__ = "donation"
    __table_args__ = (
        ForeignKeyConstraint(["township", "supermarket"], ["supermarket.township", "supermarket.code"]),
        *_written_by_one("donation"),
    )

    township: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    supermarket: Mapped[str]
    person: Mapped[UUID | None]
    attendant: Mapped[UUID | None]
    donor: Mapped[str]
    # An anonymous donor is named in nothing that is published.
    anonymous: Mapped[bool]


class Lot(Base):
    """Pieces of one product that arrived together, by the arrival's transaction and its line, from 1. How many
    remain is not stored: `lots.compute_remaining` derives it from the pieces on the shelf."""

    __tablename__ = "lot"
    __table_args__ = (
        ForeignKeyConstraint(
            ["township", "supermarket", "product"], ["shelf.township", "shelf.supermarket", "shelf.product"]
        ),
        Index(None, "township", "supermarket", "product"),
    )

    township: Mapped[int] = mapped_column(primary_key=True)
    arrival: Mapped[UUID] = mapped_column(primary_key=True)
    line: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    supermarket: Mapped[str]
    product: Mapped[str]
    quantity: Mapped[int]
    sell_by: Mapped[date | None]
    # As on the pack; empty where nobody scanned it.
    lot_number: Mapped[str] = mapped_column(server_default="")
    received_on: Mapped[date]


class GoodsReceipt(Base):
    """What arrived, as one person wrote it down and a second one counted it; the count is in the books under the
    same id. Closed without a count: withdrawn."""

    __tablename__ = "goods_receipt"
    __table_args__ = (
        ForeignKeyConstraint(["township", "supermarket"], ["supermarket.township", "supermarket.code"]),
        *_written_by_one("goods_receipt"),
        ForeignKeyConstraint(["township", "closing_person"], ["person.township", "person.id"]),
        ForeignKeyConstraint(["township", "closing_attendant"], ["attendant.township", "attendant.id"]),
        CheckConstraint(
            "num_nonnulls(closing_person, closing_attendant) = num_nonnulls(closed_at)"
            " and (closed_at is not null or (counted is null and reason = ''))",
            name="goods_receipt_closed",
        ),
        CheckConstraint(
            "counted is null or coalesce(closing_person, closing_attendant) <> coalesce(person, attendant)",
            name="goods_receipt_two_people",
        ),
        Index("goods_receipt_open", "township", "supermarket", postgresql_where=text("closed_at is null")),
        Index(None, "township", "supermarket", "closed_at"),
    )

    township: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    supermarket: Mapped[str]
    person: Mapped[UUID | None]
    attendant: Mapped[UUID | None]
    # The digest of the request: a retry must ask for the same.
    request: Mapped[bytes] = mapped_column(LargeBinary)
    arrived: Mapped[dict[str, Any]] = mapped_column(JSONB)
    written_at: Mapped[datetime]
    # Pieces by line.
    counted: Mapped[list[int] | None] = mapped_column(JSONB(none_as_null=True))
    closing_person: Mapped[UUID | None]
    closing_attendant: Mapped[UUID | None]
    closed_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(server_default="")

    @property
    def writer(self) -> UUID:
        writer = self.person or self.attendant
        assert writer is not None
        return writer

    @property
    def closer(self) -> UUID | None:
        return self.closing_person or self.closing_attendant


class Funding(Base):
    """Where money for goods came from. `donor` is empty for an appropriation."""

    __tablename__ = "funding"
    __table_args__ = (ForeignKeyConstraint(["township", "person"], ["person.township", "person.id"]),)

    township: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    person: Mapped[UUID]
    donor: Mapped[str]
    anonymous: Mapped[bool]
    note: Mapped[str]


class Stocktake(Base):
    """What was counted, beside the books. Without differences there is no transaction in the books."""

    __tablename__ = "stocktake"
    __table_args__ = (
        ForeignKeyConstraint(["township", "supermarket"], ["supermarket.township", "supermarket.code"]),
        ForeignKeyConstraint(
            ["township", "kiosk", "epoch"],
            ["kiosk_enrolment.township", "kiosk_enrolment.kiosk", "kiosk_enrolment.epoch"],
        ),
        ForeignKeyConstraint(["township", "proposal"], ["proposal.township", "proposal.id"]),
        *_written_by_one("stocktake"),
        CheckConstraint("num_nulls(kiosk, epoch, number) in (0, 3)", name="stocktake_position"),
        Index(None, "township", "supermarket", "recorded_at"),
    )

    township: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    supermarket: Mapped[str]
    person: Mapped[UUID | None]
    attendant: Mapped[UUID | None]
    # The digest of the request: a retry must ask for the same.
    request: Mapped[bytes] = mapped_column(LargeBinary)
    sheet: Mapped[dict[str, Any]] = mapped_column(JSONB)
    recorded_at: Mapped[datetime]
    # How far the journal of the kiosk had come at which it was counted; None where that wasn't told.
    kiosk: Mapped[UUID | None]
    epoch: Mapped[int | None]
    number: Mapped[int | None]
    # What its differences are worth in points, where no second person has to confirm them.
    decided_alone: Mapped[int] = mapped_column(server_default="0")
    # Of the same id, where one has to.
    proposal: Mapped[UUID | None]
