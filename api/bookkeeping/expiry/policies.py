"""The township's own policies."""

from __future__ import annotations

from datetime import date

from api.platform import accounts
from api.platform.town import Work
from ledger.expiries import Expiries
from ledger.expiry import Policy


async def expiries(work: Work) -> Expiries:
    return Expiries(await work.session.connection(), work.township)


async def adopted(work: Work) -> list[Policy]:
    return [a.policy for a in await (await expiries(work)).adopted(accounts.POINTS)]


def in_chinese(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"
