"""The same deed of one household after another: who has it, and who comes next in the grid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import func, select

from api.awards.claims.same_deed import EarlierDeed, find_earlier
from api.awards.claims.statuses import COUNTS
from api.awards.claims.tables import Claim
from api.awards.review.queries import ClaimSummary, load_summaries
from api.platform.access import Staff
from api.platform.services import UnitOfWork
from api.registry.register.queries import list_grid_households, read_households
from rules import Rule, Rulebook

LATELY = timedelta(days=7)
"""Before and after a deed: within it another of the kind is told."""
_RECENT = timedelta(weeks=6)
_MAX_RECENT = 6
_LASTS = timedelta(hours=12)
_MAX_DECLARED = 60
_MAX_NEXT = 60


@dataclass(frozen=True, slots=True)
class NextHousehold:
    """One that hasn't got it for this day; `earlier` is what it has for days near it."""

    code: str
    head: str
    earlier: Sequence[EarlierDeed]


@dataclass(frozen=True, slots=True)
class Round:
    """`declared`: what was declared in it, the last one first; `next`: the households of the grid that haven't got
    it, on from the last one's."""

    day: date
    declared: Sequence[ClaimSummary]
    next: Sequence[NextHousehold]


async def load_round(uow: UnitOfWork, staff: Staff, id: UUID) -> Round | None:
    """The round of a claim that this person declared."""
    last = await find_own_claim(uow, staff, id)
    if last is None:
        return None
    declared = await load_summaries(
        uow,
        staff,
        [
            Claim.declared_by == staff.id,
            Claim.declared_at > uow.now - _LASTS,
            Claim.rule == last.rule,
            Claim.deed_on == last.deed_on,
            COUNTS,
        ],
        newest_first=True,
        limit=_MAX_DECLARED,
    )
    return Round(last.deed_on, declared, await _list_next(uow, staff, last))


async def find_own_claim(uow: UnitOfWork, staff: Staff, id: UUID) -> Claim | None:
    """A claim that this person declared; None of another's."""
    claim: Claim | None = await uow.session.scalar(
        select(Claim).where(Claim.township == uow.township, Claim.id == id, Claim.declared_by == staff.id)
    )
    return claim


async def _list_next(uow: UnitOfWork, staff: Staff, last: Claim) -> list[NextHousehold]:
    household = (await read_households(uow, [last.household]))[last.household]
    of_grid = [
        each
        for each in await list_grid_households(uow, household.village, household.grid)
        if staff.serves(each.village) and not staff.find_recusal({each.code}, "自己家")
    ]
    earlier = await find_lately(uow, staff, [each.id for each in of_grid], last.rule, last.deed_on)
    open_ones = [
        NextHousehold(each.code, each.head, earlier[each.id])
        for each in of_grid
        if all(deed.deed_on != last.deed_on for deed in earlier[each.id])
    ]
    # On along the lane, and round again from its beginning.
    return sorted(open_ones, key=lambda each: (each.code < household.code, each.code))[:_MAX_NEXT]


async def find_lately(
    uow: UnitOfWork, staff: Staff, households: Sequence[UUID], rule: str, day: date
) -> dict[UUID, list[EarlierDeed]]:
    """What these households have under the rule for this day and those near it."""
    return await find_earlier(uow, staff, households, rule, day - LATELY, day + LATELY)


async def list_recent_rules(uow: UnitOfWork, staff: Staff, book: Rulebook) -> list[Rule]:
    """Those that this person declared under in the last weeks, the most frequent first."""
    used = await uow.session.scalars(
        select(Claim.rule)
        .where(
            Claim.township == uow.township,
            Claim.declared_by == staff.id,
            Claim.declared_at > uow.now - _RECENT,
            Claim.rule.in_(book.rules),
        )
        .group_by(Claim.rule)
        .order_by(func.count().desc(), func.max(Claim.declared_at).desc())
        .limit(_MAX_RECENT)
    )
    return [book.rules[rule] for rule in used]
