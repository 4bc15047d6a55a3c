"""What households were awarded before: the past that a rule's limits are counted against."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select

import rules
from api.awards.claims.corrections import net, taken_back
from api.awards.claims.tables import Claim
from api.platform.services import UnitOfWork
from api.registry.register.queries import lock_households


class History:
    """Awards by household: those on their way count as those posted, those refused or taken back don't."""

    def __init__(self) -> None:
        self._awards: list[tuple[rules.Claim, int]] = []
        self._tallies: dict[str, rules.Tally] = {}

    @classmethod
    async def read(
        cls,
        uow: UnitOfWork,
        households: Mapping[UUID, str],
        books: Collection[rules.Rulebook],
        days: Collection[date],
    ) -> History:
        """The past of these households, given with their villages; and of the whole village where a book counts by
        village in a period that one of the days lies in.

        Locks what it counts by, so that nobody else can take the same last point meanwhile. Redemptions go on:
        they only refer to the household.
        """
        counted = {count for book in books for count in book.counts if count.per == "village"}
        villages = set(households.values()) if counted else set()
        await _lock(uow, households, villages)
        mine: ColumnElement[bool] = Claim.household.in_(households)
        if villages:
            since = min((count.window(day)[0] for count in counted for day in days), default=date.max)
            mine = or_(mine, and_(Claim.village.in_(villages), Claim.deed_on >= since))
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
            ).where(Claim.township == uow.township, mine, Claim.status != "refused")
        )
        back = await taken_back(uow, mine)
        for id, household, village, rule, person, deed_on, inputs, points in rows:
            left = net(points, back.get(id, 0))
            if left != 0:
                claim = rules.Claim(rule, deed_on, str(household), village, person=person, inputs=inputs)
                history.add(claim, left)
        return history

    def add(self, claim: rules.Claim, points: int) -> None:
        self._awards.append((claim, points))
        for tally in self._tallies.values():
            tally.add(claim, points)

    def under(self, book: rules.Rulebook) -> rules.AwardHistory:
        """The past as a book counts it."""
        if book.version not in self._tallies:
            tally = self._tallies[book.version] = rules.Tally(book)
            for claim, points in self._awards:
                tally.add(claim, points)
        return self._tallies[book.version]


async def _lock(uow: UnitOfWork, households: Collection[UUID], villages: Collection[str]) -> None:
    for village in sorted(villages):
        # The application may not update villages, so it can't lock their rows either.
        key = func.hashtext(f"claims of village {village}")
        await uow.session.execute(select(func.pg_advisory_xact_lock(uow.township, key)))
    await lock_households(uow, households)
