"""A rulebook is known by its digest without being read: each household's page asks which one is in force."""

from sqlalchemy import Column, Computed, Text

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("rulebook", Column("digest", Text, Computed("md5(text)", persisted=True), nullable=False))
