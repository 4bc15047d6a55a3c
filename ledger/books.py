"""The books of one township: open accounts, post batches, read balances and entries.

Everything runs on the caller's connection and inside the caller's database transaction; nothing here
commits.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    bindparam,
    exists,
    func,
    literal_column,
    select,
    text,
    true,
    tuple_,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger import tables
from ledger.lookup import lateral_one
from ledger.tables import entry, period_closing, settlement, transaction
from ledger.transactions import (
    Account,
    AccountId,
    Balance,
    Closing,
    Phase,
    Posting,
    RecordedTransaction,
    Status,
    Timeline,
    TownshipId,
    Transaction,
    TransactionId,
    Transfer,
)

# Later than anything in the books.
ALWAYS = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Position:
    """Where an entry stands in its account's statement."""

    recorded_at: datetime
    transaction: TransactionId
    ordinal: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One side of a transfer, as its account sees it: `amount` is signed, credits are positive. `deferred_from`:
    the effective moment asked for, where its period was closed."""

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
    # What became of a pending one: posted, perhaps in part, or voided.
    settlement: Phase | None
    reason: str
    metadata: dict[str, Any]

    @property
    def position(self) -> Position:
        return Position(self.recorded_at, self.transaction, self.ordinal)


BALANCE = select(tables.balance.c.posted, tables.balance.c.reserved, tables.balance.c.expected).where(
    tables.balance.c.township == bindparam("township"), tables.balance.c.account == bindparam("account")
)
"""The balance of an account with a limit; no row where it isn't open yet."""


# Of a batch most are in order as a rule, so only the others are told one by one.
_POST = text("""
    select count(*), coalesce(json_object_agg(p.item, to_jsonb(p) || p.detail) filter (where p.status <> 'ok'),
                              '{}')::text
      from ledger.post(:township, cast(:items as jsonb), :now) as p
""")


_OTHERS = msgspec.json.Decoder(dict[int, Posting])
_OK = Posting(Status.OK)

_OWN = lateral_one(
    select(transaction).where(transaction.c.township == entry.c.township, transaction.c.id == entry.c.transaction),
    "own",
)
"""The transaction of an entry."""

_SETTLED = lateral_one(
    select(settlement.c.phase).where(
        settlement.c.township == entry.c.township,
        settlement.c.target == _OWN.c.id,
        settlement.c.recorded_at <= bindparam("at"),
    ),
    "settled",
)

# Made once: making it would take longer than running it.
_ENTRIES = (
    select(
        entry.c.transaction,
        entry.c.ordinal,
        _OWN.c.kind,
        _OWN.c.phase,
        _OWN.c.target,
        entry.c.amount,
        entry.c.counterparty,
        entry.c.pending,
        entry.c.recorded_at,
        _OWN.c.effective_at,
        _OWN.c.deferred_from,
        _OWN.c.expires_at,
        _SETTLED.c.phase.label("settlement"),
        _OWN.c.reason,
        _OWN.c.metadata,
    )
    .select_from(entry)
    .join(_OWN, true())
    .outerjoin(_SETTLED, true())
    .where(
        entry.c.township == bindparam("township"),
        entry.c.account == bindparam("account"),
        entry.c.recorded_at <= bindparam("at"),
    )
    .limit(bindparam("limit", type_=Integer))
)
_FIELDS = _ENTRIES.selected_columns.keys()
_PLACE = (entry.c.recorded_at, entry.c.transaction, entry.c.ordinal)
_NEWEST = _ENTRIES.order_by(*(part.desc() for part in _PLACE))
_NEXT = _NEWEST.where(tuple_(*_PLACE) < tuple_(*(bindparam(part.name, type_=part.type) for part in _PLACE)))
_MOVED = _ENTRIES.where(
    entry.c.pending.is_(False),
    _OWN.c.effective_at >= bindparam("first"),
    _OWN.c.effective_at < bindparam("after"),
    # Nothing is effective later than it was recorded.
    entry.c.recorded_at >= bindparam("first"),
).order_by(_OWN.c.effective_at, *_PLACE)


class Books:
    def __init__(self, connection: AsyncConnection, township: TownshipId) -> None:
        self._connection = connection
        self._township = township

    async def open(self, accounts: Iterable[Account], now: datetime) -> int:
        """Open accounts and their units; those that are open already stay. Returns how many were new."""
        rows = [
            {"id": a.id, "name": a.name, "unit": a.unit, "kind": a.kind, "minimum": a.minimum} for a in accounts
        ]
        opened = await self._connection.execute(
            text("select ledger.open_accounts(:township, cast(:rows as jsonb), :now)"),
            {"township": self._township, "rows": encoded(rows), "now": now},
        )
        return int(opened.scalar_one())

    async def close(self, account: AccountId, now: datetime, *, person: str, reason: str) -> bool:
        """Refuse every later transfer of this account; False when it is unknown or closed already."""
        closed = await self._connection.execute(
            text("select ledger.close_account(:township, :account, :person, :reason, :now)"),
            {"township": self._township, "account": account, "person": person, "reason": reason, "now": now},
        )
        return bool(closed.scalar_one())

    async def post(self, batch: Sequence[Transaction], now: datetime) -> list[Posting]:
        """Write a batch; each transaction is judged on its own and answered in the batch's order."""
        asked = {"township": self._township, "items": encoded(batch), "now": now}
        answered, others = (await self._connection.execute(_POST, asked)).one()
        assert answered == len(batch)
        told = _OTHERS.decode(others)
        return [told.get(n, _OK) for n in range(answered)]

    async def release_expired(self, now: datetime, *, limit: int) -> int:
        """Void what is pending beyond its expiry; returns how many, at most `limit`."""
        due = await self._connection.execute(
            select(transaction.c.id, transaction.c.kind)
            .where(
                transaction.c.township == self._township,
                transaction.c.expires_at <= now,
                ~exists().where(
                    settlement.c.township == transaction.c.township, settlement.c.target == transaction.c.id
                ),
            )
            .order_by(transaction.c.expires_at)
            .limit(limit)
        )
        voids = [
            Transaction.settle(TransactionId(id), Phase.VOID, kind=kind, person="clock", reason="已过期")
            for id, kind in due
        ]
        return len(await self.post(voids, now)) if voids else 0

    async def close_period(self, until: datetime, now: datetime, *, person: str, reason: str) -> Closing:
        """Nothing is effective before `until` from now on. `checkpoint` may then sum up in its own time."""
        closed = await self._connection.execute(
            text("select ledger.close_period(:township, :until, :person, :reason, :now)"),
            {"township": self._township, "until": until, "person": person, "reason": reason, "now": now},
        )
        return Closing(closed.scalar_one())

    async def checkpoint(self, until: datetime) -> int:
        """Keep the balances at the end of a closed period, so that reading them stays cheap; returns how many
        were new."""
        written = await self._connection.execute(
            text("select ledger.checkpoint(:township, :until)"), {"township": self._township, "until": until}
        )
        return int(written.scalar_one())

    async def open_from(self) -> datetime | None:
        """The first moment that no closing forbids; None when nothing is closed."""
        until: datetime | None = await self._connection.scalar(
            select(func.max(period_closing.c.until)).where(period_closing.c.township == self._township)
        )
        return until

    async def lock(self, accounts: Sequence[AccountId]) -> dict[AccountId, Balance]:
        """Keep these balances as they are until the caller's transaction ends, to read them and then post; gives
        those of accounts that aren't closed. Accounts without a limit keep no balance, so there is nothing of
        theirs to lock."""
        rows = await self._connection.execute(
            text("select * from ledger.lock_balances(:township, cast(:accounts as uuid[]))"),
            {"township": self._township, "accounts": list(accounts)},
        )
        return _by_account(rows)

    async def balance(self, account: AccountId) -> Balance:
        return (await self.balances([account]))[account]

    async def balances(self, accounts: Sequence[AccountId]) -> dict[AccountId, Balance]:
        """Balances now. Accounts with a limit keep theirs; the others are summed from their last checkpoint on,
        and tell nothing of what is pending."""
        # An array rather than a list of parameters: one statement, whatever their number.
        rows = await self._connection.execute(
            text(
                "select account, posted, reserved, expected from ledger.balance"
                " where township = :township and account = any (:accounts)"
            ),
            {"township": self._township, "accounts": list(accounts)},
        )
        found = _by_account(rows)
        summed = [account for account in accounts if account not in found]
        return found | await self.balances_at(summed, ALWAYS) if summed else found

    async def balances_at(
        self, accounts: Sequence[AccountId], at: datetime, timeline: Timeline = Timeline.EFFECTIVE
    ) -> dict[AccountId, Balance]:
        """Balances as of a moment, which belongs to it itself; nothing for an account that didn't move yet."""
        rows = await self._connection.execute(
            text("select * from ledger.balances_at(:township, :accounts, :at, :timeline)"),
            {"township": self._township, "accounts": list(accounts), "at": at, "timeline": timeline},
        )
        return _by_account(rows)

    async def statement(
        self, account: AccountId, *, limit: int, before: Position | None = None, at: datetime = ALWAYS
    ) -> list[Entry]:
        """Entries in the order of recording, newest first, none recorded after `at`; the next page begins after
        `before`, the last one seen."""
        asked = {"account": account, "at": at, "limit": limit}
        if before is None:
            return await self._entries(_NEWEST, asked)
        return await self._entries(_NEXT, asked | asdict(before))

    async def moved_between(
        self, account: AccountId, first: datetime, after: datetime, *, limit: int
    ) -> list[Entry]:
        """What moved for good with effect in [first, after), in the order of taking effect."""
        asked = {"account": account, "at": ALWAYS, "first": first, "after": after, "limit": limit}
        return await self._entries(_MOVED, asked)

    async def _entries(self, query: Select[Any], asked: dict[str, Any]) -> list[Entry]:
        rows = await self._connection.execute(query, {"township": self._township, **asked})
        return [_entry(row) for row in rows]

    async def recorded(self, ids: Iterable[TransactionId]) -> dict[TransactionId, RecordedTransaction]:
        """Transactions as they stand in the books; nothing for an id that isn't there."""
        asked = set(ids)
        found = await self._recorded(transaction.c.id.in_(asked)) if asked else []
        return {one.id: one for one in found}

    async def touches(self, account: AccountId, id: TransactionId) -> bool:
        """Whether a transaction has an entry in this account."""
        found = await self._connection.execute(
            select(entry.c.ordinal)
            .where(entry.c.township == self._township, entry.c.transaction == id, entry.c.account == account)
            .limit(1)
        )
        return found.first() is not None

    async def settlements_of(self, target: TransactionId) -> list[RecordedTransaction]:
        """What settles or reverses this one, oldest first."""
        settled = select(settlement.c.id).where(
            settlement.c.township == self._township, settlement.c.target == target
        )
        reversals = select(transaction.c.id).where(
            transaction.c.township == self._township,
            transaction.c.target == target,
            # The index's own condition, which a parameter would miss.
            transaction.c.phase == literal_column("'reversal'"),
        )
        return await self._recorded(transaction.c.id.in_(settled.union_all(reversals)))

    async def _recorded(self, condition: ColumnElement[bool]) -> list[RecordedTransaction]:
        wanted = (
            select(transaction)
            .where(transaction.c.township == self._township, condition)
            .order_by(transaction.c.recorded_at, transaction.c.id)
        )
        heads = (await self._connection.execute(wanted)).all()
        moves = await self._connection.execute(
            select(tables.transfer)
            .join(
                transaction,
                (transaction.c.township == tables.transfer.c.township)
                & (transaction.c.id == tables.transfer.c.transaction),
            )
            .where(transaction.c.township == self._township, condition)
            .order_by(tables.transfer.c.transaction, tables.transfer.c.ordinal)
        )
        transfers: defaultdict[UUID, list[Transfer]] = defaultdict(list)
        for row in moves:
            transfers[row.transaction].append(
                Transfer(AccountId(row.debit), AccountId(row.credit), row.unit, row.amount)
            )
        return [
            RecordedTransaction(
                id=TransactionId(row.id),
                kind=row.kind,
                phase=Phase(row.phase),
                target=row.target,
                transfers=tuple(transfers[row.id]),
                person=row.person,
                reason=row.reason,
                effective_at=row.effective_at,
                recorded_at=row.recorded_at,
                deferred_from=row.deferred_from,
                expires_at=row.expires_at,
                metadata=row.metadata,
            )
            for row in heads
        ]

    async def names(self, accounts: Iterable[AccountId]) -> dict[AccountId, str]:
        """Readable names of accounts."""
        rows = await self._connection.execute(
            select(tables.account.c.id, tables.account.c.name).where(
                tables.account.c.township == self._township, tables.account.c.id.in_(set(accounts))
            )
        )
        return {AccountId(row.id): row.name for row in rows}


def _entry(row: Sequence[Any]) -> Entry:
    """From a row of `_ENTRIES`. By place: looking up fifteen names in a row takes longer than reading it."""
    fields = dict(zip(_FIELDS, row, strict=True))
    fields["phase"], fields["settlement"] = Phase(fields["phase"]), _phase(fields["settlement"])
    return Entry(**fields)


def _phase(word: str | None) -> Phase | None:
    return Phase(word) if word is not None else None


def _by_account(rows: Iterable[Any]) -> dict[AccountId, Balance]:
    return {AccountId(row.account): Balance(row.posted, row.reserved, row.expected) for row in rows}


def encoded(value: Any) -> str:
    """As the books' functions take it: a batch of transactions for `ledger.post`."""
    return msgspec.json.encode(value).decode()
