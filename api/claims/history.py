"""What households were awarded before: the past that a rule's limits are counted against."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import select

import rules
from api.claims.corrections import taken_back
from api.claims.tables import Claim
from api.register.tables import Household
from api.town import Work


class History:
    """Awards by household: those on their way count as those posted, those refused or taken back don't."""

    def __init__(self) -> None:
        self._awards: list[tuple[rules.Claim, int]] = []
        self._tallies: dict[str, rules.Tally] = {}

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
                Claim.village,
                Claim.rule,
                Claim.person,
                Claim.deed_on,
                Claim.inputs,
                Claim.points,
            ).where(
                Claim.township == work.township,
                Claim.household.in_(households),
                Claim.status != "refused",
            )
        )
        back = await taken_back(work, Claim.household.in_(households))
        for id, household, village, rule, person, deed_on, inputs, points in rows:
            left = points - back.get(id, 0)
            if left > 0:
                claim = rules.Claim(rule, deed_on, str(household), village, person=person, inputs=inputs)
                history.add(claim, left)
        return history

    def add(self, claim: rules.Claim, points: int) -> None:
        self._awards.append((claim, points))
        for tally in self._tallies.values():
            tally.add(claim, points)

    def under(self, book: rules.Rulebook) -> rules.Past:
        """The past as a book counts it."""
        if book.version not in self._tallies:
            tally = self._tallies[book.version] = rules.Tally(book)
            for claim, points in self._awards:
                tally.add(claim, points)
        return self._tallies[book.version]
