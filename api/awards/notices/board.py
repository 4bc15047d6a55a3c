"""The public notice board of a village: claims on notice, and those posted recently.

Names are masked. Claims that the rulebook doesn't publish are only counted, so that the total can be checked
without identifying anybody.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, true

from api.awards.claims.confidentiality import confidentiality_of
from api.awards.claims.corrections import LastCorrection, list_corrected, net_points, points_taken_back
from api.awards.claims.same_deed import find_same_deeds
from api.awards.claims.tables import Claim
from api.awards.objections.board_objections import BoardObjection, read_board_objections
from api.awards.review.recusals import count_recusals
from api.awards.rulebooks.use_cases import books_by_version
from api.bookkeeping.general_ledger.disclosure import UNPUBLISHED, Outsider, disclose
from api.bookkeeping.seals.use_cases import PrintedHead, find_newest_head
from api.platform.clock import local_date
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from api.registry.freezes.queries import read_rule_freezes
from api.registry.people.queries import list_supervisors
from api.registry.proposals.queries import ProposalNotice, list_notices
from api.registry.register import queries as register
from api.shop.supermarkets.hours import ToldHours
from api.shop.supermarkets.queries import read_told_hours
from api.wire.names import mask_name

RECENT = timedelta(days=30)
MAX_POSTED = 60


@dataclass(frozen=True, slots=True)
class VillageNoticeCount:
    code: str
    name: str
    on_notice: int


@dataclass(frozen=True, slots=True)
class Notice:
    """`points` are those after corrections, negative for a deduction; `correction` is their difference to the
    original points. Without `household` the claim is published anonymously. `declared_twice`: there is another for
    the same household, item and day. `stopped`: by an objection, until it is answered. `frozen`: its rule is, and
    it isn't posted meanwhile."""

    household: str
    masked: str
    title: str
    points: int
    correction: int
    deed_on: date
    until: datetime
    declared_twice: bool
    id: UUID
    stopped: bool
    frozen: bool


@dataclass(frozen=True, slots=True)
class UnpublishedClaims:
    """Claims of which the rulebook publishes neither household nor subject."""

    count: int
    points: int


@dataclass(frozen=True, slots=True)
class TakenOff:
    """An entry that was on notice and isn't any more, without an objection, and why."""

    title: str
    points: int
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Corrected:
    """An entry that was corrected lately, however long it has been in the books."""

    notice: Notice
    last: LastCorrection


@dataclass(frozen=True, slots=True)
class NoticeBoard:
    village: str
    supervisors: list[str]
    on_notice: list[Notice]
    unpublished: UnpublishedClaims
    posted: list[Notice]
    taken_off: list[TakenOff]
    corrected: list[Corrected]
    objections: list[BoardObjection]
    # How often somebody kept out of a decision, in the time of those posted.
    recusals: int
    # What brings in points, by two people.
    proposals: list[ProposalNotice]
    # When the village's supermarkets are open.
    shops: list[ToldHours]
    # The ledger's newest seal, for people who keep a copy of the board.
    seal: PrintedHead | None


async def list_villages(services: Services) -> list[VillageNoticeCount]:
    async with services.unit_of_work() as uow:
        counts = await uow.session.execute(
            select(Claim.village, func.count())
            .where(Claim.township == uow.township, Claim.status == "approved")
            .group_by(Claim.village)
        )
        on_notice: dict[str, int] = dict(counts.all())
        return [
            VillageNoticeCount(village.code, village.name, on_notice.get(village.code, 0))
            for village in await register.list_villages(uow)
        ]


async def load_board(services: Services, code: str) -> NoticeBoard:
    """Raises Refused: unknown."""
    async with services.unit_of_work() as uow:
        village = {village.code: village.name for village in await register.list_villages(uow)}.get(code)
        if village is None:
            raise Refused(ErrorCode.UNKNOWN, "没有这个村的公示。")
        on_notice = [Claim.village == code, Claim.status == "approved"]
        posted = [Claim.village == code, Claim.status == "posted", Claim.notice_until > uow.now - RECENT]
        return NoticeBoard(
            village=village,
            supervisors=await list_supervisors(uow, code),
            on_notice=await _load_notices(uow, on_notice),
            unpublished=await _count_unpublished(uow, on_notice),
            posted=await _load_notices(uow, posted, newest_first=True, limit=MAX_POSTED),
            taken_off=await _load_taken_off(uow, code),
            corrected=await _load_corrected(uow, code),
            objections=await read_board_objections(uow, code),
            recusals=await count_recusals(uow, code, uow.now - RECENT),
            proposals=await list_notices(uow, code),
            shops=await read_told_hours(uow, code),
            seal=await find_newest_head(uow),
        )


async def notice_sentences(uow: UnitOfWork, village: str) -> list[str]:
    """Sentences for tills. They only have the number; names and subjects are on the notice board."""
    counts = await uow.session.execute(
        select(func.count(), func.max(Claim.notice_until)).where(
            Claim.township == uow.township, Claim.village == village, Claim.status == "approved"
        )
    )
    count, until = counts.one()
    if until is None:
        return []
    last = local_date(until)
    # As long as a line of the till's start screen, 44 cells.
    return [f"本村公示 {count} 项，到 {last.month}月{last.day}日；有异议用户卡提"]


async def _load_notices(
    uow: UnitOfWork,
    conditions: Sequence[ColumnElement[bool]],
    *,
    newest_first: bool = False,
    limit: int | None = None,
) -> list[Notice]:
    until = Claim.notice_until.desc() if newest_first else Claim.notice_until
    household = register.lateral_household(Claim.township, Claim.household, said_at=Claim.declared_at)
    rows = (
        await uow.session.execute(
            select(Claim, household.c.code, household.c.head)
            .join(household, true())
            .where(Claim.township == uow.township, Claim.published.is_(True), *conditions)
            .order_by(until, Claim.id)
            .limit(limit)
        )
    ).all()
    books = await books_by_version(uow, {claim.rulebook for claim, _, _ in rows})
    taken_back = await points_taken_back(uow, Claim.id.in_([claim.id for claim, _, _ in rows]))
    same_deeds = await find_same_deeds(uow, Outsider.PUBLIC, [claim for claim, _, _ in rows])
    freezes = await read_rule_freezes(uow)
    # The statement selects what the public may see the subject of.
    named = {c.id: disclose(Outsider.PUBLIC, confidentiality_of(c)).household == "masked" for c, _, _ in rows}
    return [
        Notice(
            household=code if named[claim.id] else "",
            masked=mask_name(head) if named[claim.id] else "某户",
            title=books[claim.rulebook].get_rule(claim.rule).title,
            points=net_points(claim.points, taken_back.get(claim.id, 0)),
            correction=net_points(claim.points, taken_back.get(claim.id, 0)) - claim.points,
            deed_on=claim.deed_on,
            until=claim.notice_until,
            declared_twice=bool(same_deeds[claim.id]),
            id=claim.id,
            stopped=claim.notice_stopped_at is not None,
            frozen=claim.status == "approved" and freezes.find(claim.rule, claim.village) is not None,
        )
        for claim, code, head in rows
        if claim.notice_until is not None
    ]


async def _load_corrected(uow: UnitOfWork, village: str) -> list[Corrected]:
    corrections = await list_corrected(uow, Claim.village == village, since=uow.now - RECENT)
    notices = {each.id: each for each in await _load_notices(uow, [Claim.id.in_(corrections)])}
    return [Corrected(notices[id], last) for id, last in corrections.items() if id in notices]


async def _load_taken_off(uow: UnitOfWork, village: str) -> list[TakenOff]:
    """What an objection took off is told with the objection."""
    claims = (
        await uow.session.scalars(
            select(Claim)
            .where(
                Claim.township == uow.township,
                Claim.village == village,
                Claim.status == "refused",
                Claim.approved_at.is_not(None),
                Claim.refused_by.is_(None),
                Claim.refused_at > uow.now - RECENT,
            )
            .order_by(Claim.refused_at.desc(), Claim.id)
        )
    ).all()
    books = await books_by_version(uow, {claim.rulebook for claim in claims})
    return [
        TakenOff(
            title=books[claim.rulebook].get_rule(claim.rule).title
            if disclose(Outsider.PUBLIC, confidentiality_of(claim)).subject
            else UNPUBLISHED,
            points=claim.points,
            at=claim.refused_at,
            reason=claim.refusal,
        )
        for claim in claims
        if claim.refused_at is not None
    ]


async def _count_unpublished(uow: UnitOfWork, conditions: Sequence[ColumnElement[bool]]) -> UnpublishedClaims:
    row = await uow.session.execute(
        select(func.count(), func.coalesce(func.sum(Claim.points), 0)).where(
            Claim.township == uow.township, Claim.published.is_(False), *conditions
        )
    )
    count, points = row.one()
    return UnpublishedClaims(count, int(points))
