"""The tables of the books and of the server, as first released."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("create schema ledger")
    op.create_table(
        "product",
        sa.Column("township", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("barcode", sa.Text(), nullable=False),
        sa.Column("price", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("township", "code", name=op.f("pk_product")),
        sa.UniqueConstraint("township", "barcode", name=op.f("uq_product_township_barcode")),
        sa.UniqueConstraint("township", "number", name=op.f("uq_product_township_number")),
    )
    op.create_table(
        "township",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("founded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_township")),
    )
    op.create_table(
        "village",
        sa.Column("township", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("notice_days", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["township"], ["township.id"], name=op.f("fk_village_township")),
        sa.PrimaryKeyConstraint("township", "code", name=op.f("pk_village")),
    )
    op.create_table(
        "grid",
        sa.Column("township", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("village", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["township", "village"], ["village.township", "village.code"], name=op.f("fk_grid_township_village")
        ),
        sa.PrimaryKeyConstraint("township", "code", name=op.f("pk_grid")),
    )
    op.create_table(
        "supermarket",
        sa.Column("township", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("village", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["township", "village"],
            ["village.township", "village.code"],
            name=op.f("fk_supermarket_township_village"),
        ),
        sa.PrimaryKeyConstraint("township", "code", name=op.f("pk_supermarket")),
    )
    op.create_table(
        "attendant",
        sa.Column("township", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("supermarket", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("pin_hash", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["township", "supermarket"],
            ["supermarket.township", "supermarket.code"],
            name=op.f("fk_attendant_township_supermarket"),
        ),
        sa.PrimaryKeyConstraint("township", "id", name=op.f("pk_attendant")),
        sa.UniqueConstraint(
            "township", "supermarket", "name", name=op.f("uq_attendant_township_supermarket_name")
        ),
    )
    op.create_table(
        "household",
        sa.Column("township", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("village", sa.Text(), nullable=False),
        sa.Column("grid", sa.Text(), nullable=False),
        sa.Column("head", sa.Text(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["township", "grid"], ["grid.township", "grid.code"], name=op.f("fk_household_township_grid")
        ),
        sa.ForeignKeyConstraint(
            ["township", "village"],
            ["village.township", "village.code"],
            name=op.f("fk_household_township_village"),
        ),
        sa.PrimaryKeyConstraint("township", "id", name=op.f("pk_household")),
        sa.UniqueConstraint("township", "code", name=op.f("uq_household_township_code")),
    )
    op.create_index(op.f("ix_household_township_village"), "household", ["township", "village"], unique=False)
    op.create_table(
        "kiosk",
        sa.Column("township", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("supermarket", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("enrolled_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("locked_until", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["township", "supermarket"],
            ["supermarket.township", "supermarket.code"],
            name=op.f("fk_kiosk_township_supermarket"),
        ),
        sa.PrimaryKeyConstraint("township", "id", name=op.f("pk_kiosk")),
        sa.UniqueConstraint("township", "digest", name=op.f("uq_kiosk_township_digest")),
    )
    op.create_table(
        "shelf",
        sa.Column("township", sa.Integer(), nullable=False),
        sa.Column("supermarket", sa.Text(), nullable=False),
        sa.Column("product", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["township", "product"], ["product.township", "product.code"], name=op.f("fk_shelf_township_product")
        ),
        sa.ForeignKeyConstraint(
            ["township", "supermarket"],
            ["supermarket.township", "supermarket.code"],
            name=op.f("fk_shelf_township_supermarket"),
        ),
        sa.PrimaryKeyConstraint("township", "supermarket", "product", name=op.f("pk_shelf")),
    )
    op.create_table(
        "card",
        sa.Column("township", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("household", sa.Uuid(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["township", "household"],
            ["household.township", "household.id"],
            name=op.f("fk_card_township_household"),
        ),
        sa.PrimaryKeyConstraint("township", "digest", name=op.f("pk_card")),
    )
    op.create_index(
        "card_one_living",
        "card",
        ["township", "household"],
        unique=True,
        postgresql_where=sa.text("revoked_at is null"),
    )
    op.create_table(
        "person",
        sa.Column("township", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("roles", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("village", sa.Text(), nullable=True),
        sa.Column("grid", sa.Text(), nullable=True),
        sa.Column("household", sa.Text(), nullable=True),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("locked_until", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["township", "grid"], ["grid.township", "grid.code"], name=op.f("fk_person_township_grid")
        ),
        sa.ForeignKeyConstraint(
            ["township", "household"],
            ["household.township", "household.code"],
            name=op.f("fk_person_township_household"),
        ),
        sa.ForeignKeyConstraint(
            ["township", "village"], ["village.township", "village.code"], name=op.f("fk_person_township_village")
        ),
        sa.PrimaryKeyConstraint("township", "id", name=op.f("pk_person")),
        sa.UniqueConstraint("township", "login", name=op.f("uq_person_township_login")),
    )
    op.create_table(
        "redemption",
        sa.Column("township", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("supermarket", sa.Text(), nullable=False),
        sa.Column("kiosk", sa.Uuid(), nullable=False),
        sa.Column("attendant", sa.Uuid(), nullable=False),
        sa.Column("household", sa.Uuid(), nullable=False),
        sa.Column("request", sa.LargeBinary(), nullable=False),
        sa.Column("receipt", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["township", "attendant"],
            ["attendant.township", "attendant.id"],
            name=op.f("fk_redemption_township_attendant"),
        ),
        sa.ForeignKeyConstraint(
            ["township", "household"],
            ["household.township", "household.id"],
            name=op.f("fk_redemption_township_household"),
        ),
        sa.ForeignKeyConstraint(
            ["township", "kiosk"], ["kiosk.township", "kiosk.id"], name=op.f("fk_redemption_township_kiosk")
        ),
        sa.PrimaryKeyConstraint("township", "id", name=op.f("pk_redemption")),
    )
    op.create_index(
        op.f("ix_redemption_township_supermarket_recorded_at"),
        "redemption",
        ["township", "supermarket", "recorded_at"],
        unique=False,
    )
    op.create_table(
        "shift",
        sa.Column("township", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("kiosk", sa.Uuid(), nullable=False),
        sa.Column("attendant", sa.Uuid(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["township", "attendant"],
            ["attendant.township", "attendant.id"],
            name=op.f("fk_shift_township_attendant"),
        ),
        sa.ForeignKeyConstraint(
            ["township", "kiosk"], ["kiosk.township", "kiosk.id"], name=op.f("fk_shift_township_kiosk")
        ),
        sa.PrimaryKeyConstraint("township", "digest", name=op.f("pk_shift")),
    )
    op.create_table(
        "restocking",
        sa.Column("township", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("supermarket", sa.Text(), nullable=False),
        sa.Column("person", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["township", "person"], ["person.township", "person.id"], name=op.f("fk_restocking_township_person")
        ),
        sa.ForeignKeyConstraint(
            ["township", "supermarket"],
            ["supermarket.township", "supermarket.code"],
            name=op.f("fk_restocking_township_supermarket"),
        ),
        sa.PrimaryKeyConstraint("township", "id", name=op.f("pk_restocking")),
    )
    op.create_table(
        "rulebook",
        sa.Column("township", sa.Integer(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("effective_from", sa.Date(), nullable=False),
        sa.Column("adopted_by", sa.Uuid(), nullable=False),
        sa.Column("adopted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["township", "adopted_by"],
            ["person.township", "person.id"],
            name=op.f("fk_rulebook_township_adopted_by"),
        ),
        sa.PrimaryKeyConstraint("township", "version", name=op.f("pk_rulebook")),
    )
    op.create_table(
        "sign_in_token",
        sa.Column("township", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("person", sa.Uuid(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["township", "person"], ["person.township", "person.id"], name=op.f("fk_sign_in_token_township_person")
        ),
        sa.PrimaryKeyConstraint("township", "digest", name=op.f("pk_sign_in_token")),
    )
    op.create_table(
        "claim",
        sa.Column("township", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("household", sa.Uuid(), nullable=False),
        sa.Column("village", sa.Text(), nullable=False),
        sa.Column("rulebook", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("deed_on", sa.Date(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("inputs", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("explanation", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("published", sa.Boolean(), nullable=False),
        sa.Column("declared_by", sa.Uuid(), nullable=False),
        sa.Column("declared_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reviewed_by", sa.Uuid(), nullable=True),
        sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("approved_by", sa.Uuid(), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("notice_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("refused_by", sa.Uuid(), nullable=True),
        sa.Column("refused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("refusal", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["township", "approved_by"],
            ["person.township", "person.id"],
            name=op.f("fk_claim_township_approved_by"),
        ),
        sa.ForeignKeyConstraint(
            ["township", "declared_by"],
            ["person.township", "person.id"],
            name=op.f("fk_claim_township_declared_by"),
        ),
        sa.ForeignKeyConstraint(
            ["township", "household"],
            ["household.township", "household.id"],
            name=op.f("fk_claim_township_household"),
        ),
        sa.ForeignKeyConstraint(
            ["township", "refused_by"], ["person.township", "person.id"], name=op.f("fk_claim_township_refused_by")
        ),
        sa.ForeignKeyConstraint(
            ["township", "reviewed_by"],
            ["person.township", "person.id"],
            name=op.f("fk_claim_township_reviewed_by"),
        ),
        sa.ForeignKeyConstraint(
            ["township", "rulebook"],
            ["rulebook.township", "rulebook.version"],
            name=op.f("fk_claim_township_rulebook"),
        ),
        sa.PrimaryKeyConstraint("township", "id", name=op.f("pk_claim")),
    )
    op.create_index(
        "claim_due",
        "claim",
        ["township", "notice_until"],
        unique=False,
        postgresql_where=sa.text("status = 'approved'"),
    )
    op.create_index(
        op.f("ix_claim_township_household_deed_on"), "claim", ["township", "household", "deed_on"], unique=False
    )
    op.create_index(
        op.f("ix_claim_township_village_status"), "claim", ["township", "village", "status"], unique=False
    )
    op.create_table(
        "transaction",
        sa.Column("township", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("phase", sa.Text(), nullable=False),
        sa.Column("target", sa.Uuid(), nullable=True),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("effective_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("metadata", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("(phase in ('posted', 'pending')) = (target is null)", name="transaction_target"),
        sa.CheckConstraint("expires_at is null or phase = 'pending'", name="transaction_expiry"),
        sa.CheckConstraint(
            "phase <> 'reversal' or (person <> '' and reason <> '')", name="transaction_reversal_explained"
        ),
        sa.CheckConstraint("phase in ('posted', 'pending', 'post', 'void', 'reversal')", name="transaction_phase"),
        sa.ForeignKeyConstraint(
            ["township", "target"],
            ["ledger.transaction.township", "ledger.transaction.id"],
        ),
        sa.PrimaryKeyConstraint("township", "id"),
        schema="ledger",
    )
    op.create_index(
        "transaction_reversed_once",
        "transaction",
        ["township", "target"],
        unique=True,
        schema="ledger",
        postgresql_where=sa.text("phase = 'reversal'"),
    )
    op.create_index(
        "transaction_settled_once",
        "transaction",
        ["township", "target"],
        unique=True,
        schema="ledger",
        postgresql_where=sa.text("phase in ('post', 'void')"),
    )
    op.create_table(
        "unit",
        sa.Column("township", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.CheckConstraint("kind in ('points', 'goods', 'money')", name="unit_kind"),
        sa.PrimaryKeyConstraint("township", "code"),
        schema="ledger",
    )
    op.create_table(
        "account",
        sa.Column("township", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("minimum", sa.BigInteger(), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["township", "unit"],
            ["ledger.unit.township", "ledger.unit.code"],
        ),
        sa.PrimaryKeyConstraint("township", "id"),
        sa.UniqueConstraint("township", "id", "unit"),
        sa.UniqueConstraint("township", "name"),
        schema="ledger",
    )
    op.create_table(
        "account_closing",
        sa.Column("township", sa.Integer(), nullable=False),
        sa.Column("account", sa.Uuid(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["township", "account"],
            ["ledger.account.township", "ledger.account.id"],
        ),
        sa.PrimaryKeyConstraint("township", "account"),
        schema="ledger",
    )
    op.create_table(
        "balance",
        sa.Column("township", sa.Integer(), nullable=False),
        sa.Column("account", sa.Uuid(), nullable=False),
        sa.Column("minimum", sa.BigInteger(), nullable=False),
        sa.Column("posted", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("reserved", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("expected", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.CheckConstraint("posted - reserved >= minimum", name="balance_limit"),
        sa.CheckConstraint("reserved >= 0 and expected >= 0", name="balance_pending"),
        sa.ForeignKeyConstraint(
            ["township", "account"],
            ["ledger.account.township", "ledger.account.id"],
        ),
        sa.PrimaryKeyConstraint("township", "account"),
        schema="ledger",
        postgresql_with={"fillfactor": 50},
    )
    op.create_table(
        "transfer",
        sa.Column("township", sa.Integer(), nullable=False),
        sa.Column("transaction", sa.Uuid(), nullable=False),
        sa.Column("ordinal", sa.SmallInteger(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("debit", sa.Uuid(), nullable=False),
        sa.Column("credit", sa.Uuid(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("pending", sa.Boolean(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("amount > 0", name="transfer_amount"),
        sa.CheckConstraint("debit <> credit", name="transfer_two_accounts"),
        sa.ForeignKeyConstraint(
            ["township", "credit", "unit"],
            ["ledger.account.township", "ledger.account.id", "ledger.account.unit"],
        ),
        sa.ForeignKeyConstraint(
            ["township", "debit", "unit"],
            ["ledger.account.township", "ledger.account.id", "ledger.account.unit"],
        ),
        sa.ForeignKeyConstraint(
            ["township", "transaction"],
            ["ledger.transaction.township", "ledger.transaction.id"],
        ),
        sa.PrimaryKeyConstraint("township", "transaction", "ordinal"),
        schema="ledger",
    )
    op.create_index(
        "transfer_credit",
        "transfer",
        ["township", "credit", "recorded_at", "transaction"],
        unique=False,
        schema="ledger",
    )
    op.create_index(
        "transfer_debit",
        "transfer",
        ["township", "debit", "recorded_at", "transaction"],
        unique=False,
        schema="ledger",
    )
