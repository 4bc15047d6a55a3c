"""`/v1/products`, `/v1/restocks`, `/v1/donations`, `/v1/funds`, `/v1/stocktakes`."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from litestar import Router, post, put
from litestar.di import NamedDependency
from litestar.params import Body, FromPath, JSONBody

from api import wire
from api.platform.access import StaffRequest, staff_only
from api.platform.services import Services
from api.shop.stock import arrivals, funds, stocktakes, use_cases


@post("/products")
async def add_products(
    data: Annotated[list[wire.NewProduct], Body(min_items=1, max_items=1000)],
    services: NamedDependency[Services],
    request: StaffRequest,
) -> wire.CreatedCount:
    return wire.CreatedCount(created=await use_cases.add_products(services, request.user, data))


@put("/restocks/{id:uuid}", status_code=204)
async def restock(
    id: FromPath[UUID], data: JSONBody[wire.Restock], services: NamedDependency[Services], request: StaffRequest
) -> None:
    """Goods arrive on a shelf, bought from the fund when they have costs; safe to retry."""
    await arrivals.restock(services, request.user, id, data)


@put("/donations/{id:uuid}", status_code=204)
async def donate(
    id: FromPath[UUID], data: JSONBody[wire.Donation], services: NamedDependency[Services], request: StaffRequest
) -> None:
    """Goods are donated to a shelf; safe to retry."""
    await arrivals.donate(services, request.user, id, data)


@put("/funds/{id:uuid}", status_code=204)
async def fund(
    id: FromPath[UUID], data: JSONBody[wire.Funding], services: NamedDependency[Services], request: StaffRequest
) -> None:
    """Money for goods reaches the township's fund; safe to retry."""
    await funds.record_funding(services, request.user, id, data)


@put("/stocktakes/{id:uuid}")
async def take_stock(
    id: FromPath[UUID], data: JSONBody[wire.Stocktake], services: NamedDependency[Services], request: StaffRequest
) -> wire.StocktakeSheet:
    """Adjust the books to what was counted. Safe to retry: the same id and content give the first sheet again."""
    return await stocktakes.take_stock(services, request.user, id, data)


router = Router(
    "/v1",
    route_handlers=[add_products, restock, donate, fund, take_stock],
    guards=[staff_only],
    tags=["stock"],
)
