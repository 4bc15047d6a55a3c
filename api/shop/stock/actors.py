"""Who writes a stock document: a person at the desk, or an attendant at the till of their supermarket."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from api.platform.access import Device, Staff
from api.platform.services import UnitOfWork
from api.shop.kiosks.use_cases import require_open_shift
from api.shop.supermarkets.tables import Supermarket


@dataclass(frozen=True, slots=True)
class Actor:
    """`supermarket`: an attendant's own, None for a person. `village`: that a person serves, None for all."""

    id: UUID
    name: str
    village: str | None = None
    supermarket: str | None = None

    @property
    def person(self) -> UUID | None:
        return self.id if self.supermarket is None else None

    @property
    def attendant(self) -> UUID | None:
        return self.id if self.supermarket is not None else None

    def serves(self, supermarket: Supermarket) -> bool:
        if self.supermarket is not None:
            return supermarket.code == self.supermarket
        return self.village is None or self.village == supermarket.village


def actor_at_desk(staff: Staff) -> Actor:
    return Actor(staff.id, staff.name, village=staff.village)


async def require_actor_on_shift(uow: UnitOfWork, device: Device, shift: str) -> Actor:
    """Raises Refused: shift-closed."""
    open_shift = await require_open_shift(uow, device, shift)
    return Actor(open_shift.attendant, open_shift.name, supermarket=device.supermarket)
