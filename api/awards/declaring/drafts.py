"""Forms that weren't taken, kept by themselves until they are sent or thrown away, for their own person alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from api.awards.declaring.tables import ClaimDraft
from api.platform.access import Staff
from api.platform.services import Services, UnitOfWork

MAX_KEPT = 30


@dataclass(frozen=True, slots=True)
class Draft:
    """`form`: its fields as typed; `title`: of the rule, which may be gone; `problem`: why it wasn't taken."""

    id: UUID
    rule: str
    title: str
    form: dict[str, Any]
    problem: str
    kept_at: datetime


async def keep_draft(
    services: Services, staff: Staff, id: UUID, rule: str, title: str, form: dict[str, Any], problem: str
) -> None:
    """Keep a form under the id of its claim, in place of what was kept there; each person has the newest few."""
    async with services.unit_of_work() as uow:
        values = {"rule": rule, "title": title, "form": form, "problem": problem, "kept_at": uow.now}
        await uow.session.execute(
            insert(ClaimDraft)
            .values(township=uow.township, id=id, person=staff.id, **values)
            .on_conflict_do_update(
                index_elements=["township", "id"], set_=values, where=ClaimDraft.person == staff.id
            )
        )
        newest = select(ClaimDraft.id).where(*_own(uow, staff)).order_by(ClaimDraft.kept_at.desc())
        await uow.session.execute(
            delete(ClaimDraft).where(*_own(uow, staff), ClaimDraft.id.in_(newest.offset(MAX_KEPT)))
        )


async def list_drafts(uow: UnitOfWork, staff: Staff) -> list[Draft]:
    """The newest first."""
    found = await uow.session.scalars(
        select(ClaimDraft).where(*_own(uow, staff)).order_by(ClaimDraft.kept_at.desc())
    )
    return [_to_draft(draft) for draft in found]


async def find_draft(services: Services, staff: Staff, id: UUID) -> Draft | None:
    async with services.unit_of_work() as uow:
        found = await uow.session.scalar(select(ClaimDraft).where(*_own(uow, staff), ClaimDraft.id == id))
        return None if found is None else _to_draft(found)


async def discard_draft(services: Services, staff: Staff, id: UUID) -> None:
    async with services.unit_of_work() as uow:
        await uow.session.execute(delete(ClaimDraft).where(*_own(uow, staff), ClaimDraft.id == id))


def _own(uow: UnitOfWork, staff: Staff) -> tuple[Any, ...]:
    return ClaimDraft.township == uow.township, ClaimDraft.person == staff.id


def _to_draft(draft: ClaimDraft) -> Draft:
    return Draft(draft.id, draft.rule, draft.title, draft.form, draft.problem, draft.kept_at)
