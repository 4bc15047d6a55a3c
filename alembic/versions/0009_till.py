"""Kiosks with keys of their own, what they hold of households' points, their journals; voids; cards with a PIN."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op
from api.platform.database.migrations import run_scripts

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _enrolments_apart()
    _shifts_with_ids()
    _redemptions()
    _leases()
    _journals()
    _pins()
    run_scripts(op.get_bind(), "ledger_expiry_v2", "app_rights_till_v1")


def _enrolments_apart() -> None:
    op.create_table(
        "kiosk_enrolment",
        sa.Column("township", sa.Integer(), nullable=False),
        sa.Column("kiosk", sa.Uuid(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("public_key", sa.LargeBinary()),
        sa.Column("code", sa.LargeBinary()),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("enrolled_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("ended_by", sa.Uuid()),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("head", sa.Integer(), server_default="0", nullable=False),
        sa.Column(
            "hash",
            sa.LargeBinary(),
            server_default=sa.text("'\\x" + "00" * 32 + "'::bytea"),
            nullable=False,
        ),
        sa.Column("forked_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(
            ["township", "ended_by"],
            ["person.township", "person.id"],
            name=op.f("fk_kiosk_enrolment_township_ended_by"),
        ),
        sa.ForeignKeyConstraint(
            ["township", "kiosk"], ["kiosk.township", "kiosk.id"], name=op.f("fk_kiosk_enrolment_township_kiosk")
        ),
        sa.PrimaryKeyConstraint("township", "kiosk", "epoch", name=op.f("pk_kiosk_enrolment")),
        sa.UniqueConstraint("township", "digest", name=op.f("uq_kiosk_enrolment_township_digest")),
    )
    op.create_index(
        "kiosk_enrolment_one_current",
        "kiosk_enrolment",
        ["township", "kiosk"],
        unique=True,
        postgresql_where=sa.text("ended_at is null"),
    )
    op.execute("""
        insert into kiosk_enrolment (township, kiosk, epoch, digest, enrolled_at, ended_at)
        select township, id, 1, digest, enrolled_at, revoked_at from kiosk
    """)
    op.drop_constraint("uq_kiosk_township_digest", "kiosk", type_="unique")
    op.drop_column("kiosk", "digest")
    op.drop_column("kiosk", "revoked_at")
    op.alter_column("kiosk", "enrolled_at", new_column_name="added_at")
    op.add_column("kiosk", sa.Column("code", sa.LargeBinary()))
    op.add_column("kiosk", sa.Column("code_until", sa.DateTime(timezone=True)))
    op.add_column("kiosk", sa.Column("lease_most", sa.Integer(), server_default="200", nullable=False))
    op.add_column("kiosk", sa.Column("lease_days", sa.Integer(), server_default="7", nullable=False))
    op.create_unique_constraint(op.f("uq_kiosk_township_code"), "kiosk", ["township", "code"])


def _shifts_with_ids() -> None:
    op.add_column("shift", sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False))
    op.alter_column("shift", "id", server_default=None)
    op.add_column("shift", sa.Column("report", postgresql.JSONB(astext_type=sa.Text())))
    op.create_unique_constraint(op.f("uq_shift_township_id"), "shift", ["township", "id"])


def _redemptions() -> None:
    op.add_column("redemption", sa.Column("leased", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("redemption", sa.Column("shift", sa.Uuid()))
    op.add_column("redemption", sa.Column("collector", sa.Uuid()))
    op.create_foreign_key(
        op.f("fk_redemption_township_collector"),
        "redemption",
        "household",
        ["township", "collector"],
        ["township", "id"],
    )
    op.create_index("redemption_shift", "redemption", ["township", "shift"])
    op.create_table(
        "redemption_void",
        sa.Column("township", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kiosk", sa.Uuid(), nullable=False),
        sa.Column("attendant", sa.Uuid(), nullable=False),
        sa.Column("shift", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["township", "attendant"],
            ["attendant.township", "attendant.id"],
            name=op.f("fk_redemption_void_township_attendant"),
        ),
        sa.ForeignKeyConstraint(
            ["township", "kiosk"], ["kiosk.township", "kiosk.id"], name=op.f("fk_redemption_void_township_kiosk")
        ),
        sa.PrimaryKeyConstraint("township", "id", name=op.f("pk_redemption_void")),
    )
    op.create_index("redemption_void_shift", "redemption_void", ["township", "shift"])


def _leases() -> None:
    op.create_table(
        "lease",
        sa.Column("township", sa.Integer(), nullable=False),
        sa.Column("kiosk", sa.Uuid(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("household", sa.Uuid(), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["township", "household"],
            ["household.township", "household.id"],
            name=op.f("fk_lease_township_household"),
        ),
        sa.ForeignKeyConstraint(
            ["township", "kiosk", "epoch"],
            ["kiosk_enrolment.township", "kiosk_enrolment.kiosk", "kiosk_enrolment.epoch"],
            name=op.f("fk_lease_township_kiosk"),
        ),
        sa.PrimaryKeyConstraint("township", "kiosk", "epoch", "household", name=op.f("pk_lease")),
    )
    op.create_index(op.f("ix_lease_township_household"), "lease", ["township", "household"])


def _journals() -> None:
    op.create_table(
        "kiosk_journal_entry",
        sa.Column("township", sa.Integer(), nullable=False),
        sa.Column("kiosk", sa.Uuid(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("previous", sa.LargeBinary(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("redemption", sa.Uuid()),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("remark", sa.Text(), server_default="", nullable=False),
        sa.Column("extra", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True)),
        sa.Column("decided_by", sa.Uuid()),
        sa.Column("decision", sa.Text(), server_default="", nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["township", "decided_by"],
            ["person.township", "person.id"],
            name=op.f("fk_kiosk_journal_entry_township_decided_by"),
        ),
        sa.ForeignKeyConstraint(
            ["township", "kiosk", "epoch"],
            ["kiosk_enrolment.township", "kiosk_enrolment.kiosk", "kiosk_enrolment.epoch"],
            name=op.f("fk_kiosk_journal_entry_township_kiosk"),
        ),
        sa.PrimaryKeyConstraint(
            "township", "kiosk", "epoch", "number", "hash", name=op.f("pk_kiosk_journal_entry")
        ),
    )
    op.create_index(
        "kiosk_journal_entry_counts_once",
        "kiosk_journal_entry",
        ["township", "kiosk", "epoch", "number"],
        unique=True,
        postgresql_where=sa.text("status <> 'fork'"),
    )
    op.create_index(
        "kiosk_journal_entry_open",
        "kiosk_journal_entry",
        ["township", "received_at"],
        postgresql_where=sa.text("decided_at is null and status in ('exception', 'late', 'fork')"),
    )
    op.create_index("kiosk_journal_entry_redemption", "kiosk_journal_entry", ["township", "redemption"])


def _pins() -> None:
    op.add_column("card", sa.Column("pin_hash", sa.Text()))
    op.add_column("card", sa.Column("pin_above", sa.Integer(), server_default="0", nullable=False))
    op.add_column("card", sa.Column("pin_failures", sa.Integer(), server_default="0", nullable=False))
    op.add_column("card", sa.Column("pin_locked_until", sa.DateTime(timezone=True)))
