"""The awards of a period, added up by household and declarer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select

from api import wire
from api.awards.claims.corrections import select_taken_back
from api.awards.claims.statuses import AWARDED
from api.awards.claims.tables import Claim
from api.awards.patterns.periods import Period
from api.platform.services import UnitOfWork
from api.registry.register.queries import all_households


@dataclass(frozen=True, slots=True)
class Scope:
    """What is looked at: the claims of these villages as far as who looks may know of them. `concealed`: the
    villages whose claims may be known although they are kept from publication."""

    villages: Sequence[str]
    concealed: Collection[str]
    period: Period

    @property
    def claims(self) -> list[ColumnElement[bool]]:
        return [Claim.village.in_(self.villages), or_(Claim.published, Claim.village.in_(self.concealed))]


@dataclass(frozen=True, slots=True)
class AwardSum:
    """What one person declared for a household of a village; `declared_by` is None for what the household declared
    itself with its card. `points` after corrections."""

    village: str
    grid: str
    household: str
    head: str
    living: bool
    declared_by: UUID | None
    claims: int
    points: int


async def read_sums(uow: UnitOfWork, scope: Scope) -> list[AwardSum]:
    """Of the awards for deeds of the period, on notice or in the books, without households that went to another
    village since."""
    claims = [*scope.claims, Claim.deed_on.between(scope.period.first, scope.period.last)]
    taken_back = select_taken_back(uow, *claims).subquery("taken_back")
    household = all_households(uow.township)
    of = (Claim.village, household.c.grid, household.c.code, household.c.head, household.c.ended_at.is_(None))
    rows = await uow.session.execute(
        select(
            *of,
            Claim.declared_by,
            func.count(),
            func.sum(Claim.points - func.coalesce(taken_back.c.taken_back, 0)),
        )
        .join(household, (household.c.id == Claim.household) & (household.c.village == Claim.village))
        .outerjoin(taken_back, taken_back.c.id == Claim.id)
        .where(Claim.township == uow.township, AWARDED, *claims)
        .group_by(*of, Claim.declared_by)
        .order_by(household.c.code, Claim.declared_by)
    )
    return [
        AwardSum(village, grid, code, head, living, declared_by, claims, int(points))
        for village, grid, code, head, living, declared_by, claims, points in rows
    ]


def add_up(pairs: Iterable[tuple[object, int]]) -> defaultdict[object, int]:
    """The numbers by what they are of."""
    sums: defaultdict[object, int] = defaultdict(int)
    for what, number in pairs:
        sums[what] += number
    return sums


def sort_into_tenths(percents: Sequence[int], listed: Sequence[bool]) -> list[wire.PatternBin]:
    """How many there are of each tenth, and how many of them are listed."""
    tenths = [min(percent // 10, 9) for percent in percents]
    shown = [tenth for tenth, is_listed in zip(tenths, listed, strict=True) if is_listed]
    return [
        wire.PatternBin(
            label=f"{10 * tenth}–{100 if tenth == 9 else 10 * tenth + 9}%",
            number=tenths.count(tenth),
            listed=shown.count(tenth),
        )
        for tenth in range(10)
    ]


def claims_address(**asked: object) -> str:
    """The page with the claims for which all of this holds."""
    return f"/desk/claims?{urlencode({name: str(value) for name, value in asked.items() if value})}"
