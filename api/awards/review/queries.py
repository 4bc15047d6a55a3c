"""Claims for the desk: a person's own declarations, and those that wait for this person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, TypeAlias
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, true
from sqlalchemy.orm import defer

from api.awards.claims.confidentiality import confidentiality_of
from api.awards.claims.corrections import net_points, points_taken_back
from api.awards.claims.declarers import declarer_name
from api.awards.claims.posting import DEFERRED
from api.awards.claims.same_deed import SameDeed, find_same_deeds
from api.awards.claims.statuses import COUNTS
from api.awards.claims.tables import Claim
from api.awards.review.correcting import awaits_correction, is_theirs
from api.awards.review.held import is_held_by
from api.awards.review.signatures import (
    APPROVERS,
    SIGNERS,
    Progress,
    Step,
    awaits,
    awaits_others,
    find_obstacle,
    is_under_way,
    read_progress,
)
from api.awards.rulebooks.use_cases import book_in_force, books_by_version
from api.bookkeeping.general_ledger.disclosure import UNPUBLISHED, disclose
from api.platform.access import BODY_ROLES, DECLARERS, Role, Staff, require
from api.platform.clock import local_date
from api.platform.services import Services, UnitOfWork
from api.registry.people.queries import name_subquery
from api.registry.register import queries as register
from api.registry.register.queries import VillageFacts
from rules import format_limit

MAX_SHOWN = 100
DECIDERS = (Role.COMMITTEE, Role.COUNCIL, Role.PARTY_BRANCH, Role.SUPERVISOR)


Waiting: TypeAlias = Literal["review", "approve", "notice"]
"""A list of claims that wait for somebody, or that may still be objected to."""


@dataclass(frozen=True, slots=True)
class ClaimSummary:
    """A claim in the lists of the desk; `blocked_reason` says why this person can't act on it. `points` are those
    after `taken_back` by corrections; the status is then `corrected`. `refusal`: why it was refused or sent back.
    `stopped`: its notice is; `frozen`: why its rule is, if it is. `shown`: this person may see its subject."""

    id: UUID
    household: str
    head: str
    title: str
    points: int
    taken_back: int
    deed_on: date
    status: str
    declared_by: str
    declared_at: datetime
    notice_until: datetime | None
    stopped: bool
    frozen: str
    refusal: str
    blocked_reason: str
    same_deed: tuple[SameDeed, ...]
    shown: bool


@dataclass(frozen=True, slots=True)
class ClaimQueue:
    """The oldest `MAX_SHOWN` of the waiting claims, and of all of them the number, the points, and since when the
    oldest was declared."""

    claims: list[ClaimSummary]
    total: int
    points: int
    since: datetime | None


@dataclass(frozen=True, slots=True)
class RuleSum:
    title: str
    number: int
    points: int


@dataclass(frozen=True, slots=True)
class WaitingSums:
    """What of some claims waits for this person: of all and by rule."""

    number: int
    households: int
    points: int
    by_rule: list[RuleSum]


@dataclass(frozen=True, slots=True)
class VillageBudget:
    """A limit of the book on all awards of a village: its text, and what is left of it today."""

    text: str
    left: int


@dataclass(frozen=True, slots=True)
class ReturnedClaim:
    """One that waits for its correction: what for, said by whom."""

    claim: ClaimSummary
    reason: str
    returned_by: str


@dataclass(frozen=True, slots=True)
class DeskClaims:
    """A list is None if this person has no such role. `waiting_elsewhere`: how many claims that this person sees
    wait for other bodies."""

    mine: list[ClaimSummary] | None
    returned: list[ReturnedClaim]
    to_review: ClaimQueue | None
    to_approve: ClaimQueue | None
    on_notice: ClaimQueue | None
    waiting_elsewhere: int
    budgets: list[VillageBudget]


async def load_desk(services: Services, staff: Staff) -> DeskClaims:
    async with services.unit_of_work() as uow:
        return DeskClaims(
            mine=await _load_own(uow, staff) if staff.may(*DECLARERS) else None,
            returned=await _load_returned(uow, staff) if staff.may(*DECLARERS) else [],
            to_review=await _load_queue(uow, staff, awaits(staff, "review")) if staff.may(*SIGNERS) else None,
            to_approve=await _load_queue(uow, staff, awaits(staff, "approve")) if staff.may(*APPROVERS) else None,
            on_notice=await _load_queue(uow, staff, Claim.status == "approved")
            if staff.may(Role.SUPERVISOR)
            else None,
            waiting_elsewhere=await _count(uow, staff, awaits_others(staff)),
            budgets=await _load_budgets(uow, staff) if staff.village and staff.may(*DECIDERS) else [],
        )


async def load_waiting(services: Services, staff: Staff, which: Waiting) -> ClaimQueue:
    """What waits for this person's review or approval, or is on notice. Raises Refused: not-allowed."""
    roles, condition = {
        "review": (SIGNERS, awaits(staff, "review")),
        "approve": (APPROVERS, awaits(staff, "approve")),
        "notice": ((Role.SUPERVISOR,), Claim.status == "approved"),
    }[which]
    require(staff, *roles)
    async with services.unit_of_work() as uow:
        return await _load_queue(uow, staff, condition)


async def villages_served(services: Services, staff: Staff) -> list[VillageFacts]:
    """The villages that this person serves."""
    async with services.unit_of_work() as uow:
        return [village for village in await register.list_villages(uow) if staff.serves(village.code)]


async def _load_own(uow: UnitOfWork, staff: Staff) -> list[ClaimSummary]:
    return await load_summaries(uow, staff, [Claim.declared_by == staff.id], newest_first=True, limit=20)


async def _load_returned(uow: UnitOfWork, staff: Staff) -> list[ReturnedClaim]:
    """What was sent back to this person and isn't corrected yet, the longest waiting first."""
    theirs = [is_theirs(staff), awaits_correction()]
    rows = await uow.session.execute(
        select(Claim.id, Claim.return_reason, name_subquery(Claim.township, Claim.returned_by))
        .where(Claim.township == uow.township, *theirs)
        .limit(MAX_SHOWN)
    )
    told = {id: (reason, name) for id, reason, name in rows}
    return [
        ReturnedClaim(summary, *told[summary.id])
        for summary in await load_summaries(uow, staff, [Claim.id.in_(told)])
    ]


async def _load_budgets(uow: UnitOfWork, staff: Staff) -> list[VillageBudget]:
    """What this person's village may still award under the book's limits."""
    today = local_date(uow.now)
    village = staff.village or ""
    book = await book_in_force(uow, today, village)
    budgets = []
    for limit in book.total_limits if book else ():
        if limit.per != "village" or limit.points is None:
            continue
        starts, ends = limit.window(today)
        conditions = (
            Claim.village == village,
            COUNTS,
            Claim.points > 0,
            Claim.deed_on >= starts,
            Claim.deed_on < ends,
        )
        points = await uow.session.scalar(
            select(func.coalesce(func.sum(Claim.points), 0)).where(Claim.township == uow.township, *conditions)
        )
        used = int(points or 0) - sum((await points_taken_back(uow, *conditions)).values())
        budgets.append(VillageBudget(format_limit(limit), max(0, limit.points - used)))
    return budgets


async def _load_queue(uow: UnitOfWork, staff: Staff, condition: ColumnElement[bool]) -> ClaimQueue:
    condition = condition & ~is_held_by(staff)
    waiting = [condition, *in_own_village(staff)]
    row = await uow.session.execute(
        select(func.count(), func.coalesce(func.sum(Claim.points), 0), func.min(Claim.declared_at)).where(
            Claim.township == uow.township, *waiting
        )
    )
    return ClaimQueue(await load_summaries(uow, staff, waiting), *row.one())


async def sum_up_waiting(services: Services, staff: Staff, step: Step, ids: Sequence[UUID]) -> WaitingSums:
    """Of these claims those that wait for this step by this person, who by that may see what they are for."""
    waiting = (awaits(staff, step), Claim.id.in_(ids), *in_own_village(staff))
    async with services.unit_of_work() as uow:
        rows = (
            await uow.session.execute(
                select(Claim.rulebook, Claim.rule, func.count(), func.sum(Claim.points))
                .where(Claim.township == uow.township, *waiting)
                .group_by(Claim.rulebook, Claim.rule)
                .order_by(Claim.rule, Claim.rulebook)
            )
        ).all()
        households = await uow.session.scalar(
            select(func.count(Claim.household.distinct())).where(Claim.township == uow.township, *waiting)
        )
        books = await books_by_version(uow, {book for book, *_ in rows})
    sums = [RuleSum(books[book].get_rule(rule).title, number, points) for book, rule, number, points in rows]
    return WaitingSums(
        number=sum(each.number for each in sums),
        households=households or 0,
        points=sum(each.points for each in sums),
        by_rule=sums,
    )


async def _count(uow: UnitOfWork, staff: Staff, condition: ColumnElement[bool]) -> int:
    counted = select(func.count()).select_from(Claim).where(Claim.township == uow.township, condition)
    return await uow.session.scalar(counted.where(*in_own_village(staff))) or 0


def in_own_village(staff: Staff) -> list[ColumnElement[bool]]:
    return [] if staff.village is None else [Claim.village == staff.village]


async def load_summaries(
    uow: UnitOfWork,
    staff: Staff,
    conditions: Sequence[ColumnElement[bool]],
    *,
    newest_first: bool = False,
    limit: int = MAX_SHOWN,
) -> list[ClaimSummary]:
    """The claims for which all of this holds, as this person may see them."""
    order = (Claim.declared_at, Claim.id)
    household = register.lateral_household(Claim.township, Claim.household, said_at=Claim.declared_at)
    declarer = declarer_name()
    rows = (
        await uow.session.execute(
            select(Claim, household.c.code, household.c.head, declarer.label("declarer"))
            .join(household, true())
            .where(Claim.township == uow.township, *conditions)
            .order_by(*([column.desc() for column in order] if newest_first else order))
            .limit(limit)
            .options(*DEFERRED, defer(Claim.explanation, raiseload=True))
        )
    ).all()
    books = await books_by_version(uow, {claim.rulebook for claim, *_ in rows})
    taken_back = await points_taken_back(uow, Claim.id.in_([claim.id for claim, *_ in rows]))
    progress = await read_progress(uow, [claim.id for claim, *_ in rows])
    same_deeds = await find_same_deeds(uow, staff, [claim for claim, *_ in rows])
    shown = {claim.id: disclose(staff, confidentiality_of(claim)).subject for claim, *_ in rows}
    return [
        ClaimSummary(
            id=claim.id,
            household=code,
            head=head,
            title=books[claim.rulebook].get_rule(claim.rule).title if shown[claim.id] else UNPUBLISHED,
            points=net_points(claim.points, taken_back.get(claim.id, 0)),
            taken_back=taken_back.get(claim.id, 0),
            deed_on=claim.deed_on,
            status="corrected" if claim.id in taken_back else claim.status,
            declared_by=declared_by,
            declared_at=claim.declared_at,
            notice_until=claim.notice_until,
            stopped=claim.notice_stopped_at is not None,
            frozen=progress[claim.id].frozen,
            refusal=(claim.refusal or claim.return_reason) if shown[claim.id] else "",
            blocked_reason=_blocked_reason(staff, claim, code, progress[claim.id]),
            same_deed=same_deeds[claim.id],
            shown=shown[claim.id],
        )
        for claim, code, head, declared_by in rows
    ]


def _blocked_reason(staff: Staff, claim: Claim, household: str, progress: Progress) -> str:
    """Why somebody of the body whose turn it is can't act; empty for everybody else."""
    if not is_under_way(claim) or not staff.may(*BODY_ROLES[claim.signers[progress.place]]):
        return ""
    if claim.declared_by == staff.id:
        return "您申报的，请由别人办理。"
    if progress.find_vote(staff.id) is not None:
        return "您审核过，请由别人办理。"
    recusal = staff.find_recusal({household}, "您自己家的，请由别人办理。")
    return f"回避：{recusal}" if recusal else find_obstacle(staff, claim, progress, household)
