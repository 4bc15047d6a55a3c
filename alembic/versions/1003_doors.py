"""Doors that hold: what has to be kept for it, a file for each part."""

from pathlib import Path

from alembic import op
from api.platform.database.sql_files import run_script

revision = "1003"
down_revision = "1002"
branch_labels = None
depends_on = None

PARTS: tuple[str, ...] = ("sealing", "tries", "concerns", "same_deed", "schemas", "sums")


def upgrade() -> None:
    for part in PARTS:
        run_script(op.get_bind(), (Path(__file__).with_suffix("") / f"{part}.sql").read_text(encoding="utf-8"))
