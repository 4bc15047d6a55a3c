"""Kiosks and the machines that stand there: add one, enrol by a one-time code."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, select, update
from uuid_utils.compat import uuid7

from api import wire
from api.platform.access import Device, Role, Staff, new_secret, require, secret_digest
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from api.shop.kiosks.tables import Kiosk, KioskEnrolment
from api.shop.kiosks.use_cases import require_supermarket
from api.wire import till_journal
from api.wire.card_token import normalize, random_symbols

CODE_LENGTH = 12
"""60 random bits: nobody guesses one in the hours that it lasts."""
CODE_LASTS = timedelta(hours=24)


async def add(services: Services, staff: Staff, wanted: wire.NewKiosk) -> wire.KioskCode:
    """A place at a supermarket's counter, and the code that enrols a machine there.

    Raises Refused: not-allowed, unknown.
    """
    require(staff, Role.OFFICE)
    kiosk = uuid7()
    async with services.unit_of_work() as uow:
        await require_supermarket(uow, wanted.supermarket)
        uow.session.add(
            Kiosk(
                township=uow.township,
                id=kiosk,
                supermarket=wanted.supermarket,
                name=wanted.name,
                added_at=uow.now,
            )
        )
        await uow.session.flush()
        return await _new_code(uow, kiosk)


async def new_code(services: Services, staff: Staff, kiosk: UUID) -> wire.KioskCode:
    """A code for another machine at this place, once the one before it was ended; an older code dies.

    Raises Refused: not-allowed, unknown, still-enrolled.
    """
    require(staff, Role.OFFICE)
    async with services.unit_of_work() as uow:
        await require_kiosk(uow, kiosk)
        if await current(uow, kiosk) is not None:
            raise Refused(ErrorCode.STILL_ENROLLED, "这个终端还有机器在用；换机器请先登记停用旧的。")
        return await _new_code(uow, kiosk)


async def _new_code(uow: UnitOfWork, kiosk: UUID) -> wire.KioskCode:
    code, until = random_symbols(CODE_LENGTH), uow.now + CODE_LASTS
    await uow.session.execute(
        update(Kiosk)
        .where(Kiosk.township == uow.township, Kiosk.id == kiosk)
        .values(code=secret_digest(code), code_until=until)
    )
    return wire.KioskCode(kiosk=kiosk, code=code, until=until)


async def enrol(services: Services, wanted: till_journal.NewEnrolment) -> till_journal.Enrolment:
    """The machine that has the code becomes this kiosk. The same code and key again: a new token for the same
    enrolment, since the first answer may have been lost.

    Raises Refused: code-wrong.
    """
    code, key = secret_digest(normalize(wanted.code)), bytes.fromhex(wanted.public_key)
    token = new_secret()
    async with services.unit_of_work() as uow:
        kiosk = await uow.session.scalar(
            select(Kiosk)
            .where(Kiosk.township == uow.township, Kiosk.code == code, Kiosk.code_until > uow.now)
            # Two machines with one code: the second one waits, and is refused.
            .with_for_update(key_share=True)
        )
        if kiosk is None:
            raise Refused(ErrorCode.CODE_WRONG, "登记码不对或已过期，请核对，或请乡镇办公室给一个新的。")
        machine = await current(uow, kiosk.id)
        if machine is None:
            epoch = 1 + (
                await uow.session.scalar(
                    select(func.coalesce(func.max(KioskEnrolment.epoch), 0)).where(
                        KioskEnrolment.township == uow.township, KioskEnrolment.kiosk == kiosk.id
                    )
                )
                or 0
            )
            uow.session.add(
                KioskEnrolment(
                    township=uow.township,
                    kiosk=kiosk.id,
                    epoch=epoch,
                    public_key=key,
                    code=code,
                    digest=secret_digest(token),
                    enrolled_at=uow.now,
                )
            )
        elif (machine.code, machine.public_key) == (code, key):
            epoch, machine.digest = machine.epoch, secret_digest(token)
        else:
            raise Refused(ErrorCode.CODE_WRONG, "这个登记码已经用过，请乡镇办公室给一个新的。")
        return till_journal.Enrolment(
            kiosk=kiosk.id, epoch=epoch, token=token, supermarket=kiosk.supermarket, name=kiosk.name
        )


async def enrolled(uow: UnitOfWork, digest: bytes) -> Device | None:
    """The kiosk whose device token has this digest, while its enrolment lasts."""
    found = (
        await uow.session.execute(
            select(Kiosk.id, Kiosk.supermarket, KioskEnrolment.epoch)
            .join(
                KioskEnrolment,
                (KioskEnrolment.township == Kiosk.township) & (KioskEnrolment.kiosk == Kiosk.id),
            )
            .where(
                KioskEnrolment.township == uow.township,
                KioskEnrolment.digest == digest,
                KioskEnrolment.ended_at.is_(None),
            )
        )
    ).first()
    return Device(found.id, found.supermarket, found.epoch, digest) if found is not None else None


async def set_lease_policy(services: Services, staff: Staff, kiosk: UUID, wanted: wire.LeasePolicy) -> None:
    """Raises Refused: not-allowed, unknown."""
    require(staff, Role.OFFICE)
    async with services.unit_of_work() as uow:
        await require_kiosk(uow, kiosk)
        await uow.session.execute(
            update(Kiosk)
            .where(Kiosk.township == uow.township, Kiosk.id == kiosk)
            .values(lease_most=wanted.most, lease_days=wanted.days)
        )


async def current(uow: UnitOfWork, kiosk: UUID) -> KioskEnrolment | None:
    """The machine at this place, held until the caller's transaction ends."""
    found: KioskEnrolment | None = await uow.session.scalar(
        select(KioskEnrolment)
        .where(
            KioskEnrolment.township == uow.township,
            KioskEnrolment.kiosk == kiosk,
            KioskEnrolment.ended_at.is_(None),
        )
        .with_for_update(key_share=True)
    )
    return found


async def require_kiosk(uow: UnitOfWork, kiosk: UUID) -> None:
    """Raises Refused: unknown."""
    if await uow.session.get(Kiosk, (uow.township, kiosk)) is None:
        raise Refused(ErrorCode.UNKNOWN, "没有这个终端。")
