"""The books: accounts, statements, corrections, holds, periods, imports."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta

from api.wire.base import Amount, Aware, Code, Reason, Wire

MonthName = Annotated[str, Meta(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])(?!\n)$")]


class Outcome(Wire, frozen=True):
    """What became of one item of a batch. `status`: ok, exists (sent again), conflict (same id, other content),
    refused. For the last two `type` is a stable word and `reason` a sentence in Chinese: insufficient (`missing`
    of what, in `account`), exceeds-target (`missing`: by how much it is over), already-reversed, already-settled,
    expired, unknown-target, closed, unknown, not-allowed, malformed."""

    id: UUID
    status: str
    type: str = ""
    reason: str = ""
    missing: int = 0
    account: str = ""


class AccountView(Wire, frozen=True):
    """`minimum`: the least its balance may be, null for no limit. Of accounts without one, nothing pending is
    told."""

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


class Entry(Wire, frozen=True):
    """One side of a transfer as its account sees it. `amount` is signed; `balance` is what was posted right after
    it. `became`, of a pending one: posted (perhaps in part), voided or waiting. `deferred_from`: when it happened,
    where that month was closed. `reason`: its own, or that of what it settles. `source`: the earlier scheme it was
    imported from."""

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
    entries: list[Entry]
    next: str | None


class Month(Wire, frozen=True):
    """What moved with effect in a month, oldest first, between what was carried in and what is carried on."""

    account: str
    unit: str
    month: str
    closed: bool
    opening: int
    entries: list[Entry]
    closing: int


class TransferView(Wire, frozen=True):
    """`left`: what is still reserved of a pending one, or can still be moved back of one that moved."""

    debit: str
    credit: str
    unit: str
    amount: int
    left: int


class Link(Wire, frozen=True):
    """Another transaction that this one answers, or that answers it."""

    id: UUID
    kind: str
    phase: str
    person: str
    reason: str
    recorded_at: datetime
    transfers: list[TransferLine]


class TransactionView(Wire, frozen=True):
    """`person`: a name, where it is known. `target`: what this one settles or reverses; `settlement` and
    `reversals`: what settled or reversed it."""

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
    target: Link | None
    settlement: Link | None
    reversals: list[Link]


class TransferLine(Wire, frozen=True):
    """A transfer by the readable names of its accounts."""

    debit: Annotated[str, Meta(max_length=200)]
    credit: Annotated[str, Meta(max_length=200)]
    unit: Annotated[str, Meta(max_length=200)]
    amount: Amount


class Correction(Wire, frozen=True):
    """Moves back what `transaction` moved: `lines`, in the direction of moving back, or all that is left of it.
    The caller makes the `id`, so a retry counts once."""

    id: UUID
    transaction: UUID
    reason: Reason
    lines: Annotated[list[TransferLine], Meta(min_length=1, max_length=500)] | None = None


class NewHold(Wire, frozen=True):
    """Reserves points of a household for a supermarket until `expires_at`, at most a year."""

    id: UUID
    household: Code
    supermarket: Code
    points: Amount
    expires_at: Aware
    reason: Reason


class HoldSettlement(Wire, frozen=True):
    """`points`: the part that moves; the rest is released. Left out, all of it moves."""

    id: UUID
    hold: UUID
    action: Literal["post", "void"]
    points: Amount | None = None


class HoldView(Wire, frozen=True):
    id: UUID
    household: str
    supermarket: str
    points: int
    expires_at: datetime
    reason: str
    person: str
    recorded_at: datetime


class NewPeriod(Wire, frozen=True):
    month: MonthName
    reason: Reason


class Period(Wire, frozen=True):
    """A closing of the books: nothing is effective before `until` any more. `month` is the last it closed."""

    month: str
    until: datetime
    closed_at: datetime
    person: str
    reason: str


class ImportRow(Wire, frozen=True):
    """One line of an earlier scheme: points earned, or spent where they are below zero."""

    household: Annotated[str, Meta(max_length=80)]
    on: date
    points: Annotated[int, Meta(ge=-1_000_000_000, le=1_000_000_000)]
    what: Reason


class Import(Wire, frozen=True):
    """Rows count by their content under this `source`: sent again, or in an overlapping batch, each counts once.
    Rows alike count as often as they stand in one batch."""

    source: Annotated[str, Meta(min_length=1, max_length=100, pattern=r"\S")]
    rows: Annotated[list[ImportRow], Meta(min_length=1, max_length=1000)]


class RowOutcome(Wire, frozen=True):
    """As `Outcome`, for a line: the number of the row in its batch or file, from 1."""

    line: int
    id: UUID
    status: str
    type: str = ""
    reason: str = ""
    missing: int = 0
