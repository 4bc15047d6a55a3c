"""What waits for somebody: told before their service ends."""

from __future__ import annotations

from uuid import UUID

from api.awards.review.queries import load_desk
from api.desk.proposals.kinds import KINDS
from api.platform.services import Services
from api.registry.people.queries import find_staff
from api.registry.proposals import deciding


async def count_waiting(services: Services, person: UUID) -> list[str]:
    """In words: how many of what."""
    async with services.unit_of_work() as uow:
        staff = await find_staff(uow, person)
    desk = await load_desk(services, staff)
    waiting = {
        "待评议": desk.to_review.total if desk.to_review else 0,
        "待审定": desk.to_approve.total if desk.to_approve else 0,
        "等确认": await deciding.count_confirmable(services, KINDS, staff),
    }
    return [f"{title} {count} 件" for title, count in waiting.items() if count]
