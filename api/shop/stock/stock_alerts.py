"""Alerts about shelves: products running out, and lots that expire soon."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import func, select

from api.platform import accounts
from api.platform.access import Device, Role, Staff, require
from api.platform.clock import local_date
from api.platform.services import Services, UnitOfWork
from api.shop.stock import lots
from api.shop.stock.tables import Product, Shelf
from api.shop.supermarkets.queries import find_supermarkets
from api.wire import shelf as wire

# Who may see shelves.
STOCK_READERS = (Role.COMMITTEE, Role.SUPERVISOR, Role.OFFICE)
DEFAULT_DAYS = 30


async def read_for_till(services: Services, device: Device, days: int = DEFAULT_DAYS) -> wire.StockAlerts:
    async with services.snapshot() as uow:
        return await _read_alerts(uow, [device.supermarket], days)


async def read_for_staff(
    services: Services, staff: Staff, days: int = DEFAULT_DAYS, supermarket: str = ""
) -> wire.StockAlerts:
    """For all supermarkets that a person serves, or one of them. Raises Refused: not-allowed."""
    require(staff, *STOCK_READERS)
    async with services.snapshot() as uow:
        served = [each.code for each in await find_supermarkets(uow, staff)]
        return await _read_alerts(uow, [code for code in served if supermarket in ("", code)], days)


async def _read_alerts(uow: UnitOfWork, supermarkets: Sequence[str], days: int) -> wire.StockAlerts:
    """Called in one snapshot, so that lots and shelves agree."""
    rows = await uow.session.execute(
        select(Shelf.supermarket, Product.code, Product.name, func.coalesce(Shelf.minimum, Product.minimum))
        .join(Product, (Product.township == Shelf.township) & (Product.code == Shelf.product))
        .where(Shelf.township == uow.township, Shelf.supermarket.in_(supermarkets), Shelf.retired_at.is_(None))
        .order_by(Shelf.supermarket, Product.number)
    )
    shelves = rows.all()
    ids = {
        (supermarket, product): accounts.shelf(supermarket, product).id for supermarket, product, _, _ in shelves
    }
    balances = await uow.books.read_balances(list(ids.values()))
    today = local_date(uow.now)
    received = lots.group_by_shelf(await lots.list_received(uow, supermarkets))
    low, dated = [], []
    for supermarket, product, name, minimum in shelves:
        balance = balances[ids[supermarket, product]]
        if balance.available < minimum:
            low.append(
                wire.LowStock(
                    supermarket=supermarket, product=product, name=name, stock=balance.available, minimum=minimum
                )
            )
        shelf_lots = received.get((supermarket, product), [])
        arrived = {(lot.arrival, lot.line): lot.quantity for lot in shelf_lots}
        dated += [
            wire.DatedLot(
                supermarket=supermarket,
                product=product,
                name=name,
                arrival=lot.arrival,
                received_on=lot.received_on,
                sell_by=lot.sell_by,
                days=(lot.sell_by - today).days,
                quantity=arrived[lot.arrival, lot.line],
                left=lot.quantity,
                lot=lot.lot_number,
            )
            # Reserved pieces are still on the shelf.
            for lot in lots.compute_remaining(shelf_lots, balance.posted)
            if lot.sell_by is not None and lot.sell_by <= today + timedelta(days=days)
        ]
    return wire.StockAlerts(low=low, dated=sorted(dated, key=lambda lot: (lot.sell_by, lot.supermarket, lot.name)))
