"""A step of the sealer reads what is new, however young or old the books are."""

from alembic import op
from api.platform.database.migrations import run_scripts

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("account_written", "account", ["written_by", "township"], schema="ledger")
    run_scripts(op.get_bind(), "ledger_seals_v2")
