"""When a kiosk's machine was last heard of; who took a card's PIN away."""

import sqlalchemy as sa

from alembic import op
from api.platform.database.migrations import run_scripts

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("kiosk_enrolment", sa.Column("heard_at", sa.DateTime(timezone=True)))
    op.create_table(
        "card_pin_reset",
        sa.Column("township", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("card", sa.LargeBinary(), nullable=False),
        sa.Column("person", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["township", "card"], ["card.township", "card.digest"], name=op.f("fk_card_pin_reset_township_card")
        ),
        sa.ForeignKeyConstraint(
            ["township", "person"],
            ["person.township", "person.id"],
            name=op.f("fk_card_pin_reset_township_person"),
        ),
        sa.PrimaryKeyConstraint("township", "id", name=op.f("pk_card_pin_reset")),
    )
    op.create_index(op.f("ix_card_pin_reset_township_recorded_at"), "card_pin_reset", ["township", "recorded_at"])
    run_scripts(op.get_bind(), "app_rights_desk_v1")
