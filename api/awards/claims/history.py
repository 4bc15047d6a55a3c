"""Earlier awards of households, against which limits are counted."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select

import rules
from api.awards.claims.corrections import net_points, points_taken_back
from api.awards.claims.statuses import COUNTS
from api.awards.claims.tables import Claim
from api.platform.services import UnitOfWork
from api.registry.register.merged import read_absorbed
from api.registry.register.queries import lock_households


class ClaimHistory:
    """Awards by household: pending and posted ones, without those that came to nothing or were
    taken back."""

    def __init__(self) -> None:
        self._awards: list[tuple[rules.Claim, int]] = []
        self._tallies: dict[str, rules.Tally] = {}

    @classmethod
    async def load(
        cls,
        uow: UnitOfWork,
        households: Mapping[UUID, str],
        books: Collection[rules.Rulebook],
        days: Collection[date],
        *,
        locked: bool = True,
    ) -> ClaimHistory:
        """The awards of these households (with their villages), also those of households that were merged into
        them; and of the whole village if a book counts by village in a period of one of the days.

        `locked`: the households and villages, so that two transactions can't use up the same last point; who only
        looks needs no lock. Redemptions are not blocked: they only reference the household.
        """
        village_counts = {count for book in books for count in book.counts if count.per == "village"}
        villages = set(households.values()) if village_counts else set()
        if locked:
            await _lock(uow, households, villages)
        absorbed = await read_absorbed(uow, households)
        included: ColumnElement[bool] = Claim.household.in_([*households, *absorbed])
        if villages:
            since = min((count.window(day)[0] for count in village_counts for day in days), default=date.max)
            included = or_(included, and_(Claim.village.in_(villages), Claim.deed_on >= since))
        history = cls()
        rows = await uow.session.execute(
            select(
                Claim.id,
                Claim.household,
                Claim.village,
                Claim.rule,
                Claim.person,
                Claim.deed_on,
                Claim.inputs,
                Claim.points,
            ).where(Claim.township == uow.township, included, COUNTS)
        )
        taken_back = await points_taken_back(uow, included)
        for id, household, village, rule, person, deed_on, inputs, points in rows:
            net = net_points(points, taken_back.get(id, 0))
            if net != 0:
                counted = absorbed.get(household, household)
                claim = rules.Claim(rule, deed_on, str(counted), village, person=person, inputs=inputs)
                history.add(claim, net)
        return history

    def add(self, claim: rules.Claim, points: int) -> None:
        self._awards.append((claim, points))
        for tally in self._tallies.values():
            tally.add(claim, points)

    def for_book(self, book: rules.Rulebook) -> rules.AwardHistory:
        """The history added up by the counts of a book."""
        if book.version not in self._tallies:
            tally = self._tallies[book.version] = rules.Tally(book)
            for claim, points in self._awards:
                tally.add(claim, points)
        return self._tallies[book.version]


async def _lock(uow: UnitOfWork, households: Collection[UUID], villages: Collection[str]) -> None:
    for village in sorted(villages):
        # The application may not update villages, so it can't lock their rows.
        key = func.hashtext(f"claims of village {village}")
        await uow.session.execute(select(func.pg_advisory_xact_lock(uow.township, key)))
    await lock_households(uow, households)
