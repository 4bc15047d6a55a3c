"""A batch posted as a whole takes time by its length, not by the square of it."""

from alembic import op
from api.platform.database.migrations import run_scripts

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_scripts(op.get_bind(), "ledger_post_together_v2")
