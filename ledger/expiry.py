"""When points expire: policies, and the months at whose beginning what was earned too long ago is up. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, tzinfo
from enum import StrEnum
from uuid import uuid5

from ledger.transactions import AccountId, TransactionId

# The most months that a rolling policy may give.
LONGEST = 120


class Kind(StrEnum):
    NONE = "none"
    YEAR_END = "year-end"
    ROLLING = "rolling"


@dataclass(frozen=True, slots=True)
class Policy:
    """In force from `effective_on` until the next one is. `months`: of a rolling one alone; what was earned in a
    month lasts until the end of the `months`-th month after it."""

    effective_on: date
    kind: Kind
    months: int | None = None


@dataclass(frozen=True, slots=True)
class Boundary:
    """The first day of a month: at its midnight expires what was earned before another such day and isn't used."""

    on: date
    earned_before: date
    zone: tzinfo

    @property
    def at(self) -> datetime:
        return datetime.combine(self.on, time(), self.zone)

    @property
    def cutoff(self) -> datetime:
        return datetime.combine(self.earned_before, time(), self.zone)


def in_force(policies: Sequence[Policy], day: date) -> Policy | None:
    begun = [p for p in policies if p.effective_on <= day]
    return max(begun, key=lambda p: p.effective_on, default=None)


def boundary(policies: Sequence[Policy], on: date, zone: tzinfo) -> Boundary | None:
    """What is up on this day by the policy in force then; None when nothing can be."""
    policy = in_force(policies, on)
    if policy is None or on.day != 1:
        return None
    if policy.kind is Kind.YEAR_END and on.month == 1:
        return Boundary(on, on, zone)
    if policy.kind is Kind.ROLLING and policy.months is not None:
        return Boundary(on, _month(on, -policy.months), zone)
    return None


def latest(policies: Sequence[Policy], today: date, zone: tzinfo) -> Boundary | None:
    """The last boundary that today has reached."""
    first = min((p.effective_on for p in policies), default=today)
    month = today.replace(day=1)
    while month >= first:
        found = boundary(policies, month, zone)
        if found is not None:
            return found
        month = _month(month, -1)
    return None


def upcoming(policies: Sequence[Policy], today: date, zone: tzinfo) -> Iterator[Boundary]:
    """The boundaries after today, so far as they can concern what is earned by now."""
    last = max([today, *(p.effective_on for p in policies)])
    month, end = _month(today, 1), _month(last, LONGEST + 1)
    while month <= end:
        found = boundary(policies, month, zone)
        if found is not None:
            yield found
        month = _month(month, 1)


def next_boundaries(policies: Sequence[Policy], now: datetime, zone: tzinfo) -> list[Boundary]:
    """When something may expire next of what is earned by now: one of these, the first at which something does. A
    day that is past already is one whose run is still to come."""
    if not policies:
        return []
    today = now.astimezone(zone).date()
    reached = latest(policies, today, zone)
    boundaries = [reached] if reached is not None else []
    for following in upcoming(policies, today, zone):
        boundaries.append(following)
        if following.cutoff > now:
            break
    return boundaries


def expiry_id(account: AccountId, cutoff: datetime) -> TransactionId:
    """An account loses what it earned before one moment once, however often that is tried."""
    return TransactionId(uuid5(account, f"expiry:{cutoff.astimezone(UTC).isoformat()}"))


def _month(day: date, months: int) -> date:
    """The first day of the month so many months later."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, 1)
