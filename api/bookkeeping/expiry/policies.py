"""The township's expiry policies."""

from __future__ import annotations

from datetime import date

from api.platform import accounts
from api.platform.services import UnitOfWork
from ledger.expiries import Expiries
from ledger.expiry import Policy


async def get_expiries(uow: UnitOfWork) -> Expiries:
    return Expiries(await uow.session.connection(), uow.township)


async def read_policies(uow: UnitOfWork) -> list[Policy]:
    return [adopted.policy for adopted in await (await get_expiries(uow)).read_policies(accounts.POINTS)]


def format_chinese_date(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"
