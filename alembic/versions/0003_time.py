"""Holds and corrections in part; effective dates that a closed month can't take any more."""

import sqlalchemy as sa

from alembic import op
from api.platform.database.migrations import run_scripts

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_WRITTEN_BY = sa.text("pg_current_xact_id()::text::bigint")


def upgrade() -> None:
    for table in ("unit", "account", "account_closing", "transaction"):
        # What is there already counts as written by this revision.
        op.add_column(
            table,
            sa.Column("written_by", sa.BigInteger(), nullable=False, server_default=_WRITTEN_BY),
            schema="ledger",
        )
    op.add_column("transaction", sa.Column("deferred_from", sa.DateTime(timezone=True)), schema="ledger")
    op.create_check_constraint(
        "transaction_time",
        "transaction",
        "effective_at <= recorded_at and deferred_from < effective_at",
        schema="ledger",
    )
    op.drop_index("transaction_reversed_once", table_name="transaction", schema="ledger")
    op.create_index(
        "transaction_reversed",
        "transaction",
        ["township", "target"],
        schema="ledger",
        postgresql_where=sa.text("phase = 'reversal'"),
    )
    op.create_index(
        "transaction_expiring",
        "transaction",
        ["township", "expires_at"],
        schema="ledger",
        postgresql_where=sa.text("expires_at is not null"),
    )
    op.create_index("transaction_written", "transaction", ["written_by", "township"], schema="ledger")
    op.create_table(
        "period_closing",
        sa.Column("township", sa.Integer(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("written_by", sa.BigInteger(), nullable=False, server_default=_WRITTEN_BY),
        sa.PrimaryKeyConstraint("township", "until"),
        sa.CheckConstraint("until <= closed_at", name="period_closing_over"),
        schema="ledger",
    )
    op.create_table(
        "checkpoint",
        sa.Column("township", sa.Integer(), nullable=False),
        sa.Column("account", sa.Uuid(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("posted", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("township", "account", "until"),
        sa.ForeignKeyConstraint(["township", "account"], ["ledger.account.township", "ledger.account.id"]),
        sa.ForeignKeyConstraint(
            ["township", "until"], ["ledger.period_closing.township", "ledger.period_closing.until"]
        ),
        schema="ledger",
    )
    run_scripts(op.get_bind(), "ledger_post_v2", "ledger_views_v2", "ledger_periods_v1", "ledger_rights_v2")
