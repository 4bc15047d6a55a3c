"""`/v1/supermarkets`."""

from __future__ import annotations

from typing import Annotated

from litestar import Router, post
from litestar.di import NamedDependency
from litestar.params import Body

from api import wire
from api.platform.access import StaffRequest, staff_only
from api.platform.services import Services
from api.shop.supermarkets import use_cases


@post("/supermarkets")
async def add_supermarkets(
    data: Annotated[list[wire.NewSupermarket], Body(min_items=1, max_items=500)],
    services: NamedDependency[Services],
    request: StaffRequest,
) -> wire.CreatedCount:
    return wire.CreatedCount(created=await use_cases.add_supermarkets(services, request.user, data))


router = Router("/v1", route_handlers=[add_supermarkets], guards=[staff_only], tags=["stock"])
