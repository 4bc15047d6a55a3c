"""`/v1/villages`, `/v1/grids`, `/v1/households`: the register, maintained by the township office."""

from __future__ import annotations

from typing import Annotated

from litestar import Router, post
from litestar.di import NamedDependency
from litestar.params import Body

from api import wire
from api.platform.access import StaffRequest, staff_only
from api.platform.services import Services
from api.registry.register import use_cases


@post("/villages")
async def add_villages(
    data: Annotated[list[wire.NewVillage], Body(min_items=1, max_items=500)],
    services: NamedDependency[Services],
    request: StaffRequest,
) -> wire.CreatedCount:
    return wire.CreatedCount(created=await use_cases.add_villages(services, request.user, data))


@post("/grids")
async def add_grids(
    data: Annotated[list[wire.NewGrid], Body(min_items=1, max_items=5000)],
    services: NamedDependency[Services],
    request: StaffRequest,
) -> wire.CreatedCount:
    return wire.CreatedCount(created=await use_cases.add_grids(services, request.user, data))


@post("/households")
async def add_households(
    data: Annotated[list[wire.NewHousehold], Body(min_items=1, max_items=5000)],
    services: NamedDependency[Services],
    request: StaffRequest,
) -> wire.CreatedCount:
    return wire.CreatedCount(created=await use_cases.add_households(services, request.user, data))


router = Router(
    "/v1", route_handlers=[add_villages, add_grids, add_households], guards=[staff_only], tags=["register"]
)
