"""What people are told when the server's clock is, or was, wrong."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, select

from api.platform.clock import CLOCK_SLACK, local_time
from api.platform.services import Services
from ledger.seals import Seals
from ledger.tables import transaction

LONG_PAUSE = timedelta(days=30)
"""Heads are signed daily while a server runs."""


async def list_clock_warnings(services: Services) -> list[str]:
    """One sentence for each thing that somebody should look at."""
    async with services.unit_of_work() as uow:
        newest = await Seals(await uow.session.connection(), uow.township).signed_heads(2)
        ahead = select(func.count(), func.max(transaction.c.recorded_at)).where(
            transaction.c.township == uow.township, transaction.c.recorded_at > uow.now + CLOCK_SLACK
        )
        count, latest = (await uow.session.execute(ahead)).one()
    warnings = []
    jump = services.clock.jump
    if jump is not None:
        which = "快" if jump > timedelta(0) else "慢"
        warnings.append(
            f"服务器的时钟忽然{which}了{_tell_length(abs(jump))}，账仍按原来走的时间记，现在是 {_tell(uow.now)}。"
            "请核对服务器的时间：错了就改回来；新的时间才对，就重启积美。"
        )
    if count:
        warnings.append(
            f"有 {count} 笔账记的时间在将来，最晚 {_tell(latest)}：记的时候服务器的时钟不对。"
            "请核对服务器现在的时间，并在公告上写明。"
        )
    moments = [signed.head.signed_at for signed in newest]
    if len(moments) == 2 and moments[0] - moments[1] > LONG_PAUSE:
        warnings.append(
            f"最新的封印（{_tell(moments[0])}）比上一个晚了{_tell_length(moments[0] - moments[1])}："
            "服务器若没有停这么久，就是时钟不对，请核对服务器的时间。"
        )
    return warnings


def _tell(moment: datetime) -> str:
    return f"{local_time(moment):%Y-%m-%d %H:%M}"


def _tell_length(length: timedelta) -> str:
    return f" {length.days} 天" if length.days else f" {length // timedelta(minutes=1)} 分钟"
