"""A township begins and changes: what has to be kept for it, a file for each part."""

from pathlib import Path

from sqlalchemy import Connection, text

from alembic import op
from api.platform.database.sql_files import run_script
from api.registry.register.search_key import make_search_key

revision = "1004"
down_revision = "1003"
branch_labels = None
depends_on = None

PARTS: tuple[str, ...] = (
    "founding",
    "people",
    "households",
    "cards",
    "shops",
    "restores",
    "uploads",
)
_AT_ONCE = 1000


def upgrade() -> None:
    connection = op.get_bind()
    for part in PARTS:
        _run(connection, part)
    _fill_search_keys(connection)
    _run(connection, "search_keys")


def _run(connection: Connection, part: str) -> None:
    run_script(connection, (Path(__file__).with_suffix("") / f"{part}.sql").read_text(encoding="utf-8"))


def _fill_search_keys(connection: Connection) -> None:
    households = connection.execute(text("select township, id, head from household")).all()
    fill = text("update household set search_key = :key where township = :township and id = :id")
    keyed = [{"township": h.township, "id": h.id, "key": make_search_key(h.head)} for h in households]
    for start in range(0, len(keyed), _AT_ONCE):
        connection.execute(fill, keyed[start : start + _AT_ONCE])
