"""Redemptions that arrive together are booked by one statement."""

from alembic import op
from api.platform.database.migrations import run_scripts

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_scripts(op.get_bind(), "redeem_together_v1")
