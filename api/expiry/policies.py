"""The township's own policies, and what they have in store for one household."""

from __future__ import annotations

from datetime import date

from api import accounts, wire
from api.clock import SHANGHAI, local_date
from api.town import Work
from ledger.expiries import Expiries
from ledger.expiry import Policy, latest, upcoming
from ledger.transactions import AccountId


async def expiries(work: Work) -> Expiries:
    return Expiries(await work.session.connection(), work.township)


async def adopted(work: Work) -> list[Policy]:
    return [a.policy for a in await (await expiries(work)).adopted(accounts.POINTS)]


async def coming(work: Work, holder: AccountId) -> wire.Expiring | None:
    """What of a household expires next, and when; a day that is past already is one whose run is still to come."""
    policies = await adopted(work)
    today = local_date(work.now)
    reached = latest(policies, today, SHANGHAI)
    boundaries = [reached] if reached is not None else []
    for boundary in upcoming(policies, today, SHANGHAI):
        boundaries.append(boundary)
        if boundary.cutoff > work.now:
            break
    if not boundaries:
        return None
    up = await (await expiries(work)).up([holder], [b.cutoff for b in boundaries])
    first = next((b for b in boundaries if (holder, b.cutoff) in up), None)
    return wire.Expiring(points=up[holder, first.cutoff], on=first.on) if first is not None else None


def in_chinese(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"
