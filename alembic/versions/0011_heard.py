"""When a kiosk's machine was last heard of."""

import sqlalchemy as sa

from alembic import op
from api.database.migrations import run_scripts

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("kiosk_enrolment", sa.Column("heard_at", sa.DateTime(timezone=True)))
    run_scripts(op.get_bind(), "app_rights_heard_v1")
