"""The books of one township: open accounts, post batches, read balances and entries.

Everything runs on the caller's connection and in the caller's database transaction; nothing here commits.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import (
    ColumnElement,
    Select,
    bindparam,
    exists,
    func,
    literal_column,
    select,
    text,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger import tables
from ledger.commitments import Opening
from ledger.entries import BY_EFFECTIVE_TIME, END_OF_TIME, FIRST_PAGE, NEXT_PAGE, Entry, Position, to_entry
from ledger.tables import entry, period_closing, settlement, transaction
from ledger.transactions import (
    Account,
    AccountId,
    Balance,
    ClosingStatus,
    Phase,
    PostingResult,
    RecordedTransaction,
    Status,
    Timeline,
    TownshipId,
    Transaction,
    TransactionId,
    Transfer,
)

BALANCE = select(tables.balance.c.posted, tables.balance.c.reserved, tables.balance.c.expected).where(
    tables.balance.c.township == bindparam("township"), tables.balance.c.account == bindparam("account")
)
"""The balance of an account with a limit; no row if it isn't open yet."""


@dataclass(frozen=True, slots=True)
class Withheld:
    """What is kept from publication of a transaction: `root` is the one that it settles or reverses in the end,
    `metadata` that one's. `opening` is the transaction's own; without one its own record tells what it tells."""

    root: TransactionId
    metadata: Mapping[str, Any]
    readers: tuple[str, ...]
    opening: Opening | None


_WITHHELD = text("""
    select x.id, r.id as root, r.metadata, w.readers, o.salt, o.subject
      from ledger.transaction x
      left join ledger.transaction t on t.township = x.township and t.id = x.target
      join ledger.withheld w on w.township = x.township and w.transaction = coalesce(t.target, t.id, x.id)
      join ledger.transaction r on r.township = w.township and r.id = w.transaction
      left join ledger.withheld o on o.township = x.township and o.transaction = x.id
     where x.township = :township and x.id = any (cast(:ids as uuid[]))
""")

# Most transactions of a batch succeed, so only the others are returned one by one.
_POST = text("""
    select count(*), coalesce(json_object_agg(p.item, to_jsonb(p) || p.detail) filter (where p.status <> 'ok'),
                              '{}')::text
      from ledger.post(:township, cast(:items as jsonb), :now) as p
""")


_NOT_OK_RESULTS = msgspec.json.Decoder(dict[int, PostingResult])
_OK = PostingResult(Status.OK)


class Books:
    def __init__(self, connection: AsyncConnection, township: TownshipId) -> None:
        self._connection = connection
        self._township = township

    async def open_accounts(self, accounts: Iterable[Account], now: datetime) -> int:
        """Open accounts and their units, except those that are open already. Returns how many were new."""
        rows = [
            {"id": a.id, "name": a.name, "unit": a.unit, "kind": a.kind, "minimum": a.minimum} for a in accounts
        ]
        opened = await self._connection.execute(
            text("select ledger.open_accounts(:township, cast(:rows as jsonb), :now)"),
            {"township": self._township, "rows": encode_json(rows), "now": now},
        )
        return int(opened.scalar_one())

    async def close_account(self, account: AccountId, now: datetime, *, person: str, reason: str) -> bool:
        """Refuse all later transfers of this account; False if it is unknown or closed already."""
        closed = await self._connection.execute(
            text("select ledger.close_account(:township, :account, :person, :reason, :now)"),
            {"township": self._township, "account": account, "person": person, "reason": reason, "now": now},
        )
        return bool(closed.scalar_one())

    async def post(self, batch: Sequence[Transaction], now: datetime) -> list[PostingResult]:
        """Post a batch; each transaction succeeds or fails on its own. Results are in the batch's order."""
        parameters = {"township": self._township, "items": encode_json(batch), "now": now}
        posted, not_ok = (await self._connection.execute(_POST, parameters)).one()
        assert posted == len(batch)
        results = _NOT_OK_RESULTS.decode(not_ok)
        return [results.get(n, _OK) for n in range(posted)]

    async def withhold(self, openings: Mapping[TransactionId, Opening]) -> None:
        """Keep the openings of recorded transactions with a commitment."""
        items = [
            {"transaction": id, "salt": opening.salt.hex(), "subject": opening.subject}
            for id, opening in openings.items()
        ]
        if items:
            await self._connection.execute(
                text("select ledger.withhold(:township, cast(:items as jsonb))"),
                {"township": self._township, "items": encode_json(items)},
            )

    async def read_withheld(self, ids: Iterable[TransactionId]) -> dict[TransactionId, Withheld]:
        """What is kept from publication of these transactions; nothing for the others. A transaction that settles
        or reverses is kept back with the one that it goes back to."""
        rows = await self._connection.execute(
            _WITHHELD, {"township": self._township, "ids": list(dict.fromkeys(ids))}
        )
        return {
            TransactionId(row.id): Withheld(
                root=TransactionId(row.root),
                metadata=row.metadata,
                readers=tuple(row.readers),
                opening=Opening(row.salt, row.subject) if row.salt is not None else None,
            )
            for row in rows
        }

    async def release_expired(self, now: datetime, *, limit: int) -> int:
        """Void at most `limit` pending transactions that have expired; returns how many."""
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

    async def close_period(self, until: datetime, now: datetime, *, person: str, reason: str) -> ClosingStatus:
        """Nothing can take effect before `until` any more. Call `checkpoint` afterwards."""
        closed = await self._connection.execute(
            text("select ledger.close_period(:township, :until, :person, :reason, :now)"),
            {"township": self._township, "until": until, "person": person, "reason": reason, "now": now},
        )
        return ClosingStatus(closed.scalar_one())

    async def checkpoint(self, until: datetime) -> int:
        """Store the balances at the end of a closed period, so that reading them stays cheap; returns how many
        were new."""
        written = await self._connection.execute(
            text("select ledger.checkpoint(:township, :until)"), {"township": self._township, "until": until}
        )
        return int(written.scalar_one())

    async def first_open_moment(self) -> datetime | None:
        """The end of the last closed period; None if none is closed."""
        until: datetime | None = await self._connection.scalar(
            select(func.max(period_closing.c.until)).where(period_closing.c.township == self._township)
        )
        return until

    async def lock_balances(self, accounts: Sequence[AccountId]) -> dict[AccountId, Balance]:
        """Lock these balances until the caller's transaction ends, to read them and then post; returns those of
        accounts that aren't closed. Accounts without a limit have no balance row to lock."""
        rows = await self._connection.execute(
            text("select * from ledger.lock_balances(:township, cast(:accounts as uuid[]))"),
            {"township": self._township, "accounts": list(accounts)},
        )
        return _to_balances(rows)

    async def read_balance(self, account: AccountId) -> Balance:
        return (await self.read_balances([account]))[account]

    async def read_balances(self, accounts: Sequence[AccountId]) -> dict[AccountId, Balance]:
        """Current balances. Accounts with a limit have a stored balance; the others are summed from their last
        checkpoint, without pending amounts."""
        # An array rather than a list of parameters: the same statement for any number.
        rows = await self._connection.execute(
            text(
                "select account, posted, reserved, expected from ledger.balance"
                " where township = :township and account = any (:accounts)"
            ),
            {"township": self._township, "accounts": list(accounts)},
        )
        stored = _to_balances(rows)
        others = [account for account in accounts if account not in stored]
        return stored | await self.read_balances_at(others, END_OF_TIME) if others else stored

    async def read_balances_at(
        self, accounts: Sequence[AccountId], at: datetime, timeline: Timeline = Timeline.EFFECTIVE
    ) -> dict[AccountId, Balance]:
        """Balances as of a moment, inclusive; nothing for an account without entries by then."""
        rows = await self._connection.execute(
            text("select * from ledger.balances_at(:township, :accounts, :at, :timeline)"),
            {"township": self._township, "accounts": list(accounts), "at": at, "timeline": timeline},
        )
        return _to_balances(rows)

    async def read_statement(
        self, account: AccountId, *, limit: int, before: Position | None = None, at: datetime = END_OF_TIME
    ) -> list[Entry]:
        """Entries in the order of recording, newest first, none recorded after `at`. `before`: the position of the
        previous page's last entry."""
        parameters = {"account": account, "at": at, "limit": limit}
        if before is None:
            return await self._read_entries(FIRST_PAGE, parameters)
        return await self._read_entries(NEXT_PAGE, parameters | asdict(before))

    async def read_entries_between(
        self, account: AccountId, first: datetime, after: datetime, *, limit: int
    ) -> list[Entry]:
        """Posted entries effective in [first, after), in that order."""
        parameters = {"account": account, "at": END_OF_TIME, "first": first, "after": after, "limit": limit}
        return await self._read_entries(BY_EFFECTIVE_TIME, parameters)

    async def _read_entries(self, query: Select[Any], parameters: dict[str, Any]) -> list[Entry]:
        rows = await self._connection.execute(query, {"township": self._township, **parameters})
        return [to_entry(row) for row in rows]

    async def recorded(self, ids: Iterable[TransactionId]) -> dict[TransactionId, RecordedTransaction]:
        """The recorded transactions with these ids; nothing for an id that isn't in the books."""
        wanted = set(ids)
        found = await self._read_recorded(transaction.c.id.in_(wanted)) if wanted else []
        return {one.id: one for one in found}

    async def has_entry(self, account: AccountId, id: TransactionId) -> bool:
        """Whether a transaction has an entry in this account."""
        found = await self._connection.execute(
            select(entry.c.ordinal)
            .where(entry.c.township == self._township, entry.c.transaction == id, entry.c.account == account)
            .limit(1)
        )
        return found.first() is not None

    async def settlements_of(self, target: TransactionId) -> list[RecordedTransaction]:
        """What settles or reverses this transaction, oldest first."""
        settlements = select(settlement.c.id).where(
            settlement.c.township == self._township, settlement.c.target == target
        )
        reversals = select(transaction.c.id).where(
            transaction.c.township == self._township,
            transaction.c.target == target,
            # The partial index's condition, which a parameter would not match.
            transaction.c.phase == literal_column("'reversal'"),
        )
        return await self._read_recorded(transaction.c.id.in_(settlements.union_all(reversals)))

    async def _read_recorded(self, condition: ColumnElement[bool]) -> list[RecordedTransaction]:
        query = (
            select(transaction)
            .where(transaction.c.township == self._township, condition)
            .order_by(transaction.c.recorded_at, transaction.c.id)
        )
        transactions = (await self._connection.execute(query)).all()
        transfer_rows = await self._connection.execute(
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
        for row in transfer_rows:
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
            for row in transactions
        ]

    async def read_names(self, accounts: Iterable[AccountId]) -> dict[AccountId, str]:
        """The names of accounts."""
        rows = await self._connection.execute(
            select(tables.account.c.id, tables.account.c.name).where(
                tables.account.c.township == self._township, tables.account.c.id.in_(set(accounts))
            )
        )
        return {AccountId(row.id): row.name for row in rows}


def _to_balances(rows: Iterable[Any]) -> dict[AccountId, Balance]:
    return {AccountId(row.account): Balance(int(row.posted), int(row.reserved), int(row.expected)) for row in rows}


def encode_json(value: Any) -> str:
    """A parameter for the books' SQL functions, such as a batch of transactions for `ledger.post`."""
    return msgspec.json.encode(value).decode()
