"""The township's own policies."""

from __future__ import annotations

from datetime import date

from api.platform import accounts
from api.platform.services import UnitOfWork
from ledger.expiries import Expiries
from ledger.expiry import Policy


async def expiries(uow: UnitOfWork) -> Expiries:
    return Expiries(await uow.session.connection(), uow.township)


async def adopted(uow: UnitOfWork) -> list[Policy]:
    return [a.policy for a in await (await expiries(uow)).adopted(accounts.POINTS)]


def in_chinese(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"
