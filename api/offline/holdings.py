"""How many of a household's points kiosks hold."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import bindparam, select

from api import accounts
from api.access import Device
from api.offline.tables import Lease
from api.town import Work
from ledger.transactions import AccountId


async def held_at_kiosks(work: Work, household: UUID, code: str, device: Device) -> tuple[int, int]:
    """Points of a household that this kiosk holds, and those that all others hold."""
    held = await _held(work, household, code)
    here = held.pop(accounts.escrow(code, device.id, device.epoch).id, 0)
    return here, sum(held.values())


async def held_by_all(work: Work, household: UUID, code: str) -> int:
    """Points of a household that wait at kiosks: still its own."""
    return sum((await _held(work, household, code)).values())


_LEASES = select(Lease.kiosk, Lease.epoch).where(
    Lease.township == bindparam("township"), Lease.household == bindparam("household")
)


async def _held(work: Work, household: UUID, code: str) -> dict[AccountId, int]:
    leases = await work.session.execute(_LEASES, {"township": work.township, "household": household})
    ids = [accounts.escrow(code, kiosk, epoch).id for kiosk, epoch in leases]
    balances = await work.books.balances(ids) if ids else {}
    return {id: balance.available for id, balance in balances.items()}
