"""The Merkle tree over the books' records, and its signed heads."""

import sqlalchemy as sa

from alembic import op
from api.platform.database.migrations import run_scripts

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_WRITTEN_BY = sa.text("pg_current_xact_id()::text::bigint")


def upgrade() -> None:
    op.create_table(
        "leaf",
        sa.Column("township", sa.Integer(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("township", "position"),
        sa.UniqueConstraint("township", "kind", "key"),
        schema="ledger",
    )
    op.create_table(
        "node",
        sa.Column("township", sa.Integer(), nullable=False),
        sa.Column("level", sa.SmallInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("township", "level", "position"),
        sa.CheckConstraint("octet_length(hash) = 32", name="node_hash"),
        schema="ledger",
    )
    op.create_table(
        "seal_key",
        sa.Column("township", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("written_by", sa.BigInteger(), nullable=False, server_default=_WRITTEN_BY),
        sa.PrimaryKeyConstraint("township", "key"),
        schema="ledger",
    )
    op.create_table(
        "tree_head",
        sa.Column("township", sa.Integer(), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("written_by", sa.BigInteger(), nullable=False, server_default=_WRITTEN_BY),
        sa.PrimaryKeyConstraint("township", "signed_at"),
        schema="ledger",
    )
    op.create_index("tree_head_size", "tree_head", ["township", "size"], schema="ledger")
    run_scripts(op.get_bind(), "ledger_seals_v1", "ledger_rights_v2")
