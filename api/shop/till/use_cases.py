"""Everything a kiosk needs to serve: its shelf, notices, the newest seal."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from msgspec import UNSET
from sqlalchemy import select, true

from api import wire
from api.platform.access import Device
from api.platform.backup.catalogue import read_backup_state
from api.platform.backup.status import read_backup_status
from api.platform.clock import local_date
from api.platform.services import Services, UnitOfWork
from api.registry.register.queries import lateral_village
from api.shop.kiosks.queries import select_attendants, select_lock_minutes
from api.shop.reservations.queries import count_uncollected
from api.shop.stock.told_prices import note_prices
from api.shop.stock.use_cases import read_shelf_items
from api.shop.supermarkets.hours import describe_today
from api.shop.supermarkets.queries import convert_hours
from api.shop.supermarkets.tables import Supermarket


@dataclass(frozen=True, slots=True)
class TillAdditions:
    """What later districts add to a till's data. `seal`: the text about the books' newest seal on receipts;
    `on_notice`: sentences about a village's public notices."""

    seal: Callable[[UnitOfWork], Awaitable[str]]
    on_notice: Callable[[UnitOfWork, str], Awaitable[list[str]]]


async def read_till(services: Services, device: Device, additions: TillAdditions) -> wire.Till:
    """What the kiosk needs to serve."""
    async with services.unit_of_work() as uow:
        village_row = lateral_village(Supermarket.township, Supermarket.village)
        row = await uow.session.execute(
            select(
                *(Supermarket.name, village_row.c.name, Supermarket.village, Supermarket.shelf_version),
                Supermarket.hours,
                select_attendants(Supermarket.township, Supermarket.code),
                select_lock_minutes(Supermarket.township, device.id),
            )
            .join(village_row, true())
            .where(Supermarket.township == uow.township, Supermarket.code == device.supermarket)
        )
        # The version is read before the shelf, so that a change in between is fetched again rather than missed.
        supermarket, village, code, version, hours, attendants, lock_minutes = row.one()
        await note_prices(uow, device.id, device.epoch, device.supermarket)
        return wire.Till(
            supermarket=supermarket,
            village=village,
            shelf=await read_shelf_items(uow, device.supermarket),
            # Shown while the till is idle.
            notices=[
                *_tell_today(hours, uow.now),
                *await _promise_notices(uow, device.supermarket),
                *await additions.on_notice(uow, code),
            ],
            version=version,
            seal=await additions.seal(uow),
            attendants=msgspec.convert(attendants, list[wire.TillAttendant]),
            lock_minutes=lock_minutes,
            backup=_tell_backup(services, uow.now),
            frozen=device.frozen or UNSET,
        )


def _tell_backup(services: Services, now: datetime) -> wire.ToldBackup | None:
    if read_backup_state(services.data).newest is None:
        return None
    status = read_backup_status(services.data, now)
    return wire.ToldBackup(f"{status.sentence}。", status.late)


def _tell_today(stored: Any, now: datetime) -> list[str]:
    hours = convert_hours(stored)
    return [] if hours is None else [f"{describe_today(hours, local_date(now))}。"]


async def _promise_notices(uow: UnitOfWork, supermarket: str) -> list[str]:
    promises = await count_uncollected(uow, supermarket)
    return [f"{promises} 笔预订的货到了，等户里来领。"] if promises else []
