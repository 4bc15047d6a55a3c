"""In which village a household was on a day."""

from __future__ import annotations

from collections import defaultdict
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
    """By household: from which day on it was no longer in which village, in the order of recording."""

    left: Mapping[UUID, Sequence[tuple[date, str]]]

    def find_village(self, household: HouseholdFacts, day: date) -> str:
        """Where it was on this day, as far as moves were recorded."""
        return next(
            (village for since, village in self.left.get(household.id, ()) if day < since), household.village
        )


async def read_moves(uow: UnitOfWork, households: Collection[UUID]) -> Moves:
    rows = await uow.session.execute(
        select(RecordedChange.household, RecordedChange.effective_on, RecordedChange.before["village"].astext)
        .where(
            RecordedChange.township == uow.township,
            RecordedChange.household.in_(households),
            RecordedChange.kind == ChangeKind.MOVE,
        )
        .order_by(RecordedChange.recorded_at)
    )
    left: defaultdict[UUID, list[tuple[date, str]]] = defaultdict(list)
    for household, since, village in rows:
        left[household].append((since, village))
    return Moves(left)
