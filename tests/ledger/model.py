"""The books as plain Python: what every batch must be answered with, and every balance after it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from ledger.transactions import (
    Account,
    AccountId,
    Balance,
    Phase,
    Posting,
    Status,
    Transaction,
    TransactionId,
    Transfer,
)

LARGEST = 10**15


@dataclass
class Model:
    accounts: dict[AccountId, Account] = field(default_factory=dict)
    closed: set[AccountId] = field(default_factory=set)
    posted: dict[AccountId, int] = field(default_factory=dict)
    accepted: dict[TransactionId, Transaction] = field(default_factory=dict)
    moves: dict[TransactionId, tuple[Transfer, ...]] = field(default_factory=dict)
    settled: set[TransactionId] = field(default_factory=set)
    reversed: set[TransactionId] = field(default_factory=set)

    def open(self, account: Account) -> None:
        self.accounts[account.id] = account
        self.posted.setdefault(account.id, 0)

    def balance(self, account: AccountId) -> Balance:
        if self.accounts[account].minimum is None:
            return Balance(self.posted[account])
        waiting = [m for t in self._waiting() for m in self.moves[t]]
        return Balance(
            self.posted[account],
            reserved=sum(m.amount for m in waiting if m.debit == account),
            expected=sum(m.amount for m in waiting if m.credit == account),
        )

    def post(self, asked: Transaction, now: datetime) -> Posting:
        known = self.accepted.get(asked.id)
        if known is not None:
            return Posting(Status.EXISTS if known == asked else Status.CONFLICT)
        refusal = self._malformed(asked) or self._target_refused(asked, now) or self._accounts_refused(asked)
        if refusal is not None:
            return Posting(refusal)
        short = self._insufficient(asked)
        if short is not None:
            return short
        self._write(asked)
        return Posting(Status.OK)

    def _waiting(self) -> Iterable[TransactionId]:
        return (t for t, asked in self.accepted.items() if asked.phase is Phase.PENDING and t not in self.settled)

    def _malformed(self, asked: Transaction) -> Status | None:
        wrong_expiry = asked.expires_at is not None and asked.phase is not Phase.PENDING
        if asked.phase in (Phase.POSTED, Phase.PENDING):
            wrong = asked.target is not None or not asked.transfers
            wrong |= any(not 1 <= m.amount <= LARGEST or m.debit == m.credit for m in asked.transfers)
            return Status.MALFORMED if wrong or wrong_expiry else None
        return Status.MALFORMED if wrong_expiry else None

    def _target_refused(self, asked: Transaction, now: datetime) -> Status | None:
        if asked.phase in (Phase.POSTED, Phase.PENDING):
            return None
        target = self.accepted.get(asked.target) if asked.target is not None else None
        fit = (Phase.POSTED, Phase.POST) if asked.phase is Phase.REVERSAL else (Phase.PENDING,)
        if target is None or target.phase not in fit:
            return Status.UNKNOWN_TARGET
        if asked.transfers or (asked.phase is Phase.REVERSAL and not (asked.person and asked.reason)):
            return Status.MALFORMED
        if asked.phase is Phase.REVERSAL:
            return Status.ALREADY_REVERSED if target.id in self.reversed else None
        if target.id in self.settled:
            return Status.ALREADY_SETTLED
        expired = target.expires_at is not None and target.expires_at <= now
        return Status.EXPIRED if asked.phase is Phase.POST and expired else None

    def _accounts_refused(self, asked: Transaction) -> Status | None:
        touched = [(account, m.unit) for m in self._moved(asked) for account in (m.debit, m.credit)]
        if any(a not in self.accounts or self.accounts[a].unit != unit for a, unit in touched):
            return Status.UNKNOWN_ACCOUNT
        if asked.phase is not Phase.VOID and any(a in self.closed for a, _ in touched):
            return Status.CLOSED
        return None

    def _insufficient(self, asked: Transaction) -> Posting | None:
        """The first account, by id, that this would leave below its minimum."""
        if asked.phase is Phase.VOID:
            return None
        moved = self._moved(asked)
        for account in sorted({a for m in moved for a in (m.debit, m.credit)}):
            minimum = self.accounts[account].minimum
            if minimum is None:
                continue
            leaving = sum(m.amount for m in moved if m.debit == account)
            coming = sum(m.amount for m in moved if m.credit == account)
            available = self.balance(account).available
            if asked.phase is not Phase.PENDING:
                available += coming
            if asked.phase is not Phase.POST:
                available -= leaving
            if available < minimum:
                return Posting(Status.INSUFFICIENT, account, minimum - available)
        return None

    def _write(self, asked: Transaction) -> None:
        self.moves[asked.id] = self._moved(asked)
        self.accepted[asked.id] = asked
        if asked.target is not None:
            (self.reversed if asked.phase is Phase.REVERSAL else self.settled).add(asked.target)
        if asked.phase in (Phase.POSTED, Phase.POST, Phase.REVERSAL):
            for move in self.moves[asked.id]:
                self.posted[move.debit] -= move.amount
                self.posted[move.credit] += move.amount

    def _moved(self, asked: Transaction) -> tuple[Transfer, ...]:
        if asked.target is None:
            return asked.transfers
        moves = self.moves[asked.target]
        if asked.phase is Phase.REVERSAL:
            return tuple(Transfer(m.credit, m.debit, m.unit, m.amount) for m in moves)
        return moves
