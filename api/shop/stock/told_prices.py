"""The prices that each machine was told: what it sells at without the network is held against them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.dialects.postgresql import insert as insert_or

from api.platform.services import UnitOfWork
from api.shop.stock.tables import Product, Shelf, ToldPrices
from api.shop.supermarkets.tables import Supermarket


async def note_prices(uow: UnitOfWork, kiosk: UUID, epoch: int, supermarket: str) -> None:
    """A machine is being told the prices of its shelf. Where it knows them already, nothing is written."""
    # The version is read before the prices: a change in between is noted again with the next version.
    version = await uow.session.scalar(
        select(Supermarket.shelf_version).where(
            Supermarket.township == uow.township, Supermarket.code == supermarket
        )
    )
    key = {"township": uow.township, "kiosk": kiosk, "epoch": epoch, "version": version}
    is_known = exists().where(*(getattr(ToldPrices, column) == value for column, value in key.items()))
    if await uow.session.scalar(select(is_known)):
        return
    prices = await uow.session.execute(
        select(Product.code, Product.price)
        .join(Shelf, (Shelf.township == Product.township) & (Shelf.product == Product.code))
        .where(Shelf.township == uow.township, Shelf.supermarket == supermarket, Shelf.retired_at.is_(None))
    )
    told = insert_or(ToldPrices).values(**key, told_at=uow.now, prices=dict(prices.all()))
    await uow.session.execute(told.on_conflict_do_nothing())


async def read_told_prices(uow: UnitOfWork, kiosk: UUID, epoch: int, moment: datetime) -> Mapping[str, int] | None:
    """The prices that the machine knew at a moment; None where that was never kept."""
    prices: dict[str, int] | None = await uow.session.scalar(
        select(ToldPrices.prices)
        .where(
            ToldPrices.township == uow.township,
            ToldPrices.kiosk == kiosk,
            ToldPrices.epoch == epoch,
            ToldPrices.told_at <= moment,
        )
        .order_by(ToldPrices.told_at.desc(), ToldPrices.version.desc())
        .limit(1)
    )
    return prices
