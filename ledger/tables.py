"""The tables of the books for SQLAlchemy. Only the SQL functions write to them.

Every key begins with the township, so that the schema can be distributed by township unchanged. A transfer's
foreign keys include the unit: an account can't take part in a transfer of another unit, not even by raw SQL.
`written_by` is the database transaction that wrote a record, by its number on the server of then; sealing uses it.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

metadata = MetaData(schema="ledger")


def _written_by_column() -> Column[int]:
    return Column(
        "written_by", BigInteger, nullable=False, server_default=text("pg_current_xact_id()::text::bigint")
    )


def _recorded_index(table: str) -> Index:
    # Rows are appended in the order of time, which suits a BRIN index.
    return Index(
        f"{table}_recorded", "recorded_at", postgresql_using="brin", postgresql_with={"autosummarize": "on"}
    )


def _account_index(account: str, counterparty: str) -> Index:
    return Index(
        f"transfer_{account}",
        *("township", account, "recorded_at", "transaction"),
        postgresql_include=[counterparty, "amount", "pending"],
    )


unit = Table(
    "unit",
    metadata,
    Column("township", Integer, nullable=False),
    Column("code", Text, nullable=False),
    Column("kind", Text, nullable=False),
    _written_by_column(),
    PrimaryKeyConstraint("township", "code"),
    CheckConstraint("kind in ('points', 'goods', 'money')", name="unit_kind"),
)

account = Table(
    "account",
    metadata,
    Column("township", Integer, nullable=False),
    Column("id", Uuid, nullable=False),
    Column("name", Text, nullable=False),
    Column("unit", Text, nullable=False),
    # Null: no limit, and then no row in `balance`, which every writer would have to lock.
    Column("minimum", BigInteger),
    Column("opened_at", DateTime(timezone=True), nullable=False),
    _written_by_column(),
    PrimaryKeyConstraint("township", "id"),
    UniqueConstraint("township", "name"),
    UniqueConstraint("township", "id", "unit"),
    ForeignKeyConstraint(["township", "unit"], ["ledger.unit.township", "ledger.unit.code"]),
    Index("account_written", "written_by", "township"),
)

account_closing = Table(
    "account_closing",
    metadata,
    Column("township", Integer, nullable=False),
    Column("account", Uuid, nullable=False),
    Column("closed_at", DateTime(timezone=True), nullable=False),
    Column("person", Text, nullable=False),
    Column("reason", Text, nullable=False),
    _written_by_column(),
    PrimaryKeyConstraint("township", "account"),
    ForeignKeyConstraint(["township", "account"], ["ledger.account.township", "ledger.account.id"]),
)

balance = Table(
    "balance",
    metadata,
    Column("township", Integer, nullable=False),
    Column("account", Uuid, nullable=False),
    Column("minimum", BigInteger, nullable=False),
    Column("posted", BigInteger, nullable=False, server_default=text("0")),
    # Pending amounts, outgoing and incoming.
    Column("reserved", BigInteger, nullable=False, server_default=text("0")),
    Column("expected", BigInteger, nullable=False, server_default=text("0")),
    PrimaryKeyConstraint("township", "account"),
    ForeignKeyConstraint(["township", "account"], ["ledger.account.township", "ledger.account.id"]),
    CheckConstraint("posted - reserved >= minimum", name="balance_limit"),
    CheckConstraint("reserved >= 0 and expected >= 0", name="balance_pending"),
    # Free space on the page allows HOT updates, which leave the index alone.
    postgresql_with={"fillfactor": 50},
)

transaction = Table(
    "transaction",
    metadata,
    Column("township", Integer, nullable=False),
    Column("id", Uuid, nullable=False),
    Column("kind", Text, nullable=False),
    Column("phase", Text, nullable=False),
    # The pending transaction that this one settles, or the posted one it reverses.
    Column("target", Uuid),
    Column("person", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("effective_at", DateTime(timezone=True), nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True)),
    # The requested effective moment, if its month was closed already and it was moved to the open one.
    Column("deferred_from", DateTime(timezone=True)),
    Column("metadata", JSONB, nullable=False),
    Column("content", LargeBinary, nullable=False),
    _written_by_column(),
    PrimaryKeyConstraint("township", "id"),
    ForeignKeyConstraint(["township", "target"], ["ledger.transaction.township", "ledger.transaction.id"]),
    CheckConstraint("phase in ('posted', 'pending', 'post', 'void', 'reversal')", name="transaction_phase"),
    CheckConstraint("(phase in ('posted', 'pending')) = (target is null)", name="transaction_target"),
    CheckConstraint(
        "phase <> 'reversal' or (person <> '' and reason <> '')", name="transaction_reversal_explained"
    ),
    CheckConstraint("expires_at is null or phase = 'pending'", name="transaction_expiry"),
    CheckConstraint("effective_at <= recorded_at and deferred_from < effective_at", name="transaction_time"),
    Index(
        "transaction_settled_once",
        "township",
        "target",
        unique=True,
        postgresql_where=text("phase in ('post', 'void')"),
    ),
    Index("transaction_reversed", "township", "target", postgresql_where=text("phase = 'reversal'")),
    Index("transaction_expiring", "township", "expires_at", postgresql_where=text("expires_at is not null")),
    # Not by township first: a planner without statistics would use this to look up a transaction's id.
    Index("transaction_written", "written_by", "township"),
    _recorded_index("transaction"),
)

transfer = Table(
    "transfer",
    metadata,
    Column("township", Integer, nullable=False),
    Column("transaction", Uuid, nullable=False),
    Column("ordinal", SmallInteger, nullable=False),
    Column("unit", Text, nullable=False),
    Column("debit", Uuid, nullable=False),
    Column("credit", Uuid, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("pending", Boolean, nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("township", "transaction", "ordinal"),
    ForeignKeyConstraint(["township", "transaction"], ["ledger.transaction.township", "ledger.transaction.id"]),
    ForeignKeyConstraint(
        ["township", "debit", "unit"],
        ["ledger.account.township", "ledger.account.id", "ledger.account.unit"],
    ),
    ForeignKeyConstraint(
        ["township", "credit", "unit"],
        ["ledger.account.township", "ledger.account.id", "ledger.account.unit"],
    ),
    CheckConstraint("amount > 0", name="transfer_amount"),
    CheckConstraint("debit <> credit", name="transfer_two_accounts"),
    # For index-only scans that sum what came from whom: the rows themselves are scattered over the table.
    _account_index("debit", "credit"),
    _account_index("credit", "debit"),
    _recorded_index("transfer"),
)

period_closing = Table(
    "period_closing",
    metadata,
    Column("township", Integer, nullable=False),
    # The first open moment.
    Column("until", DateTime(timezone=True), nullable=False),
    Column("closed_at", DateTime(timezone=True), nullable=False),
    Column("person", Text, nullable=False),
    Column("reason", Text, nullable=False),
    _written_by_column(),
    PrimaryKeyConstraint("township", "until"),
    CheckConstraint("until <= closed_at", name="period_closing_over"),
)

# Posted balances at the end of a closed period; an account without a row had zero.
checkpoint = Table(
    "checkpoint",
    metadata,
    Column("township", Integer, nullable=False),
    Column("account", Uuid, nullable=False),
    Column("until", DateTime(timezone=True), nullable=False),
    # More than a bigint where an account without a limit adds up what many households have.
    Column("posted", Numeric, nullable=False),
    PrimaryKeyConstraint("township", "account", "until"),
    ForeignKeyConstraint(["township", "account"], ["ledger.account.township", "ledger.account.id"]),
    ForeignKeyConstraint(["township", "until"], ["ledger.period_closing.township", "ledger.period_closing.until"]),
)

# Transactions whose subject is kept from publication: the bodies that may read it, and what opens the commitment
# in `metadata`. Without salt, the transaction is older than commitments and its own record tells the subject.
withheld = Table(
    "withheld",
    metadata,
    Column("township", Integer, nullable=False),
    Column("transaction", Uuid, nullable=False),
    Column("readers", ARRAY(Text), nullable=False),
    Column("salt", LargeBinary),
    # A canonical JSON text.
    Column("subject", Text),
    PrimaryKeyConstraint("township", "transaction"),
    ForeignKeyConstraint(["township", "transaction"], ["ledger.transaction.township", "ledger.transaction.id"]),
    CheckConstraint("(salt is null) = (subject is null)", name="withheld_opening"),
    CheckConstraint("octet_length(salt) >= 16", name="withheld_salt"),
)

# How points expire: the policy in force on a day is the last to have taken effect by then.
expiry_policy = Table(
    "expiry_policy",
    metadata,
    Column("township", Integer, nullable=False),
    Column("unit", Text, nullable=False),
    Column("effective_on", Date, nullable=False),
    Column("kind", Text, nullable=False),
    # Only for a rolling policy.
    Column("months", Integer),
    Column("person", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("adopted_at", DateTime(timezone=True), nullable=False),
    _written_by_column(),
    PrimaryKeyConstraint("township", "unit", "effective_on"),
    ForeignKeyConstraint(["township", "unit"], ["ledger.unit.township", "ledger.unit.code"]),
    CheckConstraint("kind in ('none', 'year-end', 'rolling')", name="expiry_policy_kind"),
    CheckConstraint(
        "(kind = 'rolling') = (months is not null) and months between 1 and 120", name="expiry_policy_months"
    ),
    # Not retroactive. One day of tolerance, since the township's calendar isn't that of UTC.
    CheckConstraint("effective_on >= (adopted_at at time zone 'UTC')::date - 1", name="expiry_policy_ahead"),
)

# The records in the order of the Merkle tree. `kind` and `key` identify one; see the view `leaf_record`.
leaf = Table(
    "leaf",
    metadata,
    Column("township", Integer, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("key", Text, nullable=False),
    PrimaryKeyConstraint("township", "position"),
    UniqueConstraint("township", "kind", "key"),
)

# The hashes of the tree's perfect subtrees; level 0 has those of the leaves.
node = Table(
    "node",
    metadata,
    Column("township", Integer, nullable=False),
    Column("level", SmallInteger, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    PrimaryKeyConstraint("township", "level", "position"),
    CheckConstraint("octet_length(hash) = 32", name="node_hash"),
)

seal_key = Table(
    "seal_key",
    metadata,
    Column("township", Integer, nullable=False),
    Column("key", Text, nullable=False),
    Column("added_at", DateTime(timezone=True), nullable=False),
    _written_by_column(),
    PrimaryKeyConstraint("township", "key"),
)

# Signed heads; `note` is the printed text.
tree_head = Table(
    "tree_head",
    metadata,
    Column("township", Integer, nullable=False),
    Column("signed_at", DateTime(timezone=True), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("note", Text, nullable=False),
    _written_by_column(),
    PrimaryKeyConstraint("township", "signed_at"),
    Index("tree_head_size", "township", "size"),
)

# The books went back to the backup of a moment, when the tree had this size and root. No head is signed any more
# with `key`, the newest one by then (null where there was none): those beyond `size` are on paper alone.
# What people did that the application's own tables tell, written by triggers of those tables. `scope`: where it
# counts, empty for everywhere; `about`: what it was done to, `kind:id`; `detail`: that in words, as of then.
act = Table(
    "act",
    metadata,
    Column("township", Integer, nullable=False),
    Column("key", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("person", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("about", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("acted_at", DateTime(timezone=True), nullable=False),
    _written_by_column(),
    PrimaryKeyConstraint("township", "key"),
    CheckConstraint("kind <> '' and person <> '' and about <> ''", name="act_told"),
    Index("act_written", "written_by", "township"),
    Index("act_recent", "township", "acted_at", "key"),
    Index("act_of_person", "township", "person", "acted_at"),
    Index("act_about", "township", "about"),
)

restore = Table(
    "restore",
    metadata,
    Column("township", Integer, nullable=False),
    Column("id", Uuid, nullable=False),
    Column("backup_at", DateTime(timezone=True), nullable=False),
    Column("restored_at", DateTime(timezone=True), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("root", LargeBinary, nullable=False),
    Column("key", Text),
    Column("person", Text, nullable=False),
    Column("reason", Text, nullable=False),
    _written_by_column(),
    PrimaryKeyConstraint("township", "id"),
    CheckConstraint("backup_at <= restored_at", name="restore_order"),
    CheckConstraint("octet_length(root) = 32", name="restore_root"),
    CheckConstraint("person <> '' and reason <> ''", name="restore_explained"),
)

# What the sealer keeps for itself: no part of the books, and made anew where it doesn't fit them.
sealer_metadata = MetaData(schema="ledger")

# How far the sealer has come, with so many leaves. Of what this server wrote, all before transaction `sealed_to`
# is sealed; of what came from another one, all up to `swept_to`, which is not the last while it is `sweeping`.
sealing = Table(
    "sealing",
    sealer_metadata,
    Column("township", Integer, nullable=False),
    # As the function `server` names it.
    Column("server", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("sealed_to", BigInteger, nullable=False),
    Column("swept_to", BigInteger, nullable=False),
    Column("sweeping", Boolean, nullable=False),
    PrimaryKeyConstraint("township"),
)

# Views, in metadata of their own since they aren't tables. `entry`: each side of each transfer; `settlement`: what
# posted or voided a pending transaction; `leaf_record`: the text whose hash a leaf is.
_views = MetaData(schema="ledger")

entry = Table(
    "entry",
    _views,
    Column("township", BigInteger),
    Column("account", Uuid),
    Column("transaction", Uuid),
    Column("ordinal", SmallInteger),
    Column("unit", Text),
    Column("amount", BigInteger),
    Column("counterparty", Uuid),
    Column("pending", Boolean),
    Column("recorded_at", DateTime(timezone=True)),
)

settlement = Table(
    "settlement",
    _views,
    Column("township", Integer),
    Column("target", Uuid),
    Column("id", Uuid),
    Column("phase", Text),
    Column("effective_at", DateTime(timezone=True)),
    Column("recorded_at", DateTime(timezone=True)),
)

leaf_record = Table(
    "leaf_record",
    _views,
    Column("township", Integer),
    Column("position", BigInteger),
    Column("kind", Text),
    Column("key", Text),
    Column("record", Text),
)
