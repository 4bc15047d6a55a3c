"""What was changed of people: a row for each change, in words, with who did it and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import select
from uuid_utils.compat import uuid7

from api.platform.services import UnitOfWork
from api.registry.people.queries import name_subquery
from api.registry.people.tables import PersonChange


class ChangeKind(StrEnum):
    ADDED = "added"
    CHANGED = "changed"
    ENDED = "ended"
    RESUMED = "resumed"
    INVITED = "invited"
    PASSWORD = "password"
    SIGNED_OUT = "signed-out"
    SECOND_STEP_ON = "second-step-on"
    SECOND_STEP_OFF = "second-step-off"
    RELATIVE = "relative"
    RELATIVE_WITHDRAWN = "relative-withdrawn"


@dataclass(frozen=True, slots=True)
class ChangeView:
    """`changed_by`: empty at the server's own terminal. `confirmed_by`: empty where one person was enough."""

    kind: str
    before: str
    after: str
    reason: str
    changed_by: str
    confirmed_by: str
    changed_at: datetime


def record_change(
    uow: UnitOfWork,
    person: UUID,
    kind: ChangeKind,
    by: UUID | None,
    *,
    before: str = "",
    after: str = "",
    reason: str = "",
    confirmed_by: UUID | None = None,
) -> None:
    uow.session.add(
        PersonChange(
            township=uow.township,
            id=uuid7(),
            person=person,
            kind=kind,
            before=before,
            after=after,
            reason=reason,
            changed_by=by,
            confirmed_by=confirmed_by,
            changed_at=uow.now,
        )
    )


async def read_changes(uow: UnitOfWork, person: UUID) -> list[ChangeView]:
    """Of one person, newest first."""
    rows = await uow.session.execute(
        select(
            PersonChange,
            name_subquery(PersonChange.township, PersonChange.changed_by).label("by"),
            name_subquery(PersonChange.township, PersonChange.confirmed_by).label("confirmer"),
        )
        .where(PersonChange.township == uow.township, PersonChange.person == person)
        .order_by(PersonChange.changed_at.desc(), PersonChange.id.desc())
    )
    return [
        ChangeView(row.kind, row.before, row.after, row.reason, by or "", confirmer or "", row.changed_at)
        for row, by, confirmer in rows
    ]
