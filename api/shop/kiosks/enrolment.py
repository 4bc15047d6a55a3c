"""Add kiosks, and enrol the machines that stand there by one-time codes."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from sqlalchemy import select, update
from uuid_utils.compat import uuid7

from api import wire
from api.platform.access import Device, Role, Staff, digest_secret, generate_secret, require_township
from api.platform.clock import local_date
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from api.registry.founding.defaults import read_defaults
from api.registry.freezes.queries import read_freeze, select_freeze
from api.shop.kiosks.tables import Kiosk, KioskEnrolment
from api.shop.supermarkets.use_cases import require_supermarket
from api.wire import till_journal
from api.wire.card_token import normalize, random_symbols

CODE_LENGTH = 12
"""60 random bits: too many to guess one within its lifetime."""
CODE_LIFETIME = timedelta(hours=24)


async def add_kiosk(services: Services, staff: Staff, data: wire.NewKiosk) -> wire.KioskCode:
    """Add a place at a supermarket's counter. Returns the code that enrols a machine there.

    Raises Refused: not-allowed, unknown.
    """
    require_township(staff, Role.OFFICE)
    kiosk = uuid7()
    async with services.unit_of_work() as uow:
        await require_supermarket(uow, data.supermarket)
        defaults = await read_defaults(uow)
        uow.session.add(
            Kiosk(
                township=uow.township,
                id=kiosk,
                supermarket=data.supermarket,
                name=data.name,
                added_at=uow.now,
                lease_most=defaults.lease_most,
                lease_days=defaults.lease_days,
            )
        )
        await uow.session.flush()
        return await _issue_code(uow, kiosk)


async def issue_code(services: Services, staff: Staff, kiosk: UUID) -> wire.KioskCode:
    """Issue a code for another machine at this place, once the previous enrolment has ended. An older code
    expires.

    Raises Refused: not-allowed, unknown, still-enrolled.
    """
    require_township(staff, Role.OFFICE)
    async with services.unit_of_work() as uow:
        await require_kiosk(uow, kiosk)
        if await lock_current_enrolment(uow, kiosk) is not None:
            raise Refused(ErrorCode.STILL_ENROLLED, "这个终端还有机器在用；换机器请先登记停用旧的。")
        return await _issue_code(uow, kiosk)


async def _issue_code(uow: UnitOfWork, kiosk: UUID) -> wire.KioskCode:
    code, until = random_symbols(CODE_LENGTH), uow.now + CODE_LIFETIME
    await uow.session.execute(
        update(Kiosk)
        .where(Kiosk.township == uow.township, Kiosk.id == kiosk)
        .values(code=digest_secret(code), code_until=until)
    )
    return wire.KioskCode(kiosk=kiosk, code=code, until=until)


async def enrol(services: Services, data: till_journal.NewEnrolment) -> till_journal.Enrolment:
    """The machine with this code becomes the kiosk. A code belongs for good to the first key that it came with: a
    retry with both gets a new token for the same enrolment, since the first answer may have been lost.

    Raises Refused: code-wrong.
    """
    code, key = digest_secret(normalize(data.code)), bytes.fromhex(data.public_key)
    token = generate_secret()
    async with services.unit_of_work() as uow:
        kiosk = await uow.session.scalar(
            select(Kiosk)
            .where(Kiosk.township == uow.township, Kiosk.code == code, Kiosk.code_until > uow.now)
            # A second machine with the same code waits here, and is then refused.
            .with_for_update(key_share=True)
        )
        if kiosk is None:
            raise Refused(ErrorCode.CODE_WRONG, "登记码不对或已过期，请核对，或请乡镇办公室给一个新的。")
        epochs = await uow.session.scalars(
            select(KioskEnrolment)
            .where(KioskEnrolment.township == uow.township, KioskEnrolment.kiosk == kiosk.id)
            .order_by(KioskEnrolment.epoch)
            .with_for_update(key_share=True)
        )
        earlier = epochs.all()
        used = next((enrolment for enrolment in earlier if enrolment.code == code), None)
        if used is not None and used.ended_at is None and used.public_key == key:
            epoch, used.digest = used.epoch, digest_secret(token)
        elif used is not None or any(enrolment.ended_at is None for enrolment in earlier):
            raise Refused(ErrorCode.CODE_WRONG, "这个登记码已经用过，请乡镇办公室给一个新的。")
        else:
            epoch = 1 + max((enrolment.epoch for enrolment in earlier), default=0)
            uow.session.add(
                KioskEnrolment(
                    township=uow.township,
                    kiosk=kiosk.id,
                    epoch=epoch,
                    public_key=key,
                    code=code,
                    digest=digest_secret(token),
                    enrolled_at=uow.now,
                )
            )
        return till_journal.Enrolment(
            kiosk=kiosk.id, epoch=epoch, token=token, supermarket=kiosk.supermarket, name=kiosk.name
        )


async def find_device(uow: UnitOfWork, digest: bytes) -> Device | None:
    """The kiosk whose device token has this digest, unless its enrolment has ended."""
    row = (
        await uow.session.execute(
            select(
                *(Kiosk.id, Kiosk.supermarket, KioskEnrolment.epoch),
                select_freeze(Kiosk.township, kiosk=Kiosk.id).label("freeze"),
            )
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
    if row is None:
        return None
    freeze = read_freeze(row.freeze, local_date(uow.now))
    frozen = freeze.tell_kiosk() if freeze is not None else ""
    return Device(row.id, row.supermarket, row.epoch, digest, frozen)


async def set_lease_policy(services: Services, staff: Staff, kiosk: UUID, data: wire.LeasePolicy) -> None:
    """Raises Refused: not-allowed, unknown."""
    require_township(staff, Role.OFFICE)
    async with services.unit_of_work() as uow:
        await require_kiosk(uow, kiosk)
        await uow.session.execute(
            update(Kiosk)
            .where(Kiosk.township == uow.township, Kiosk.id == kiosk)
            .values(
                lease_most=data.most,
                lease_days=data.days,
                **({} if data.idle_days is None else {"lease_idle_days": data.idle_days}),
            )
        )


async def set_lock_policy(services: Services, staff: Staff, kiosk: UUID, data: wire.LockPolicy) -> None:
    """Raises Refused: not-allowed, unknown."""
    require_township(staff, Role.OFFICE)
    async with services.unit_of_work() as uow:
        await require_kiosk(uow, kiosk)
        await uow.session.execute(
            update(Kiosk)
            .where(Kiosk.township == uow.township, Kiosk.id == kiosk)
            .values(lock_minutes=data.minutes)
        )


async def lock_current_enrolment(uow: UnitOfWork, kiosk: UUID) -> KioskEnrolment | None:
    """The enrolment that has not ended, locked until the caller's transaction ends."""
    enrolment: KioskEnrolment | None = await uow.session.scalar(
        select(KioskEnrolment)
        .where(
            KioskEnrolment.township == uow.township,
            KioskEnrolment.kiosk == kiosk,
            KioskEnrolment.ended_at.is_(None),
        )
        .with_for_update(key_share=True)
    )
    return enrolment


async def revoke_code(uow: UnitOfWork, kiosk: UUID) -> None:
    """The code that was issued last enrols no machine any more."""
    await uow.session.execute(
        update(Kiosk).where(Kiosk.township == uow.township, Kiosk.id == kiosk).values(code=None, code_until=None)
    )


async def require_kiosk(uow: UnitOfWork, kiosk: UUID) -> Kiosk:
    """Raises Refused: unknown."""
    found = await uow.session.get(Kiosk, (uow.township, kiosk))
    if found is None:
        raise Refused(ErrorCode.UNKNOWN, "没有这个终端。")
    return found
