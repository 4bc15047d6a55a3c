"""Donations, the fund and stocktakes."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op
from api.platform.database.migrations import run_scripts

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "donation",
        sa.Column("township", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("supermarket", sa.Text(), nullable=False),
        sa.Column("person", sa.Uuid(), nullable=False),
        sa.Column("donor", sa.Text(), nullable=False),
        sa.Column("anonymous", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["township", "person"], ["person.township", "person.id"], name=op.f("fk_donation_township_person")
        ),
        sa.ForeignKeyConstraint(
            ["township", "supermarket"],
            ["supermarket.township", "supermarket.code"],
            name=op.f("fk_donation_township_supermarket"),
        ),
        sa.PrimaryKeyConstraint("township", "id", name=op.f("pk_donation")),
    )
    op.create_table(
        "funding",
        sa.Column("township", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person", sa.Uuid(), nullable=False),
        sa.Column("donor", sa.Text(), nullable=False),
        sa.Column("anonymous", sa.Boolean(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["township", "person"], ["person.township", "person.id"], name=op.f("fk_funding_township_person")
        ),
        sa.PrimaryKeyConstraint("township", "id", name=op.f("pk_funding")),
    )
    op.create_table(
        "stocktake",
        sa.Column("township", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("supermarket", sa.Text(), nullable=False),
        sa.Column("person", sa.Uuid(), nullable=False),
        sa.Column("request", sa.LargeBinary(), nullable=False),
        sa.Column("sheet", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["township", "person"], ["person.township", "person.id"], name=op.f("fk_stocktake_township_person")
        ),
        sa.ForeignKeyConstraint(
            ["township", "supermarket"],
            ["supermarket.township", "supermarket.code"],
            name=op.f("fk_stocktake_township_supermarket"),
        ),
        sa.PrimaryKeyConstraint("township", "id", name=op.f("pk_stocktake")),
    )
    run_scripts(op.get_bind(), "app_rights_stock_v1")
