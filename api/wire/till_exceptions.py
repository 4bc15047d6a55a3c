"""Entries of kiosks' journals that a person has to decide: `/v1/till-exceptions`."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from api.wire import Incoming, Wire
from api.wire.base import Note


class TillException(Wire, frozen=True):
    """An entry by kiosk, epoch, number and hash. `kind`: opened, sold, voided, returned, closed, or unreadable;
    `status` and `remark` as in `wire.till_journal.EntryOutcome`; `what` describes the entry in Chinese, its
    household masked for staff of other villages. `at` is the kiosk's own clock. `redemption` and `points` if it is
    about one. `accepted_points`: what the household's account pays if a sale is accepted, at prices that its goods
    ever had; None if it can't be booked at all. `barred`: why the caller can't decide it, empty if they can.
    `decision`: empty, accepted, noted or dismissed."""

    kiosk: UUID
    epoch: int
    number: int
    hash: str
    place: str
    supermarket: str
    kind: str
    status: str
    what: str
    remark: str
    at: datetime | None
    received_at: datetime
    redemption: UUID | None
    points: int
    accepted_points: int | None
    barred: str
    decision: str
    reason: str
    decided_by: str
    decided_at: datetime | None


class TillExceptions(Wire, frozen=True):
    """`waiting`: not decided yet, oldest first; `more`: how many there are beyond those. `notes`: decided, or
    settled with a remark, in the last 30 days, newest first."""

    waiting: list[TillException]
    more: int
    notes: list[TillException]


class TillDecision(Incoming, frozen=True):
    """Accepting a sale books it from the household's account, accepting a void reverses the redemption; anything
    else is noted. Dismissing changes no account and needs a reason."""

    accept: bool
    reason: Note = ""
