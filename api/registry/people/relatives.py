"""Relatives' households: whoever declares one leaves it to others from then on."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from uuid_utils.compat import uuid7

from api.platform.access import Staff
from api.platform.errors import ErrorCode, Refused
from api.platform.services import UnitOfWork
from api.registry.people.tables import Relative


async def declare_relative(uow: UnitOfWork, by: Staff, person: UUID, household: str) -> bool:
    """Whether it is new. `household`: the code of one that there is."""
    added = await uow.session.execute(
        insert(Relative)
        .values(
            township=uow.township,
            id=uuid7(),
            person=person,
            household=household,
            declared_by=by.id,
            declared_at=uow.now,
        )
        .on_conflict_do_nothing()
        .returning(Relative.id)
    )
    return added.first() is not None


async def withdraw_relative(uow: UnitOfWork, by: Staff, person: UUID, household: str) -> None:
    """By another person: nobody makes themselves free to act on a household.

    Raises Refused: unknown, same-person.
    """
    if by.id == person:
        raise Refused(ErrorCode.SAME_PERSON, "申报过的亲属家，自己不能撤，请由乡镇办公室的另一个人办理。")
    declared = await uow.session.scalar(
        select(Relative)
        .where(
            Relative.township == uow.township,
            Relative.person == person,
            Relative.household == household,
            Relative.withdrawn_at.is_(None),
        )
        .with_for_update()
    )
    if declared is None:
        raise Refused(ErrorCode.UNKNOWN, "没有申报过这户亲属。")
    declared.withdrawn_by, declared.withdrawn_at = by.id, uow.now
