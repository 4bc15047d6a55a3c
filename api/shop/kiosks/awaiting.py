"""After a restore the server knows less than the tills: until it has heard all of what one did before, points that
this one may hold are given to nobody else."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Integer, Select, func, literal, select, update

from api.platform.services import Services, UnitOfWork
from api.shop.kiosks.tables import Kiosk, KioskEnrolment
from api.shop.supermarkets.tables import Supermarket
from ledger.restores import Restore
from ledger.seals import Seals

_LONGEST_SECONDS = 12


async def read_last_restore(uow: UnitOfWork) -> Restore | None:
    """None where the books never went back to a backup."""
    restores = await Seals(await uow.session.connection(), uow.township).read_restores()
    return restores[-1] if restores else None


class BooksAge:
    """How old these books are beside those that a kiosk has seen. Read once: books are restored while nobody
    serves them."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._restored_at: datetime | None = None
        self._known = False

    async def are_older(self, known: str) -> bool:
        """Than those whose restore a kiosk's header tells."""
        if not self._known and _parse_seconds(known):
            async with self._services.unit_of_work() as uow:
                restore = await read_last_restore(uow)
            self._restored_at, self._known = restore.restored_at if restore is not None else None, True
        return self.may_be_older(known)

    def may_be_older(self, known: str) -> bool:
        """As `are_older`, and True where that isn't known yet."""
        restored_at = int(self._restored_at.timestamp()) if self._restored_at is not None else 0
        return restored_at < _parse_seconds(known)


def _parse_seconds(known: str) -> int:
    return int(known) if known.isascii() and known.isdigit() and len(known) < _LONGEST_SECONDS else 0


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


async def list_awaited(uow: UnitOfWork) -> list[str]:
    """The machines that are still to be heard, each by its supermarket and place."""
    rows = await uow.session.execute(
        select(Supermarket.name, Kiosk.name)
        .select_from(KioskEnrolment)
        .join(Kiosk, (Kiosk.township == KioskEnrolment.township) & (Kiosk.id == KioskEnrolment.kiosk))
        .join(Supermarket, (Supermarket.township == Kiosk.township) & (Supermarket.code == Kiosk.supermarket))
        .where(KioskEnrolment.township == uow.township, KioskEnrolment.awaited)
        .order_by(Supermarket.code, Kiosk.name)
    )
    return [f"{supermarket}{place}" for supermarket, place in rows]


def note_heard(enrolment: KioskEnrolment, last: int | None) -> None:
    """The machine's journal ends with entry `last`, so what the server has of it may be all. `enrolment` is locked
    by the caller."""
    if last is not None and enrolment.head >= last:
        enrolment.awaited = False
