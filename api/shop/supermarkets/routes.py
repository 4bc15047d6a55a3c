"""`/v1/supermarkets`."""

from __future__ import annotations

from typing import Annotated

from litestar import Router, get, patch, post
from litestar.di import NamedDependency
from litestar.params import Body, FromPath, JSONBody

from api import wire
from api.platform.access import StaffRequest, staff_only
from api.platform.services import Services
from api.shop.supermarkets import use_cases
from api.wire.supermarkets import SupermarketChange, SupermarketView


@post("/supermarkets")
async def add_supermarkets(
    data: Annotated[list[wire.NewSupermarket], Body(min_items=1, max_items=500)],
    services: NamedDependency[Services],
    request: StaffRequest,
) -> wire.CreatedCount:
    return wire.CreatedCount(created=await use_cases.add_supermarkets(services, request.user, data))


@get("/supermarkets")
async def list_supermarkets(services: NamedDependency[Services], request: StaffRequest) -> list[SupermarketView]:
    """Those that the caller serves, by code."""
    return await use_cases.view_supermarkets(services, request.user)


@patch("/supermarkets/{supermarket:str}", status_code=204)
async def change_supermarket(
    supermarket: FromPath[str],
    data: JSONBody[SupermarketChange],
    services: NamedDependency[Services],
    request: StaffRequest,
) -> None:
    """A name is the office's word; hours are also the village's committee's."""
    await use_cases.change_supermarket(services, request.user, supermarket, data)


router = Router(
    "/v1",
    route_handlers=[add_supermarkets, list_supermarkets, change_supermarket],
    guards=[staff_only],
    tags=["stock"],
)
