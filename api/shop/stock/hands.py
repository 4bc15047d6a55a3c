"""Whose hand a slip is in: a person's at the desk, or an attendant's at the till of their supermarket."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from api.platform.access import Device, Staff
from api.platform.services import UnitOfWork
from api.shop.kiosks.use_cases import require_open_shift
from api.shop.stock.tables import Supermarket


@dataclass(frozen=True, slots=True)
class Hand:
    """`supermarket` is the attendant's, and None for a person, who serves a village or, with None, all of them."""

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

    def serves(self, place: Supermarket) -> bool:
        if self.supermarket is not None:
            return place.code == self.supermarket
        return self.village is None or self.village == place.village


def at_desk(staff: Staff) -> Hand:
    return Hand(staff.id, staff.name, village=staff.village)


async def on_shift(uow: UnitOfWork, device: Device, shift: str) -> Hand:
    """Raises Refused: shift-closed."""
    open_shift = await require_open_shift(uow, device, shift)
    return Hand(open_shift.attendant, open_shift.name, supermarket=device.supermarket)
