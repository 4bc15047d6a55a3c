"""The books' functions, views and rights, and what the application may do with its own tables."""

from pathlib import Path

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_SQL = Path(__file__).parent.parent / "sql"


def upgrade() -> None:
    driver = op.get_bind().connection.dbapi_connection
    for name in (
        "ledger_post_v1",
        "ledger_accounts_v1",
        "ledger_views_v1",
        "ledger_rights_v1",
        "app_rights_v1",
    ):
        script = (_SQL / f"{name}.sql").read_text(encoding="utf-8")
        # A whole file at once, colons and all, as only the driver's own call takes it.
        driver.run_async(lambda connection, script=script: connection.execute(script))
