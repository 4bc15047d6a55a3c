"""A machine that serves no more, and what it held."""

from __future__ import annotations

from uuid import UUID

from api.platform.access import Role, Staff, require
from api.platform.problems import Refused
from api.platform.town import Town
from api.shop.kiosks.enrolment import current, require_kiosk
from api.shop.offline.leases import take_back


async def end(town: Town, staff: Staff, kiosk: UUID, reason: str) -> None:
    """The machine is lost, broken or put away: its token dies, and what it holds of households' points goes back
    to them. What it still hands in waits for a person.

    Raises Refused: not-allowed, unknown, not-enrolled.
    """
    require(staff, Role.OFFICE, Role.SUPERVISOR)
    async with town.work() as work:
        await require_kiosk(work, kiosk)
        machine = await current(work, kiosk)
        if machine is None:
            raise Refused("not-enrolled", "这个终端没有登记机器，不用停用。")
        machine.ended_at, machine.ended_by, machine.reason = work.now, staff.id, reason
        await take_back(work, kiosk, machine.epoch, person=str(staff.id), reason=reason)
