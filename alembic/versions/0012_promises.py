"""Goods promised while they are out of stock."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op
from api.platform.database.migrations import run_scripts

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "promise",
        sa.Column("township", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("supermarket", sa.Text(), nullable=False),
        sa.Column("product", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("household", sa.Uuid(), nullable=False),
        sa.Column("kiosk", sa.Uuid(), nullable=False),
        sa.Column("attendant", sa.Uuid(), nullable=False),
        sa.Column("request", sa.LargeBinary(), nullable=False),
        sa.Column("slip", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("arrival", sa.Uuid()),
        sa.Column("status", sa.Text(), server_default="open", nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True)),
        sa.Column("closed_by", sa.Uuid()),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["township", "attendant"],
            ["attendant.township", "attendant.id"],
            name=op.f("fk_promise_township_attendant"),
        ),
        sa.ForeignKeyConstraint(
            ["township", "closed_by"],
            ["attendant.township", "attendant.id"],
            name=op.f("fk_promise_township_closed_by"),
        ),
        sa.ForeignKeyConstraint(
            ["township", "household"],
            ["household.township", "household.id"],
            name=op.f("fk_promise_township_household"),
        ),
        sa.ForeignKeyConstraint(
            ["township", "kiosk"], ["kiosk.township", "kiosk.id"], name=op.f("fk_promise_township_kiosk")
        ),
        sa.ForeignKeyConstraint(
            ["township", "supermarket", "product"],
            ["shelf.township", "shelf.supermarket", "shelf.product"],
            name=op.f("fk_promise_township_supermarket_product"),
        ),
        sa.PrimaryKeyConstraint("township", "id", name=op.f("pk_promise")),
        sa.UniqueConstraint(
            "township",
            "supermarket",
            "product",
            "place",
            name=op.f("uq_promise_township_supermarket_product_place"),
        ),
    )
    op.create_index(
        "promise_open", "promise", ["township", "household"], postgresql_where=sa.text("status = 'open'")
    )
    op.create_index(
        "promise_waiting",
        "promise",
        ["township", "supermarket", "product", "place"],
        postgresql_where=sa.text("status = 'open' and arrival is null"),
    )
    run_scripts(op.get_bind(), "app_rights_promises_v1")
