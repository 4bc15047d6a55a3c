"""`/v1/products`, `/v1/restocks`, `/v1/donations`, `/v1/funds`, `/v1/stocktakes`."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from litestar import Response, Router, post, put
from litestar.di import NamedDependency
from litestar.params import Body, FromPath, JSONBody

from api import wire
from api.platform.access import StaffRequest, staff_only
from api.platform.services import Services
from api.shop.stock import arrivals, funds, stocktakes, use_cases
from api.web.answers import answer


@post("/products")
async def add_products(
    data: Annotated[list[wire.NewProduct], Body(min_items=1, max_items=1000)],
    services: NamedDependency[Services],
    request: StaffRequest,
) -> wire.CreatedCount:
    return wire.CreatedCount(created=await use_cases.add_products(services, request.user, data))


@put("/restocks/{id:uuid}")
async def restock(
    id: FromPath[UUID], data: JSONBody[wire.Restock], services: NamedDependency[Services], request: StaffRequest
) -> Response[wire.ProposalView | None]:
    """Goods arrive on a shelf (204). With costs they are bought from the fund: proposed (202), for a second person
    to confirm. Safe to retry."""
    return answer(await arrivals.restock(services, request.user, id, data))


@put("/donations/{id:uuid}")
async def donate(
    id: FromPath[UUID], data: JSONBody[wire.Donation], services: NamedDependency[Services], request: StaffRequest
) -> Response[wire.ProposalView | None]:
    """Goods are donated to a shelf: proposed (202), for a second person to confirm; safe to retry."""
    return answer(await arrivals.donate(services, request.user, id, data))


@put("/funds/{id:uuid}")
async def fund(
    id: FromPath[UUID], data: JSONBody[wire.Funding], services: NamedDependency[Services], request: StaffRequest
) -> Response[wire.ProposalView | None]:
    """Money for goods reaches the township's fund: proposed (202), for a second person to confirm. Safe to
    retry."""
    return answer(await funds.record_funding(services, request.user, id, data))


@put("/stocktakes/{id:uuid}")
async def take_stock(
    id: FromPath[UUID], data: JSONBody[wire.Stocktake], services: NamedDependency[Services], request: StaffRequest
) -> Response[wire.StocktakeSheet]:
    """Adjust the books to what was counted; large differences wait for a second person (202). Safe to retry: the
    same id and content give the first sheet again."""
    sheet = await stocktakes.take_stock(services, request.user, id, data)
    return Response(sheet, status_code=202 if sheet.status == "waiting" else 200)


router = Router(
    "/v1",
    route_handlers=[add_products, restock, donate, fund, take_stock],
    guards=[staff_only],
    tags=["stock"],
)
