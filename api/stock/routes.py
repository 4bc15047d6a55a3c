"""`/v1/supermarkets`, `/v1/products`, `/v1/restocks`."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from litestar import Router, post, put
from litestar.di import NamedDependency
from litestar.params import Body, FromPath, JSONBody

from api import wire
from api.access import StaffRequest, staff_only
from api.stock import use_cases
from api.town import Town


@post("/supermarkets")
async def add_supermarkets(
    data: Annotated[list[wire.NewSupermarket], Body(min_items=1, max_items=500)],
    town: NamedDependency[Town],
    request: StaffRequest,
) -> wire.Created:
    return wire.Created(created=await use_cases.add_supermarkets(town, request.user, data))


@post("/products")
async def add_products(
    data: Annotated[list[wire.NewProduct], Body(min_items=1, max_items=1000)],
    town: NamedDependency[Town],
    request: StaffRequest,
) -> wire.Created:
    return wire.Created(created=await use_cases.add_products(town, request.user, data))


@put("/restocks/{id:uuid}", status_code=204)
async def restock(
    id: FromPath[UUID], data: JSONBody[wire.Restock], town: NamedDependency[Town], request: StaffRequest
) -> None:
    """Goods arrive on a shelf; safe to retry."""
    await use_cases.restock(town, request.user, id, data)


router = Router(
    "/v1", route_handlers=[add_supermarkets, add_products, restock], guards=[staff_only], tags=["stock"]
)
