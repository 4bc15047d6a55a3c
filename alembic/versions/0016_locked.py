"""Who locks balances is given them with the same call."""

from alembic import op
from api.platform.database.migrations import run_scripts

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_scripts(op.get_bind(), "ledger_lock_v2")
