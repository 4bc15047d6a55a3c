"""The books' functions, views and rights, and what the application may do with its own tables."""

from alembic import op
from api.platform.database.migrations import run_scripts

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_scripts(
        op.get_bind(),
        "ledger_post_v1",
        "ledger_accounts_v1",
        "ledger_views_v1",
        "ledger_rights_v1",
        "app_rights_v1",
    )
