"""What households were awarded before: the past that a rule's limits are counted against."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import select

from api.claims.corrections import taken_back
from api.claims.tables import Claim
from api.register.tables import Household
from api.town import Work
from rules import Limit, Rule, Usage, Used


@dataclass(frozen=True, slots=True)
class Award:
    rule: str
    category: str
    person: str
    deed_on: date
    points: int


class History:
    """Awards by household: those on their way count as those posted, those refused or taken back don't."""

    def __init__(self) -> None:
        self._awards: defaultdict[UUID, list[Award]] = defaultdict(list)

    @classmethod
    async def read(cls, work: Work, households: Collection[UUID]) -> History:
        """Locks the households first, so that nobody else can take the same last point meanwhile. Redemptions
        go on: they only refer to the household."""
        await work.session.execute(
            select(Household.id)
            .where(Household.township == work.township, Household.id.in_(households))
            .order_by(Household.id)
            .with_for_update(key_share=True)
        )
        history = cls()
        rows = await work.session.execute(
            select(
                Claim.id,
                Claim.household,
                Claim.rule,
                Claim.category,
                Claim.person,
                Claim.deed_on,
                Claim.points,
            ).where(
                Claim.township == work.township,
                Claim.household.in_(households),
                Claim.status != "refused",
            )
        )
        back = await taken_back(work, Claim.household.in_(households))
        for id, household, rule, category, person, deed_on, points in rows:
            left = points - back.get(id, 0)
            if left > 0:
                history.add(household, Award(rule, category, person, deed_on, left))
        return history

    def add(self, household: UUID, award: Award) -> None:
        self._awards[household].append(award)

    def usage(self, household: UUID, rule: Rule, person: str) -> Usage:
        awards = self._awards[household]

        def used(limit: Limit, window: tuple[date, date]) -> Used:
            first, after = window
            counted = [
                award.points
                for award in awards
                if first <= award.deed_on < after
                and (limit.scope != "rule" or award.rule == rule.id)
                and (limit.scope != "category" or award.category == rule.category)
                and (limit.per != "person" or award.person == person)
            ]
            return Used(times=len(counted), points=sum(counted))

        return used
