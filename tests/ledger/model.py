"""The books as plain Python: what every batch must be answered with, and every balance after it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from ledger.transactions import (
    Account,
    AccountId,
    Balance,
    ClosingStatus,
    Phase,
    PostingResult,
    Status,
    Timeline,
    Transaction,
    TransactionId,
    Transfer,
)

LARGEST = 10**15
SETTLES = (Phase.POST, Phase.VOID)
MOVES = (Phase.POSTED, Phase.POST, Phase.REVERSAL)

# Unit, debit, credit: what an amount is counted by.
Lane = tuple[str, AccountId, AccountId]


@dataclass(frozen=True)
class Accepted:
    asked: Transaction
    moves: Counter[Lane]
    effective_at: datetime
    recorded_at: datetime
    deferred_from: datetime | None

    def at(self, timeline: Timeline) -> datetime:
        return self.effective_at if timeline is Timeline.EFFECTIVE else self.recorded_at


@dataclass
class Model:
    accounts: dict[AccountId, Account] = field(default_factory=dict)
    closed: set[AccountId] = field(default_factory=set)
    accepted: dict[TransactionId, Accepted] = field(default_factory=dict)
    open_from: datetime | None = None

    def open(self, account: Account) -> None:
        self.accounts[account.id] = account

    def close_period(self, until: datetime, now: datetime) -> ClosingStatus:
        if until > now:
            return ClosingStatus.NOT_OVER
        if self.open_from is not None and self.open_from >= until:
            return ClosingStatus.EXISTS
        self.open_from = until
        return ClosingStatus.OK

    def balance(
        self, account: AccountId, at: datetime | None = None, timeline: Timeline = Timeline.EFFECTIVE
    ) -> Balance:
        seen = [a for a in self.accepted.values() if at is None or a.at(timeline) <= at]
        posted = sum(_net(a.moves, account) for a in seen if a.asked.phase in MOVES)
        if self.accounts[account].minimum is None:
            return Balance(posted)
        settled = {a.asked.target for a in seen if a.asked.phase in SETTLES}
        waiting = [a.moves for a in seen if a.asked.phase is Phase.PENDING and a.asked.id not in settled]
        return Balance(
            posted,
            reserved=sum(n for moves in waiting for (_, debit, _), n in moves.items() if debit == account),
            expected=sum(n for moves in waiting for (_, _, credit), n in moves.items() if credit == account),
        )

    def due(self, now: datetime) -> int:
        """How many holds are beyond their expiry."""
        return sum(
            a.asked.expires_at is not None and a.asked.expires_at <= now and not self._settled(a.asked.id)
            for a in self.accepted.values()
        )

    def release_expired(self, now: datetime) -> None:
        for held in list(self.accepted.values()):
            asked = held.asked
            if asked.expires_at is not None and asked.expires_at <= now and not self._settled(asked.id):
                void = Transaction.settle(asked.id, Phase.VOID, kind=asked.kind, person="clock", reason="已过期")
                assert self.post(void, now).status is Status.OK

    def post(self, asked: Transaction, now: datetime) -> PostingResult:
        recorded = max(now, self.open_from or now)
        known = self.accepted.get(asked.id)
        if known is not None:
            return PostingResult(Status.EXISTS if known.asked == asked else Status.CONFLICT)
        if self._malformed(asked, recorded):
            return PostingResult(Status.MALFORMED)
        refusal = self._target_refused(asked, recorded)
        if refusal is not None:
            return refusal
        moves = self._moved(asked)
        refused = self._accounts_refused(moves)
        if refused is not None:
            return PostingResult(refused)
        short = self._insufficient(asked, moves)
        if short is not None:
            return short
        effective = asked.effective_at or recorded
        deferred = self.open_from is not None and effective < self.open_from
        self.accepted[asked.id] = Accepted(
            asked,
            moves,
            effective_at=self.open_from if deferred and self.open_from else effective,
            recorded_at=recorded,
            deferred_from=effective if deferred else None,
        )
        return PostingResult(Status.OK)

    def _malformed(self, asked: Transaction, now: datetime) -> bool:
        own = bool(asked.transfers)
        begins = asked.phase in (Phase.POSTED, Phase.PENDING)
        return (
            begins is not (asked.target is None)
            or (begins and not own)
            or (asked.phase is Phase.VOID and own)
            or (asked.phase is Phase.REVERSAL and not (asked.person and asked.reason))
            or (asked.expires_at is not None and asked.phase is not Phase.PENDING)
            or (asked.effective_at is not None and asked.effective_at > now)
            or any(not 1 <= m.amount <= LARGEST or m.debit == m.credit for m in asked.transfers)
        )

    def _target_refused(self, asked: Transaction, now: datetime) -> PostingResult | None:
        if asked.target is None:
            expired = asked.expires_at is not None and asked.expires_at <= now
            return PostingResult(Status.EXPIRED) if expired else None
        target = self.accepted.get(asked.target)
        fit = (Phase.POSTED, Phase.POST) if asked.phase is Phase.REVERSAL else (Phase.PENDING,)
        if target is None or target.asked.phase not in fit:
            return PostingResult(Status.UNKNOWN_TARGET)
        if asked.phase in SETTLES and self._settled(asked.target):
            return PostingResult(Status.ALREADY_SETTLED)
        expiry = target.asked.expires_at
        if asked.phase is Phase.POST and expiry is not None and expiry <= now:
            return PostingResult(Status.EXPIRED)
        left = self._left(asked)
        if not left:
            return PostingResult(Status.ALREADY_REVERSED)
        excess = max((n - left[lane] for lane, n in _lanes(asked.transfers).items()), default=0)
        return PostingResult(Status.EXCEEDS_TARGET, missing=excess) if excess > 0 else None

    def _settled(self, target: TransactionId) -> bool:
        return any(a.asked.target == target and a.asked.phase in SETTLES for a in self.accepted.values())

    def _left(self, asked: Transaction) -> Counter[Lane]:
        """What of its target this could still move, in the direction in which it moves it."""
        assert asked.target is not None
        held = self.accepted[asked.target].moves
        if asked.phase is not Phase.REVERSAL:
            return held
        left = Counter({(unit, credit, debit): n for (unit, debit, credit), n in held.items()})
        for earlier in self.accepted.values():
            if earlier.asked.target == asked.target and earlier.asked.phase is Phase.REVERSAL:
                left -= earlier.moves
        return left

    def _moved(self, asked: Transaction) -> Counter[Lane]:
        if asked.phase is Phase.VOID:
            return Counter()
        return _lanes(asked.transfers) if asked.transfers else self._left(asked)

    def _accounts_refused(self, moves: Counter[Lane]) -> Status | None:
        touched = [(account, unit) for unit, debit, credit in moves for account in (debit, credit)]
        if any(a not in self.accounts or self.accounts[a].unit != unit for a, unit in touched):
            return Status.UNKNOWN_ACCOUNT
        return Status.CLOSED if any(a in self.closed for a, _ in touched) else None

    def _insufficient(self, asked: Transaction, moves: Counter[Lane]) -> PostingResult | None:
        """The first account, by id, that this would leave below its minimum."""
        released = self._left(asked) if asked.phase in SETTLES else Counter()
        for account in sorted({a for lanes in (moves, released) for _, *pair in lanes for a in pair}):
            minimum = self.accounts[account].minimum
            if minimum is None:
                continue
            available = self.balance(account).available + _outgoing(released, account)
            if asked.phase is Phase.PENDING:
                available -= _outgoing(moves, account)
            else:
                available += _net(moves, account)
            if available < minimum:
                return PostingResult(Status.INSUFFICIENT, account, minimum - available)
        return None


def _lanes(transfers: Iterable[Transfer]) -> Counter[Lane]:
    lanes: Counter[Lane] = Counter()
    for m in transfers:
        lanes[m.unit, m.debit, m.credit] += m.amount
    return lanes


def _outgoing(moves: Counter[Lane], account: AccountId) -> int:
    return sum(n for (_, debit, _), n in moves.items() if debit == account)


def _net(moves: Counter[Lane], account: AccountId) -> int:
    return sum(n for (_, _, credit), n in moves.items() if credit == account) - _outgoing(moves, account)
