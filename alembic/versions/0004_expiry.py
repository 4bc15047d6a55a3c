"""Policies by which points expire, and what is up by them."""

import sqlalchemy as sa

from alembic import op
from api.platform.database.migrations import run_scripts

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "expiry_policy",
        sa.Column("township", sa.Integer(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("months", sa.Integer()),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("adopted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "written_by",
            sa.BigInteger(),
            nullable=False,
            server_default=sa.text("pg_current_xact_id()::text::bigint"),
        ),
        sa.PrimaryKeyConstraint("township", "unit", "effective_on"),
        sa.ForeignKeyConstraint(["township", "unit"], ["ledger.unit.township", "ledger.unit.code"]),
        sa.CheckConstraint("kind in ('none', 'year-end', 'rolling')", name="expiry_policy_kind"),
        sa.CheckConstraint(
            "(kind = 'rolling') = (months is not null) and months between 1 and 120", name="expiry_policy_months"
        ),
        sa.CheckConstraint(
            "effective_on >= (adopted_at at time zone 'UTC')::date - 1", name="expiry_policy_ahead"
        ),
        schema="ledger",
    )
    run_scripts(op.get_bind(), "ledger_lock_v1", "ledger_expiry_v1", "ledger_rights_v2")
