"""What a till tells while nobody is served: goods that wait for somebody, what is on the village's public
notice."""

from __future__ import annotations

from sqlalchemy import func, select

from api.claims.tables import Claim
from api.clock import local_date
from api.promises.queries import uncollected
from api.town import Work


async def notices(work: Work, supermarket: str, village: str) -> list[str]:
    return [*await _waiting(work, supermarket), *await _on_notice(work, village)]


async def _waiting(work: Work, supermarket: str) -> list[str]:
    promises = await uncollected(work, supermarket)
    return [f"{promises} 笔预订的货到了，等户里来领。"] if promises else []


async def _on_notice(work: Work, village: str) -> list[str]:
    """Only how many: whose and what for stands on the notice board."""
    found = await work.session.execute(
        select(func.count(), func.max(Claim.notice_until)).where(
            Claim.township == work.township, Claim.village == village, Claim.status == "approved"
        )
    )
    count, until = found.one()
    if until is None:
        return []
    last = local_date(until)
    return [f"本村有 {count} 项积分正在公示，最晚到 {last.month}月{last.day}日；有异议请找监委。"]
