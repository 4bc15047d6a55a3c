"""The entries of an account: what one tells, and the queries that read a page of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Integer, bindparam, select, true, tuple_

from ledger.lookup import lateral_one
from ledger.tables import entry, settlement, transaction
from ledger.transactions import AccountId, Phase, TransactionId

# Later than any entry.
END_OF_TIME = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Position:
    """Where an entry stands in its account's statement."""

    recorded_at: datetime
    transaction: TransactionId
    ordinal: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One side of a transfer: `amount` is signed, credits are positive. `deferred_from`: the requested effective
    moment, if its period was closed already."""

    transaction: TransactionId
    ordinal: int
    kind: str
    phase: Phase
    target: TransactionId | None
    amount: int
    counterparty: AccountId
    pending: bool
    recorded_at: datetime
    effective_at: datetime
    deferred_from: datetime | None
    expires_at: datetime | None
    # Of a pending entry: whether it was posted (perhaps in part) or voided.
    settlement: Phase | None
    reason: str
    metadata: dict[str, Any]

    @property
    def position(self) -> Position:
        return Position(self.recorded_at, self.transaction, self.ordinal)


_ENTRY_TRANSACTION = lateral_one(
    select(transaction).where(transaction.c.township == entry.c.township, transaction.c.id == entry.c.transaction),
    "own",
)

_ENTRY_SETTLEMENT = lateral_one(
    select(settlement.c.phase).where(
        settlement.c.township == entry.c.township,
        settlement.c.target == _ENTRY_TRANSACTION.c.id,
        settlement.c.recorded_at <= bindparam("at"),
    ),
    "settled",
)

# Built once: building it would take longer than running it.
_SELECT_ENTRIES = (
    select(
        entry.c.transaction,
        entry.c.ordinal,
        _ENTRY_TRANSACTION.c.kind,
        _ENTRY_TRANSACTION.c.phase,
        _ENTRY_TRANSACTION.c.target,
        entry.c.amount,
        entry.c.counterparty,
        entry.c.pending,
        entry.c.recorded_at,
        _ENTRY_TRANSACTION.c.effective_at,
        _ENTRY_TRANSACTION.c.deferred_from,
        _ENTRY_TRANSACTION.c.expires_at,
        _ENTRY_SETTLEMENT.c.phase.label("settlement"),
        _ENTRY_TRANSACTION.c.reason,
        _ENTRY_TRANSACTION.c.metadata,
    )
    .select_from(entry)
    .join(_ENTRY_TRANSACTION, true())
    .outerjoin(_ENTRY_SETTLEMENT, true())
    .where(
        entry.c.township == bindparam("township"),
        entry.c.account == bindparam("account"),
        entry.c.recorded_at <= bindparam("at"),
    )
    .limit(bindparam("limit", type_=Integer))
)
_ENTRY_FIELDS = _SELECT_ENTRIES.selected_columns.keys()
_POSITION = (entry.c.recorded_at, entry.c.transaction, entry.c.ordinal)

FIRST_PAGE = _SELECT_ENTRIES.order_by(*(part.desc() for part in _POSITION))
"""The newest `limit` entries of `account`, none recorded after `at`."""

NEXT_PAGE = FIRST_PAGE.where(
    tuple_(*_POSITION) < tuple_(*(bindparam(part.name, type_=part.type) for part in _POSITION))
)
"""Those before a `Position`."""

BY_EFFECTIVE_TIME = _SELECT_ENTRIES.where(
    entry.c.pending.is_(False),
    _ENTRY_TRANSACTION.c.effective_at >= bindparam("first"),
    _ENTRY_TRANSACTION.c.effective_at < bindparam("after"),
    # Nothing takes effect after it was recorded.
    entry.c.recorded_at >= bindparam("first"),
).order_by(_ENTRY_TRANSACTION.c.effective_at, *_POSITION)
"""Posted entries effective in [`first`, `after`), in that order."""


def to_entry(row: Sequence[Any]) -> Entry:
    """From a row of these queries, by position: looking up fifteen names takes longer than reading the row."""
    fields = dict(zip(_ENTRY_FIELDS, row, strict=True))
    fields["phase"], fields["settlement"] = Phase(fields["phase"]), _to_phase(fields["settlement"])
    return Entry(**fields)


def _to_phase(value: str | None) -> Phase | None:
    return Phase(value) if value is not None else None
