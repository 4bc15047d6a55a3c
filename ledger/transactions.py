"""What is written into the books: transfers, and the transactions that bind them together.

A transfer moves a positive integer amount of one unit from its debit account to its credit account, so
nothing unbalanced can be written down. Every account is seen from its holder's side: its balance is what
was credited minus what was debited, for points, goods and money alike.
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

_NAMES = UUID("6a1f5a52-7d7e-5a0e-9d57-0d5c4a9f3b11")


class UnitKind(StrEnum):
    POINTS = "points"
    GOODS = "goods"
    MONEY = "money"


@lru_cache(maxsize=1 << 14)
def account_id(name: str) -> AccountId:
    """The id of the account with this name, open or not."""
    return AccountId(uuid5(_NAMES, name))


@dataclass(frozen=True, slots=True)
class Account:
    """An account by its readable name, which is unique in the township and gives it its id.

    `minimum` is the least its balance may be with all pending debits counted; None is no limit.
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
    """Transfers that happen together or not at all. The caller makes the id, and may send the same
    transaction as often as it likes: it counts once.

    `effective_at` is left out unless it differs from the moment of recording, since a retry must carry the
    same content. `settle` makes those that post, void or reverse another; with transfers of its own, a post or a
    reversal moves just that part.
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
        """Post, void or reverse `target`. The id follows from both, so that settling twice counts once."""
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
    """A transaction as it stands in the books. `deferred_from`: the effective moment asked for, where its period
    was closed."""

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
        """For each transfer, how much of it is still reserved where this is pending, or can still be moved back
        where it moved; `settlements` are all that settle or reverse it."""
        moved_back: Counter[tuple[AccountId, AccountId, str]] = Counter()
        settled = self.phase not in (Phase.PENDING, Phase.POSTED, Phase.POST)
        for settlement in settlements:
            settled = settled or settlement.phase is not Phase.REVERSAL
            for t in settlement.transfers:
                moved_back[t.credit, t.debit, t.unit] += t.amount
        left = []
        for t in self.transfers:
            gone = min(t.amount, moved_back[t.debit, t.credit, t.unit])
            moved_back[t.debit, t.credit, t.unit] -= gone
            left.append(0 if settled else t.amount - gone)
        return tuple(left)


class Status(StrEnum):
    OK = "ok"
    EXISTS = "exists"
    CONFLICT = "conflict"
    MALFORMED = "malformed"
    UNKNOWN_ACCOUNT = "unknown-account"
    CLOSED = "closed"
    INSUFFICIENT = "insufficient"
    UNKNOWN_TARGET = "unknown-target"
    ALREADY_SETTLED = "already-settled"
    ALREADY_REVERSED = "already-reversed"
    EXCEEDS_TARGET = "exceeds-target"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Posting:
    """What became of one transaction of a batch: `account` and `missing` tell which limit refused it, `missing`
    alone by how much a part is more than what is left of its target."""

    status: Status
    account: AccountId | None = None
    missing: int = 0

    @property
    def accepted(self) -> bool:
        """In the books, now or from an earlier try."""
        return self.status in (Status.OK, Status.EXISTS)


class Timeline(StrEnum):
    """A past moment by when things happened, or by when they were written down."""

    EFFECTIVE = "effective"
    RECORDED = "recorded"


class Closing(StrEnum):
    OK = "ok"
    EXISTS = "exists"
    NOT_OVER = "not-over"


@dataclass(frozen=True, slots=True)
class Balance:
    """`posted` moved for good; `reserved` will leave and `expected` will come when what is pending posts."""

    posted: int
    reserved: int = 0
    expected: int = 0

    @property
    def available(self) -> int:
        return self.posted - self.reserved
