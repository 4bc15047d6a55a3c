"""The public notice board of a village: what stands on notice, and what was posted of late.

Names are masked. What the rulebook keeps off the notice is only counted, so that the sum can be checked
without telling who it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, func, select, true

from api.awards.claims.corrections import net, taken_back
from api.awards.claims.tables import Claim
from api.awards.rulebooks.use_cases import adopted
from api.bookkeeping.seals.use_cases import PrintedHead, find_newest_head
from api.platform.clock import local_date
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from api.registry.cards.use_cases import mask_name
from api.registry.people.queries import list_supervisors
from api.registry.register import queries as register

LATELY = timedelta(days=30)
POSTED_SHOWN = 60


@dataclass(frozen=True, slots=True)
class VillageBoard:
    code: str
    name: str
    on_notice: int


@dataclass(frozen=True, slots=True)
class Notice:
    """`points` are what is left of the award, negative for a deduction, once `correction` was added to it. Without
    `household` it is published without a name."""

    household: str
    masked: str
    title: str
    points: int
    correction: int
    deed_on: date
    until: datetime


@dataclass(frozen=True, slots=True)
class Unpublished:
    """Awards of which the rulebook publishes neither household nor subject."""

    count: int
    points: int


@dataclass(frozen=True, slots=True)
class Board:
    village: str
    supervisors: list[str]
    standing: list[Notice]
    unpublished: Unpublished
    posted: list[Notice]
    # The books' newest seal, for whoever keeps the poster.
    seal: PrintedHead | None


async def villages(services: Services) -> list[VillageBoard]:
    async with services.unit_of_work() as uow:
        standing = await uow.session.execute(
            select(Claim.village, func.count())
            .where(Claim.township == uow.township, Claim.status == "approved")
            .group_by(Claim.village)
        )
        on_notice: dict[str, int] = dict(standing.all())
        return [
            VillageBoard(village.code, village.name, on_notice.get(village.code, 0))
            for village in await register.list_villages(uow)
        ]


async def board(services: Services, code: str) -> Board:
    """Raises Refused: unknown."""
    async with services.unit_of_work() as uow:
        village = {village.code: village.name for village in await register.list_villages(uow)}.get(code)
        if village is None:
            raise Refused(ErrorCode.UNKNOWN, "没有这个村的公示。")
        standing = [Claim.village == code, Claim.status == "approved"]
        posted = [Claim.village == code, Claim.status == "posted", Claim.notice_until > uow.now - LATELY]
        return Board(
            village=village,
            supervisors=await list_supervisors(uow, code),
            standing=await _notices(uow, standing),
            unpublished=await _unpublished(uow, standing),
            posted=await _notices(uow, posted, newest_first=True, limit=POSTED_SHOWN),
            seal=await find_newest_head(uow),
        )


async def on_notice(uow: UnitOfWork, village: str) -> list[str]:
    """What a till says of it. Only how many: whose and what for stands on the notice board."""
    found = await uow.session.execute(
        select(func.count(), func.max(Claim.notice_until)).where(
            Claim.township == uow.township, Claim.village == village, Claim.status == "approved"
        )
    )
    count, until = found.one()
    if until is None:
        return []
    last = local_date(until)
    return [f"本村有 {count} 项积分正在公示，最晚到 {last.month}月{last.day}日；有异议请找监委。"]


async def _notices(
    uow: UnitOfWork,
    conditions: Sequence[ColumnElement[bool]],
    *,
    newest_first: bool = False,
    limit: int | None = None,
) -> list[Notice]:
    until = Claim.notice_until.desc() if newest_first else Claim.notice_until
    household = register.lateral_household(Claim.township, Claim.household)
    rows = (
        await uow.session.execute(
            select(Claim, household.c.code, household.c.head)
            .join(household, true())
            .where(Claim.township == uow.township, Claim.published.is_(True), *conditions)
            .order_by(until, Claim.id)
            .limit(limit)
        )
    ).all()
    books = await adopted(uow, {claim.rulebook for claim, _, _ in rows})
    back = await taken_back(uow, Claim.id.in_([claim.id for claim, _, _ in rows]))
    return [
        Notice(
            # A deduction is published without a name.
            household=code if claim.points > 0 else "",
            masked=mask_name(head) if claim.points > 0 else "某户",
            title=books[claim.rulebook].get_rule(claim.rule).title,
            points=net(claim.points, back.get(claim.id, 0)),
            correction=net(claim.points, back.get(claim.id, 0)) - claim.points,
            deed_on=claim.deed_on,
            until=claim.notice_until,
        )
        for claim, code, head in rows
        if claim.notice_until is not None
    ]


async def _unpublished(uow: UnitOfWork, conditions: Sequence[ColumnElement[bool]]) -> Unpublished:
    row = await uow.session.execute(
        select(func.count(), func.coalesce(func.sum(Claim.points), 0)).where(
            Claim.township == uow.township, Claim.published.is_(False), *conditions
        )
    )
    count, points = row.one()
    return Unpublished(count, int(points))
