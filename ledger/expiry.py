"""When points expire: policies, and the boundaries at which old points expire. Pure functions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, tzinfo
from enum import StrEnum
from uuid import uuid5

from ledger.transactions import AccountId, TransactionId

# The longest that points may last under a rolling policy.
MAX_ROLLING_MONTHS = 120


class PolicyKind(StrEnum):
    NONE = "none"
    YEAR_END = "year-end"
    ROLLING = "rolling"


@dataclass(frozen=True, slots=True)
class Policy:
    """In force from `effective_on` until the next policy takes effect. `months`, only for a rolling policy: points
    earned in a month last until the end of the `months`-th month after it."""

    effective_on: date
    kind: PolicyKind
    months: int | None = None


@dataclass(frozen=True, slots=True)
class Boundary:
    """The first day of a month, at whose midnight unused points earned before `earned_before` expire."""

    on: date
    earned_before: date
    zone: tzinfo

    @property
    def at(self) -> datetime:
        return datetime.combine(self.on, time(), self.zone)

    @property
    def cutoff(self) -> datetime:
        return datetime.combine(self.earned_before, time(), self.zone)


def find_policy(policies: Sequence[Policy], day: date) -> Policy | None:
    """The policy in force on a day."""
    started = [p for p in policies if p.effective_on <= day]
    return max(started, key=lambda p: p.effective_on, default=None)


def find_boundary(policies: Sequence[Policy], on: date, zone: tzinfo) -> Boundary | None:
    """The boundary on this day by the policy in force then; None if nothing can expire."""
    policy = find_policy(policies, on)
    if policy is None or on.day != 1:
        return None
    if policy.kind is PolicyKind.YEAR_END and on.month == 1:
        return Boundary(on, on, zone)
    if policy.kind is PolicyKind.ROLLING and policy.months is not None:
        return Boundary(on, _add_months(on, -policy.months), zone)
    return None


def find_first_boundary(policy: Policy) -> date | None:
    """The first day on which points can expire by this policy; None if they never do."""
    on = policy.effective_on
    match policy.kind:
        case PolicyKind.YEAR_END:
            return on if (on.month, on.day) == (1, 1) else date(on.year + 1, 1, 1)
        case PolicyKind.ROLLING:
            return on if on.day == 1 else _add_months(on, 1)
        case PolicyKind.NONE:
            return None


def find_latest_boundary(policies: Sequence[Policy], today: date, zone: tzinfo) -> Boundary | None:
    """The last boundary on or before today."""
    first = min((p.effective_on for p in policies), default=today)
    month = today.replace(day=1)
    while month >= first:
        found = find_boundary(policies, month, zone)
        if found is not None:
            return found
        month = _add_months(month, -1)
    return None


def iter_upcoming_boundaries(policies: Sequence[Policy], today: date, zone: tzinfo) -> Iterator[Boundary]:
    """The boundaries after today at which points earned by now can expire."""
    last = max([today, *(p.effective_on for p in policies)])
    month, end = _add_months(today, 1), _add_months(last, MAX_ROLLING_MONTHS + 1)
    while month <= end:
        found = find_boundary(policies, month, zone)
        if found is not None:
            yield found
        month = _add_months(month, 1)


def list_next_boundaries(policies: Sequence[Policy], now: datetime, zone: tzinfo) -> list[Boundary]:
    """The boundaries at which points earned by now may expire next; the first with an amount is the next expiry. A
    past one is a boundary whose run is still to come."""
    if not policies:
        return []
    today = now.astimezone(zone).date()
    reached = find_latest_boundary(policies, today, zone)
    boundaries = [reached] if reached is not None else []
    for following in iter_upcoming_boundaries(policies, today, zone):
        boundaries.append(following)
        if following.cutoff > now:
            break
    return boundaries


def expiry_id(account: AccountId, cutoff: datetime) -> TransactionId:
    """The same for each attempt, so that points earned before a cutoff expire only once."""
    return TransactionId(uuid5(account, f"expiry:{cutoff.astimezone(UTC).isoformat()}"))


def _add_months(day: date, months: int) -> date:
    """The first day of the month that many months later."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, 1)
