"""Reading one household takes as long in old books as in young ones."""

from alembic import op
from api.platform.database.migrations import run_scripts

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for side, other in (("debit", "credit"), ("credit", "debit")):
        op.drop_index(f"transfer_{side}", table_name="transfer", schema="ledger")
        op.create_index(
            f"transfer_{side}",
            "transfer",
            ["township", side, "recorded_at", "transaction"],
            schema="ledger",
            postgresql_include=[other, "amount", "pending"],
        )
    run_scripts(op.get_bind(), "ledger_expiry_v3")
