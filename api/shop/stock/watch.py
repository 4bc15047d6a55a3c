"""What to look after on the shelves: products running out, lots whose date comes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import func, select

from api.platform import accounts
from api.platform.access import Device, Role, Staff, require
from api.platform.clock import local_date
from api.platform.services import Services, UnitOfWork
from api.shop.stock import lots
from api.shop.stock.tables import Product, Shelf, Supermarket
from api.wire import shelf as wire

# Who may look at shelves.
WATCHERS = (Role.COMMITTEE, Role.SUPERVISOR, Role.OFFICE)
DAYS = 30


async def of_till(services: Services, device: Device, days: int = DAYS) -> wire.StockAlerts:
    async with services.snapshot() as uow:
        return await _watch(uow, [device.supermarket], days)


async def of_staff(services: Services, staff: Staff, days: int = DAYS, supermarket: str = "") -> wire.StockAlerts:
    """The shelves of whoever asks, or of one supermarket of theirs. Raises Refused: not-allowed."""
    require(staff, *WATCHERS)
    async with services.snapshot() as uow:
        served = [place.code for place in await supermarkets(uow, staff)]
        return await _watch(uow, [code for code in served if supermarket in ("", code)], days)


async def places(services: Services, staff: Staff) -> Sequence[Supermarket]:
    async with services.unit_of_work() as uow:
        return await supermarkets(uow, staff)


async def supermarkets(uow: UnitOfWork, staff: Staff) -> Sequence[Supermarket]:
    """Those that a person serves, by code."""
    village = [] if staff.village is None else [Supermarket.village == staff.village]
    rows = await uow.session.scalars(
        select(Supermarket).where(Supermarket.township == uow.township, *village).order_by(Supermarket.code)
    )
    return rows.all()


async def _watch(uow: UnitOfWork, supermarkets: Sequence[str], days: int) -> wire.StockAlerts:
    """In one snapshot: a lot that has just arrived never meets the shelf as it was before."""
    rows = await uow.session.execute(
        select(Shelf.supermarket, Product.code, Product.name, func.coalesce(Shelf.minimum, Product.minimum))
        .join(Product, (Product.township == Shelf.township) & (Product.code == Shelf.product))
        .where(Shelf.township == uow.township, Shelf.supermarket.in_(supermarkets), Shelf.retired_at.is_(None))
        .order_by(Shelf.supermarket, Product.number)
    )
    shelves = rows.all()
    ids = {(place, product): accounts.shelf(place, product).id for place, product, _, _ in shelves}
    balances = await uow.books.read_balances(list(ids.values()))
    today = local_date(uow.now)
    received = lots.by_shelf(await lots.received(uow, supermarkets))
    low, dated = [], []
    for place, product, name, minimum in shelves:
        balance = balances[ids[place, product]]
        if balance.available < minimum:
            low.append(
                wire.LowStock(
                    supermarket=place, product=product, name=name, stock=balance.available, minimum=minimum
                )
            )
        of_shelf = received.get((place, product), [])
        arrived = {(lot.arrival, lot.line): lot.quantity for lot in of_shelf}
        dated += [
            wire.DatedLot(
                supermarket=place,
                product=product,
                name=name,
                arrival=lot.arrival,
                received_on=lot.received_on,
                sell_by=lot.sell_by,
                days=(lot.sell_by - today).days,
                quantity=arrived[lot.arrival, lot.line],
                left=lot.quantity,
            )
            # What is reserved for somebody stands on the shelf still.
            for lot in lots.left(of_shelf, balance.posted)
            if lot.sell_by is not None and lot.sell_by <= today + timedelta(days=days)
        ]
    return wire.StockAlerts(low=low, dated=sorted(dated, key=lambda lot: (lot.sell_by, lot.supermarket, lot.name)))
