"""In which village a household was on a day."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import select

from api.platform.services import UnitOfWork
from api.registry.register.changes import ChangeKind
from api.registry.register.queries import HouseholdFacts
from api.registry.register.tables import RecordedChange


@dataclass(frozen=True, slots=True)
class Moves:
    """By household: since which day it was in which village, the last word first; the first village since ever."""

    entered: Mapping[UUID, Sequence[tuple[date, str]]]

    def find_village(self, household: HouseholdFacts, day: date) -> str:
        """Where it was on this day, as far as moves were recorded. What was said last counts, where it puts right
        what was said before."""
        entered = self.entered.get(household.id, ())
        return next((village for since, village in entered if since <= day), household.village)


async def read_moves(uow: UnitOfWork, households: Collection[UUID]) -> Moves:
    rows = await uow.session.execute(
        select(
            RecordedChange.household,
            RecordedChange.effective_on,
            RecordedChange.before["village"].astext,
            RecordedChange.after["village"].astext,
        )
        .where(
            RecordedChange.township == uow.township,
            RecordedChange.household.in_(households),
            RecordedChange.kind == ChangeKind.MOVE,
        )
        .order_by(RecordedChange.recorded_at, RecordedChange.id)
    )
    entered: defaultdict[UUID, deque[tuple[date, str]]] = defaultdict(deque)
    for household, since, old, new in rows:
        if not entered[household]:
            entered[household].append((date.min, old))
        entered[household].appendleft((since, new))
    return Moves(entered)
