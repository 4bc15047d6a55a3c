"""Tell a kiosk what it needs to serve."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from sqlalchemy import select, true

from api import wire
from api.platform.access import Device
from api.platform.services import Services, UnitOfWork
from api.registry.register.queries import village_of
from api.shop.promises.queries import uncollected
from api.shop.stock.tables import Supermarket
from api.shop.stock.use_cases import shelf_items


@dataclass(frozen=True, slots=True)
class News:
    """What a till tells that isn't the shop's own. `seal`: what receipts print of the books' newest seal;
    `on_notice`: sentences about a village's public notices."""

    seal: Callable[[UnitOfWork], Awaitable[str]]
    on_notice: Callable[[UnitOfWork, str], Awaitable[list[str]]]


async def till(services: Services, device: Device, news: News) -> wire.Till:
    """What the kiosk needs to serve."""
    async with services.unit_of_work() as uow:
        place = village_of(Supermarket.township, Supermarket.village)
        row = await uow.session.execute(
            select(Supermarket.name, place.c.name, Supermarket.village, Supermarket.shelf_version)
            .join(place, true())
            .where(Supermarket.township == uow.township, Supermarket.code == device.supermarket)
        )
        # Read before the shelf: news that come in between are fetched again rather than missed.
        supermarket, village, code, version = row.one()
        return wire.Till(
            supermarket=supermarket,
            village=village,
            shelf=await shelf_items(uow, device.supermarket),
            # Shown while nobody is served.
            notices=[*await _waiting(uow, device.supermarket), *await news.on_notice(uow, code)],
            version=version,
            seal=await news.seal(uow),
        )


async def _waiting(uow: UnitOfWork, supermarket: str) -> list[str]:
    promises = await uncollected(uow, supermarket)
    return [f"{promises} 笔预订的货到了，等户里来领。"] if promises else []
