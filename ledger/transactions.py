"""Transfers, and the transactions that group them.

A transfer moves a positive integer amount of one unit from its debit account to its credit account, so an
unbalanced transaction can't be expressed. A balance is credits minus debits, as the account's owner sees it, for
points, goods and money alike.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any, NewType
from uuid import UUID, uuid5

TownshipId = NewType("TownshipId", int)
AccountId = NewType("AccountId", UUID)
TransactionId = NewType("TransactionId", UUID)

_NAMESPACE = UUID("6a1f5a52-7d7e-5a0e-9d57-0d5c4a9f3b11")


class UnitKind(StrEnum):
    POINTS = "points"
    GOODS = "goods"
    MONEY = "money"


@lru_cache(maxsize=1 << 14)
def account_id(name: str) -> AccountId:
    """The id of the account with this name, whether open or not."""
    return AccountId(uuid5(_NAMESPACE, name))


@dataclass(frozen=True, slots=True)
class Account:
    """An account. Its readable name is unique in the township and determines its id.

    `minimum` is the least its balance may be, less all pending debits; None: no limit.
    """

    name: str
    unit: str
    kind: UnitKind
    minimum: int | None = None

    @property
    def id(self) -> AccountId:
        return account_id(self.name)


@dataclass(frozen=True, slots=True)
class Transfer:
    debit: AccountId
    credit: AccountId
    unit: str
    amount: int


class Phase(StrEnum):
    POSTED = "posted"
    PENDING = "pending"
    POST = "post"
    VOID = "void"
    REVERSAL = "reversal"


@dataclass(frozen=True, slots=True)
class Transaction:
    """Transfers that happen together or not at all. The caller makes the id; a transaction sent again counts once.

    Leave out `effective_at` unless it differs from the moment of recording, since a retry must have the same
    content. `settle` makes transactions that post, void or reverse another; a post or reversal with transfers of
    its own moves only that part.
    """

    id: TransactionId
    kind: str
    phase: Phase
    transfers: tuple[Transfer, ...] = ()
    target: TransactionId | None = None
    person: str = ""
    reason: str = ""
    effective_at: datetime | None = None
    expires_at: datetime | None = None
    metadata: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def settle(
        cls, target: TransactionId, phase: Phase, *, kind: str, person: str, reason: str = ""
    ) -> Transaction:
        """Post, void or reverse `target`. The id is derived from both, so that settling twice counts once."""
        return cls(
            id=TransactionId(uuid5(target, phase)),
            kind=kind,
            phase=phase,
            target=target,
            person=person,
            reason=reason,
        )


@dataclass(frozen=True, slots=True)
class RecordedTransaction:
    """A transaction in the books. `deferred_from`: the requested effective moment, if its period was closed
    already."""

    id: TransactionId
    kind: str
    phase: Phase
    target: TransactionId | None
    transfers: tuple[Transfer, ...]
    person: str
    reason: str
    effective_at: datetime
    recorded_at: datetime
    deferred_from: datetime | None
    expires_at: datetime | None
    metadata: dict[str, Any]

    def remaining(self, settlements: Iterable[RecordedTransaction]) -> tuple[int, ...]:
        """For each transfer, how much is still reserved if this is pending, or can still be reversed if it is
        posted; `settlements` are all transactions that settle or reverse it."""
        reversed_amounts: Counter[tuple[AccountId, AccountId, str]] = Counter()
        settled = self.phase not in (Phase.PENDING, Phase.POSTED, Phase.POST)
        for settlement in settlements:
            settled = settled or settlement.phase is not Phase.REVERSAL
            for t in settlement.transfers:
                reversed_amounts[t.credit, t.debit, t.unit] += t.amount
        amounts = []
        for t in self.transfers:
            reversed_amount = min(t.amount, reversed_amounts[t.debit, t.credit, t.unit])
            reversed_amounts[t.debit, t.credit, t.unit] -= reversed_amount
            amounts.append(0 if settled else t.amount - reversed_amount)
        return tuple(amounts)


class Status(StrEnum):
    OK = "ok"
    EXISTS = "exists"
    CONFLICT = "conflict"
    MALFORMED = "malformed"
    UNKNOWN_ACCOUNT = "unknown-account"
    CLOSED = "closed"
    INSUFFICIENT = "insufficient"
    OVERFLOW = "overflow"
    UNKNOWN_TARGET = "unknown-target"
    ALREADY_SETTLED = "already-settled"
    ALREADY_REVERSED = "already-reversed"
    EXCEEDS_TARGET = "exceeds-target"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class PostingResult:
    """The result for one transaction of a batch. For an insufficient balance, `account` and `missing` say which
    one and by how much; for one that would leave the range of a bigint, `account` says which; for a part that
    exceeds what is left of its target, `missing` is the excess."""

    status: Status
    account: AccountId | None = None
    missing: int = 0

    @property
    def accepted(self) -> bool:
        """Whether it is in the books, now or since an earlier attempt."""
        return self.status in (Status.OK, Status.EXISTS)


class Timeline(StrEnum):
    """Whether a past moment means when things happened, or when they were recorded."""

    EFFECTIVE = "effective"
    RECORDED = "recorded"


class ClosingStatus(StrEnum):
    OK = "ok"
    EXISTS = "exists"
    NOT_OVER = "not-over"


@dataclass(frozen=True, slots=True)
class Balance:
    """`posted`: without pending amounts; `reserved` and `expected`: pending debits and credits."""

    posted: int
    reserved: int = 0
    expected: int = 0

    @property
    def available(self) -> int:
        return self.posted - self.reserved
