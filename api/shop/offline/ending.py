"""End a kiosk's enrolment and reclaim its leases."""

from __future__ import annotations

from uuid import UUID

from api.platform.access import Role, Staff, require, require_serves
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services
from api.shop.kiosks.enrolment import lock_current_enrolment, require_kiosk, revoke_code
from api.shop.offline.leases import reclaim
from api.shop.supermarkets.queries import read_villages_of


async def end_enrolment(services: Services, staff: Staff, kiosk: UUID, reason: str) -> None:
    """The machine is lost, broken or out of use: its token and its code stop working, and its leased points go
    back to the households. What it uploads later waits for a person's decision.

    A village's supervisor ends those of the village alone. Raises Refused: not-allowed, unknown, not-enrolled.
    """
    require(staff, Role.OFFICE, Role.SUPERVISOR)
    async with services.unit_of_work() as uow:
        place = await require_kiosk(uow, kiosk)
        require_serves(staff, (await read_villages_of(uow, [place.supermarket]))[place.supermarket])
        # Locked in the same order as by a machine that enrols.
        await revoke_code(uow, kiosk)
        enrolment = await lock_current_enrolment(uow, kiosk)
        if enrolment is None:
            raise Refused(ErrorCode.NOT_ENROLLED, "这个终端没有登记机器，不用停用。")
        enrolment.awaited = False
        enrolment.ended_at, enrolment.ended_by, enrolment.reason = uow.now, staff.id, reason
        await reclaim(uow, kiosk, enrolment.epoch, person=str(staff.id), reason=reason)
