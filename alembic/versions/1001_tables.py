"""The tables as first released: all that is kept, and what the application may do with it.

Ids began with 0 in programs that were never released; `migrate` doesn't take up where those left off.
"""

from pathlib import Path

from alembic import op
from api.platform.database.sql_files import run_script

revision = "1001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    # In an order in which whatever is referred to is there.
    for part in ("ledger", "program", "registry", "awards", "stock", "shop"):
        run_script(op.get_bind(), (Path(__file__).with_suffix("") / f"{part}.sql").read_text(encoding="utf-8"))
