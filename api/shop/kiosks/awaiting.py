"""After a restore the server knows less than the tills: until it has heard all of what one did before, points that
this one may hold are given to nobody else."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Integer, Select, func, literal, select, update

from api.platform.services import UnitOfWork
from api.shop.kiosks.tables import Kiosk, KioskEnrolment
from api.shop.supermarkets.tables import Supermarket
from ledger.restores import Restore
from ledger.seals import Seals


async def read_last_restore(uow: UnitOfWork) -> Restore | None:
    """None where the books never went back to a backup."""
    restores = await Seals(await uow.session.connection(), uow.township).read_restores()
    return restores[-1] if restores else None


async def await_all(uow: UnitOfWork) -> list[tuple[UUID, int]]:
    """The books went back to a backup: every machine in use is to be heard. Returns their kiosks and epochs."""
    awaited = await uow.session.execute(
        update(KioskEnrolment)
        .where(
            KioskEnrolment.township == uow.township,
            KioskEnrolment.ended_at.is_(None),
            KioskEnrolment.public_key.is_not(None),
        )
        .values(awaited=True)
        .returning(KioskEnrolment.kiosk, KioskEnrolment.epoch)
    )
    return [(kiosk, epoch) for kiosk, epoch in awaited]


def select_awaited_points(township: ColumnElement[int], village: ColumnElement[str]) -> Select[int]:
    """How many `points` of each of its households the awaited machines of a village may hold, at most."""
    return (
        select(func.sum(Kiosk.lease_most).label("points"))
        .select_from(KioskEnrolment)
        .join(Kiosk, (Kiosk.township == KioskEnrolment.township) & (Kiosk.id == KioskEnrolment.kiosk))
        .join(Supermarket, (Supermarket.township == Kiosk.township) & (Supermarket.code == Kiosk.supermarket))
        .where(KioskEnrolment.township == township, KioskEnrolment.awaited, Supermarket.village == village)
    )


async def count_awaited_points(uow: UnitOfWork, village: str) -> int:
    """As `select_awaited_points`."""
    township: ColumnElement[Any] = literal(uow.township, Integer)
    return await uow.session.scalar(select_awaited_points(township, literal(village))) or 0


def note_heard(enrolment: KioskEnrolment, last: int | None) -> None:
    """The machine's journal ends with entry `last`, so what the server has of it may be all. `enrolment` is locked
    by the caller."""
    if last is not None and enrolment.head >= last:
        enrolment.awaited = False
