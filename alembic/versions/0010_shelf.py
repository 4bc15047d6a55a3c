"""Lots with dates, goods received by two people, stocktakes at the till, prices with their history, minimums. What
arrived before has no lots: nobody wrote its dates down."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op
from api.platform.database.migrations import run_scripts

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _slips_by_attendants()
    _products_and_shelves()
    _lots()
    _receipts()
    run_scripts(op.get_bind(), "app_rights_shelf_v1")


def _slips_by_attendants() -> None:
    for table in ("restocking", "donation", "stocktake"):
        op.alter_column(table, "person", nullable=True)
        op.add_column(table, sa.Column("attendant", sa.Uuid()))
        op.create_foreign_key(
            op.f(f"fk_{table}_township_attendant"),
            table,
            "attendant",
            ["township", "attendant"],
            ["township", "id"],
        )
        op.create_check_constraint(f"{table}_in_a_hand", table, "num_nonnulls(person, attendant) = 1")


def _products_and_shelves() -> None:
    op.add_column("product", sa.Column("minimum", sa.Integer(), server_default="0", nullable=False))
    op.add_column("shelf", sa.Column("minimum", sa.Integer()))
    op.add_column("shelf", sa.Column("retired_at", sa.DateTime(timezone=True)))
    op.add_column("supermarket", sa.Column("shelf_version", sa.Integer(), server_default="1", nullable=False))
    op.create_table(
        "price_change",
        sa.Column("township", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("product", sa.Text(), nullable=False),
        sa.Column("before", sa.Integer(), nullable=False),
        sa.Column("after", sa.Integer(), nullable=False),
        sa.Column("person", sa.Uuid(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["township", "person"], ["person.township", "person.id"], name=op.f("fk_price_change_township_person")
        ),
        sa.ForeignKeyConstraint(
            ["township", "product"],
            ["product.township", "product.code"],
            name=op.f("fk_price_change_township_product"),
        ),
        sa.PrimaryKeyConstraint("township", "id", name=op.f("pk_price_change")),
    )
    op.create_index(op.f("ix_price_change_township_product"), "price_change", ["township", "product"])


def _lots() -> None:
    op.create_table(
        "lot",
        sa.Column("township", sa.Integer(), nullable=False),
        sa.Column("arrival", sa.Uuid(), nullable=False),
        sa.Column("line", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("supermarket", sa.Text(), nullable=False),
        sa.Column("product", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("sell_by", sa.Date()),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["township", "supermarket", "product"],
            ["shelf.township", "shelf.supermarket", "shelf.product"],
            name=op.f("fk_lot_township_supermarket_product"),
        ),
        sa.PrimaryKeyConstraint("township", "arrival", "line", name=op.f("pk_lot")),
    )
    op.create_index(op.f("ix_lot_township_supermarket_product"), "lot", ["township", "supermarket", "product"])


def _receipts() -> None:
    op.create_table(
        "goods_receipt",
        sa.Column("township", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("supermarket", sa.Text(), nullable=False),
        sa.Column("person", sa.Uuid()),
        sa.Column("attendant", sa.Uuid()),
        sa.Column("request", sa.LargeBinary(), nullable=False),
        sa.Column("arrived", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("counted", postgresql.JSONB(astext_type=sa.Text())),
        sa.Column("closing_person", sa.Uuid()),
        sa.Column("closing_attendant", sa.Uuid()),
        sa.Column("closed_at", sa.DateTime(timezone=True)),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["township", "supermarket"],
            ["supermarket.township", "supermarket.code"],
            name=op.f("fk_goods_receipt_township_supermarket"),
        ),
        *(
            sa.ForeignKeyConstraint(
                ["township", column],
                [f"{who}.township", f"{who}.id"],
                name=op.f(f"fk_goods_receipt_township_{column}"),
            )
            for who in ("person", "attendant")
            for column in (who, f"closing_{who}")
        ),
        sa.PrimaryKeyConstraint("township", "id", name=op.f("pk_goods_receipt")),
        sa.CheckConstraint("num_nonnulls(person, attendant) = 1", name="goods_receipt_in_a_hand"),
        sa.CheckConstraint(
            "num_nonnulls(closing_person, closing_attendant) = num_nonnulls(closed_at)"
            " and (closed_at is not null or (counted is null and reason = ''))",
            name="goods_receipt_closed",
        ),
        sa.CheckConstraint(
            "counted is null or coalesce(closing_person, closing_attendant) <> coalesce(person, attendant)",
            name="goods_receipt_two_people",
        ),
    )
    op.create_index(
        "goods_receipt_open",
        "goods_receipt",
        ["township", "supermarket"],
        postgresql_where=sa.text("closed_at is null"),
    )
    op.create_index(
        op.f("ix_goods_receipt_township_supermarket_closed_at"),
        "goods_receipt",
        ["township", "supermarket", "closed_at"],
    )
