"""The township's own policies, and what they have in store for one household."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime

import msgspec

from api import accounts, wire
from api.clock import SHANGHAI, local_date
from api.town import Work
from ledger.expiries import Expiries
from ledger.expiry import Boundary, Policy, latest, upcoming


async def expiries(work: Work) -> Expiries:
    return Expiries(await work.session.connection(), work.township)


async def adopted(work: Work) -> list[Policy]:
    return [a.policy for a in await (await expiries(work)).adopted(accounts.POINTS)]


class Up(msgspec.Struct, frozen=True):
    cutoff: datetime
    amount: int


def next_boundaries(policies: Sequence[Policy], now: datetime) -> list[Boundary]:
    """When something may expire next of what is earned by now: one of these, the first at which something does. A
    day that is past already is one whose run is still to come."""
    if not policies:
        return []
    today = local_date(now)
    reached = latest(policies, today, SHANGHAI)
    boundaries = [reached] if reached is not None else []
    for boundary in upcoming(policies, today, SHANGHAI):
        boundaries.append(boundary)
        if boundary.cutoff > now:
            break
    return boundaries


def coming(boundaries: Sequence[Boundary], up: Iterable[Up]) -> wire.Expiring | None:
    """What expires next, and when."""
    amounts = {each.cutoff: each.amount for each in up}
    first = next((b for b in boundaries if b.cutoff in amounts), None)
    return wire.Expiring(points=amounts[first.cutoff], on=first.on) if first is not None else None


def in_chinese(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"
