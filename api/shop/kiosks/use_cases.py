"""Sign attendants in at kiosks: their PINs and their shifts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select, update
from uuid_utils.compat import uuid7

from api import wire
from api.platform.access import Device, digest_secret, generate_secret
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from api.registry.tries.use_cases import LockedOut, Lockout, judge, taking_turns
from api.shop.kiosks.tables import Attendant, Kiosk, KioskEnrolment, Shift
from api.wire.lockout import ATTENDANT_PINS


async def open_shift(services: Services, device: Device, data: wire.PinSignIn) -> wire.Shift:
    """Sign an attendant in at this kiosk. Raises Refused: unknown, wrong-pin, pin-locked."""
    attendant = await require_attendant(services, device, data.pin, data.attendant)
    async with services.unit_of_work() as uow:
        return await _open_shift(uow, device, attendant)


async def require_attendant(services: Services, device: Device, pin: str, id: UUID | None = None) -> Attendant:
    """The attendant of this kiosk's supermarket with this PIN, and with this `id` if it is given. A wrong one is
    counted as that attendant's, or as the kiosk's.

    Raises Refused: unknown, wrong-pin, pin-locked."""
    async with taking_turns(services) as uow:
        attendants = await list_serving(uow, device.supermarket)
    candidates = [each for each in attendants if id in (None, each.id)]
    if id is not None and not candidates:
        raise Refused(ErrorCode.UNKNOWN, "本店没有这位管理员。")
    lockout = Lockout(ATTENDANT_PINS, ("attendant", str(id)) if id is not None else ("kiosk", str(device.id)))
    try:
        verdict = await judge(services, pin, [each.pin_hash for each in candidates], lockout)
    except LockedOut as locked:
        raise Refused(
            ErrorCode.PIN_LOCKED, "PIN 输错太多次，请五分钟后再试。", retry_after=locked.seconds
        ) from None
    if verdict.right is None:
        raise Refused(ErrorCode.WRONG_PIN, "PIN 不对，请再试一次。")
    return candidates[verdict.right]


async def require_still_serving(uow: UnitOfWork, attendant: Attendant) -> None:
    """Whoever ends this attendant waits for the caller's transaction, or has ended them since the PIN was judged.
    Raises Refused: wrong-pin."""
    serving = await uow.session.scalar(
        select(Attendant.id)
        .where(
            Attendant.township == uow.township,
            Attendant.id == attendant.id,
            Attendant.pin_hash == attendant.pin_hash,
            Attendant.ended_at.is_(None),
        )
        .with_for_update(read=True)
    )
    if serving is None:
        raise Refused(ErrorCode.WRONG_PIN, "这位管理员刚刚停用或换了 PIN，请重新登录。")


async def _open_shift(uow: UnitOfWork, device: Device, attendant: Attendant) -> wire.Shift:
    await require_still_serving(uow, attendant)
    # One at a time: each closes the one before it.
    await uow.session.get_one(Kiosk, (uow.township, device.id), with_for_update={"key_share": True})
    await uow.session.execute(
        update(Shift)
        .where(Shift.township == uow.township, Shift.kiosk == device.id, Shift.closed_at.is_(None))
        .values(closed_at=uow.now)
    )
    id, token = uuid7(), generate_secret()
    uow.session.add(
        Shift(
            township=uow.township,
            digest=digest_secret(token),
            id=id,
            kiosk=device.id,
            attendant=attendant.id,
            opened_at=uow.now,
        )
    )
    return wire.Shift(
        id=id,
        token=token,
        attendant=attendant.name,
        attendant_id=attendant.id,
        pin_set_at=attendant.pin_set_at,
    )


@dataclass(frozen=True, slots=True)
class OpenShift:
    """`attendant`, `name`: who serves in it."""

    attendant: UUID
    name: str
    shift: UUID


async def require_open_shift(uow: UnitOfWork, device: Device, token: str) -> OpenShift:
    """The shift of this kiosk with this token. Until the caller's transaction ends, the kiosk's journal isn't
    settled and its enrolment isn't ended. Raises Refused: shift-closed."""
    row = (
        await uow.session.execute(
            select(Attendant.id, Attendant.name, Shift.id)
            .join(Shift, (Shift.township == Attendant.township) & (Shift.attendant == Attendant.id))
            .join(
                KioskEnrolment,
                (KioskEnrolment.township == Shift.township) & (KioskEnrolment.kiosk == Shift.kiosk),
            )
            .where(
                KioskEnrolment.epoch == device.epoch,
                KioskEnrolment.ended_at.is_(None),
                Shift.township == uow.township,
                Shift.digest == digest_secret(token),
                Shift.kiosk == device.id,
                Shift.closed_at.is_(None),
            )
            .with_for_update(of=KioskEnrolment, read=True)
        )
    ).first()
    if row is None:
        raise shift_closed()
    return OpenShift(*row)


def shift_closed() -> Refused:
    return Refused(ErrorCode.SHIFT_CLOSED, "班次已结束，请重新输入 PIN 登录。")


async def list_serving(uow: UnitOfWork, supermarket: str) -> Sequence[Attendant]:
    """A supermarket's attendants who haven't ended, by name."""
    attendants = await uow.session.scalars(
        select(Attendant)
        .where(
            Attendant.township == uow.township,
            Attendant.supermarket == supermarket,
            Attendant.ended_at.is_(None),
        )
        .order_by(Attendant.name)
    )
    return attendants.all()
