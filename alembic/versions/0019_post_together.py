"""A batch in which everything is in order is posted with less ado."""

from alembic import op
from api.platform.database.migrations import run_scripts

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_scripts(op.get_bind(), "ledger_post_together_v3")
