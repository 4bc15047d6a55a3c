"""After a restore the server knows less than the tills: until it has heard all of what one did before, points that
this one may hold are given to nobody else."""

from __future__ import annotations

from sqlalchemy import update

from api.platform.services import UnitOfWork
from api.shop.kiosks.tables import KioskEnrolment


async def await_all(uow: UnitOfWork) -> None:
    """The books went back to a backup: every machine in use is to be heard."""
    await uow.session.execute(
        update(KioskEnrolment)
        .where(
            KioskEnrolment.township == uow.township,
            KioskEnrolment.ended_at.is_(None),
            KioskEnrolment.public_key.is_not(None),
        )
        .values(awaited=True)
    )
