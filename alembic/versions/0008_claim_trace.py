"""A claim keeps its whole reasoning, and a deduction names the bodies that sign it."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "claim",
        sa.Column("trace", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
    )
    op.add_column("claim", sa.Column("signers", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False))
    # What a household spent between two signatures isn't taken: the second one may lower a deduction.
    op.execute("grant update (points, explanation) on claim to jimei_app")
