"""A batch in which nothing settles or reverses is posted as a whole."""

from alembic import op
from api.platform.database.migrations import run_scripts

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_scripts(op.get_bind(), "ledger_post_v3", "ledger_rights_v3")
