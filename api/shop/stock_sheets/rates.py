"""Prices from costs: the rate that the township states, and what it makes of a cost."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from sqlalchemy import select
from uuid_utils.compat import uuid7

from api.platform.access import Role, Staff, require, require_township
from api.platform.services import Services, UnitOfWork
from api.registry.people.queries import name_subquery
from api.registry.proposals.decided import read_latest
from api.shop.stock.stock_alerts import STOCK_READERS
from api.shop.stock_sheets.tables import StatedRate
from api.wire.stock_sheets import PriceRate, PriceRateView

_MAX_PRICE = 100_000


@dataclass(frozen=True, slots=True)
class ProposedPrice:
    """`points` a piece; `reckoning` says how they came about."""

    points: int
    reckoning: str


def propose_price(cost: int, quantity: int, rate: int) -> ProposedPrice:
    """Of pieces that cost so many fen together, at so many fen a point: to the nearest point, at least one."""
    exact = Decimal(cost) / quantity / rate
    points = min(max(int(exact.quantize(Decimal(1), ROUND_HALF_UP)), 1), _MAX_PRICE)
    shown = f"{exact.quantize(Decimal('0.01'), ROUND_HALF_UP):f}"
    each = (Decimal(cost) / quantity / 100).quantize(Decimal("0.01"), ROUND_HALF_UP)
    rounded = "不到 1 分的算 1 分" if exact < 1 else "四舍五入"
    return ProposedPrice(points, f"每件 {each} 元 ÷ 每分 {write_yuan(rate)} 元 = {shown}，{rounded}，{points} 分")


def write_yuan(fen: int) -> str:
    return f"{Decimal(fen) / 100:,.2f}"


async def read_rate(uow: UnitOfWork) -> int | None:
    """Fen a point; None where none is stated."""
    latest = await read_latest(uow, StatedRate)
    return None if latest is None else latest.fen


async def show_rate(services: Services, staff: Staff) -> PriceRateView:
    """Raises Refused: not-allowed."""
    require(staff, *STOCK_READERS)
    async with services.unit_of_work() as uow:
        latest = await read_latest(uow, StatedRate)
        if latest is None:
            return PriceRateView(fen=None, person="", since=None)
        name = await uow.session.scalar(
            select(name_subquery(StatedRate.township, StatedRate.person)).where(
                StatedRate.township == uow.township, StatedRate.id == latest.id
            )
        )
        return PriceRateView(fen=latest.fen, person=name or "", since=latest.since)


async def state_rate(services: Services, staff: Staff, data: PriceRate) -> None:
    """It changes no price: what it proposes, a person may change, and another one confirms.

    Raises Refused: not-allowed.
    """
    require_township(staff, Role.OFFICE)
    async with services.unit_of_work() as uow:
        if await read_rate(uow) != data.fen:
            uow.session.add(
                StatedRate(township=uow.township, id=uuid7(), fen=data.fen, person=staff.id, since=uow.now)
            )
