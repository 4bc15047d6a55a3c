"""The open desk, and cards left at home: what has to be kept for it, a file for each part."""

from pathlib import Path

from alembic import op
from api.platform.database.sql_files import run_script

revision = "1005"
down_revision = "1004"
branch_labels = None
depends_on = None

PARTS: tuple[str, ...] = (
    "identifications",
    "evidence",
    "review",
    "declarations",
    "objections",
    "draw",
    "workbench",
    "household_changes",
    "freezes",
    "acts",
)


def upgrade() -> None:
    for part in PARTS:
        run_script(op.get_bind(), (Path(__file__).with_suffix("") / f"{part}.sql").read_text(encoding="utf-8"))
