"""The general ledger: accounts, statements, corrections, holds, period closings, imports."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta

from api.wire.base import Amount, AmountSum, AwareDatetime, Code, Incoming, Key, Reason, Wire
from api.wire.text import TextRule

YearMonth = Annotated[str, Meta(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])(?!\n)$")]


class ItemOutcome(Wire, frozen=True):
    """The result for one item of a batch. `status`: ok, exists (sent again), conflict (same id, other content),
    refused. For the last two `type` is a stable code and `reason` a sentence in Chinese: insufficient (`missing`
    is what `account` lacks), exceeds-target (`missing` is the excess), overflow, already-reversed,
    already-settled, expired, unknown-target, closed, unknown, not-allowed, malformed."""

    id: UUID
    status: str
    type: str = ""
    reason: str = ""
    missing: int = 0
    account: str = ""


class AccountView(Wire, frozen=True):
    """`minimum`: the least the balance may be, null for no limit. Accounts without a limit show no pending
    amounts."""

    name: str
    unit: str
    kind: str
    minimum: int | None
    closed: bool
    posted: int
    reserved: int
    expected: int


class AccountPage(Wire, frozen=True):
    """`next` is the `after` of the next page; null on the last."""

    accounts: list[AccountView]
    next: str | None


class BalanceView(Wire, frozen=True):
    """`available` is `posted` less `reserved`; `at` is null for now."""

    account: str
    unit: str
    at: datetime | None
    timeline: str
    posted: int
    reserved: int
    expected: int
    available: int


class StatementEntry(Wire, frozen=True):
    """One side of a transfer. `amount` is signed; `balance` is the posted balance right after it. `became`, for a
    pending entry: posted (perhaps in part), voided or waiting. `deferred_from`: when it happened, if that month
    was closed already. `reason`: its own, or that of what it settles. `source`: the earlier scheme it was imported
    from."""

    transaction: UUID
    kind: str
    phase: str
    amount: int
    pending: bool
    became: str
    expires_at: datetime | None
    effective_at: datetime
    recorded_at: datetime
    deferred_from: datetime | None
    reason: str
    source: str
    counterparty: str
    balance: int


class Statement(Wire, frozen=True):
    """Newest first. `next` is the `before` of the next page; null on the last."""

    account: str
    unit: str
    entries: list[StatementEntry]
    next: str | None


class MonthStatement(Wire, frozen=True):
    """The entries that took effect in a month, oldest first, with the opening and closing balance."""

    account: str
    unit: str
    month: str
    closed: bool
    opening: int
    entries: list[StatementEntry]
    closing: int


class TransferView(Wire, frozen=True):
    """`left`: what is still reserved of a pending transfer, or can still be reversed of a posted one."""

    debit: str
    credit: str
    unit: str
    amount: int
    left: int


class LinkedTransaction(Wire, frozen=True):
    """A transaction that this one settles or reverses, or that settles or reverses it."""

    id: UUID
    kind: str
    phase: str
    person: str
    reason: str
    recorded_at: datetime
    transfers: list[TransferLine]


class TransactionView(Wire, frozen=True):
    """`person`: a name, if known; `confirmed_by`: the second one, where it took two. `target`: what this one
    settles or reverses; `settlement` and `reversals`: what settled or reversed it."""

    id: UUID
    kind: str
    phase: str
    person: str
    reason: str
    source: str
    effective_at: datetime
    recorded_at: datetime
    deferred_from: datetime | None
    expires_at: datetime | None
    transfers: list[TransferView]
    target: LinkedTransaction | None
    settlement: LinkedTransaction | None
    reversals: list[LinkedTransaction]
    confirmed_by: str = ""


class TransferLine(Incoming, frozen=True):
    """A transfer by the readable names of its accounts."""

    debit: Key
    credit: Key
    unit: Key
    amount: AmountSum


class Correction(Incoming, frozen=True):
    """Reverses `transaction`: by these `lines`, written in the direction of the reversal, or all that is left of
    it. The caller makes the `id`, so a retry counts once."""

    id: UUID
    transaction: UUID
    reason: Reason
    lines: Annotated[list[TransferLine], Meta(min_length=1, max_length=500)] | None = None


class NewHold(Incoming, frozen=True):
    """Reserve points of a household for a supermarket until `expires_at`, at most a year."""

    id: UUID
    household: Code
    supermarket: Code
    points: Amount
    expires_at: AwareDatetime
    reason: Reason


class HoldSettlement(Incoming, frozen=True):
    """`points`: the part that is posted; the rest is released. Left out, all of it is posted."""

    id: UUID
    hold: UUID
    action: Literal["post", "void"]
    points: AmountSum | None = None


class HoldView(Wire, frozen=True):
    id: UUID
    household: str
    supermarket: str
    points: int
    expires_at: datetime
    reason: str
    person: str
    recorded_at: datetime


class NewPeriodClosing(Incoming, frozen=True):
    month: YearMonth
    reason: Reason


class PeriodClosing(Wire, frozen=True):
    """A closing of the books: nothing can take effect before `until` any more. `month` is the last one closed."""

    month: str
    until: datetime
    closed_at: datetime
    person: str
    reason: str


class ImportRow(Incoming, frozen=True):
    """One line of an earlier scheme: points earned, or spent where negative."""

    household: Annotated[str, Meta(max_length=80), TextRule(80, as_sent=True)]
    on: date
    points: Annotated[int, Meta(ge=-1_000_000_000, le=1_000_000_000)]
    what: Annotated[
        str, Meta(min_length=1, max_length=200, pattern=r"\S"), TextRule(200, required=True, as_sent=True)
    ]


ImportSource = Annotated[
    str, Meta(min_length=1, max_length=100, pattern=r"\S"), TextRule(100, required=True, as_sent=True)
]
ImportChanges = Literal["ask", "replace", "add"]


class ImportBatch(Incoming, frozen=True):
    """Rows are identified by their content and this `source`: sent again, or in an overlapping batch, each counts
    once. Equal rows count as often as they occur in one batch. A row that differs in its points or in its wording
    from one that was imported before, and isn't in the batch, is `changed`: by `changes` that is only told, or the
    earlier one is reversed (`replace`), or both count (`add`)."""

    source: ImportSource
    rows: Annotated[list[ImportRow], Meta(min_length=1, max_length=1000)]
    changes: ImportChanges = "ask"


class RowOutcome(Wire, frozen=True):
    """As `ItemOutcome`, for a row; `status` may be `changed` or `replaced`, too, with the earlier row in `reason`.
    `line`: its number in the batch or file, from 1."""

    line: int
    id: UUID
    status: str
    type: str = ""
    reason: str = ""
    missing: int = 0
