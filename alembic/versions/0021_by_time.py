"""A closing finds what was recorded around it without reading all that ever was, and a balance is summed from the
index that holds it."""

from alembic import op
from api.platform.database.migrations import run_scripts

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("transaction", "transfer"):
        op.create_index(
            f"{table}_recorded",
            table,
            ["recorded_at"],
            schema="ledger",
            postgresql_using="brin",
            postgresql_with={"autosummarize": "on"},
        )
    run_scripts(op.get_bind(), "ledger_periods_v2")
