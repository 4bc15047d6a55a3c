"""How households change: what is recorded of every change, whoever makes it and wherever."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import insert
from uuid_utils.compat import uuid7

from api.platform.services import UnitOfWork
from api.registry.register.tables import RecordedChange


class ChangeKind(StrEnum):
    """`REVIVE`: a merger was wrong. `CLEAR`: what points an ended household had left went to the township."""

    HEAD = "head"
    GRID = "grid"
    PEOPLE = "people"
    MOVE = "move"
    SPLIT = "split"
    MERGE = "merge"
    REVIVE = "revive"
    END = "end"
    CLEAR = "clear"


@dataclass(frozen=True, slots=True)
class Change:
    """`before`, `after`: what of the household differs, by field. `id`: also that of the transaction by which
    points move with it."""

    household: UUID
    kind: ChangeKind
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    id: UUID = field(default_factory=uuid7)


async def record_changes(
    uow: UnitOfWork,
    changes: Sequence[Change],
    person: UUID,
    reason: str,
    effective_on: date,
    confirmed_by: UUID | None = None,
) -> None:
    """Keep what the caller changes in the same unit of work. `confirmed_by`: the second person, where one is
    needed."""
    if not changes:
        return
    common = {
        "township": uow.township,
        "effective_on": effective_on,
        "recorded_at": uow.now,
        "person": person,
        "confirmed_by": confirmed_by,
        "reason": reason,
    }
    await uow.session.execute(
        insert(RecordedChange),
        [
            common
            | {
                "id": change.id,
                "household": change.household,
                "kind": change.kind,
                "before": dict(change.before),
                "after": dict(change.after),
            }
            for change in changes
        ],
    )
