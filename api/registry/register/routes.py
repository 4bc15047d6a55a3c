"""`/v1/villages`, `/v1/grids`, `/v1/households`: the register, maintained by the township office."""

from __future__ import annotations

from typing import Annotated

from litestar import Router, get, patch, post
from litestar.di import NamedDependency
from litestar.params import Body, FromPath, FromQuery, JSONBody, QueryParameter

from api import wire
from api.platform.access import StaffRequest, require, staff_only
from api.platform.services import Services
from api.registry.register import changing, use_cases
from api.registry.register.search import LIMIT, search_households


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


@get("/households")
async def find_households(
    services: NamedDependency[Services],
    request: StaffRequest,
    q: Annotated[str, QueryParameter(min_length=1, max_length=80)],
    ended: FromQuery[bool] = False,
    limit: Annotated[int, QueryParameter(ge=1, le=100)] = LIMIT,
) -> list[wire.HouseholdView]:
    """Households by name, pinyin or initials, code or its end, village or grid; ended ones only if asked for."""
    require(request.user, *changing.READERS)
    found = await search_households(services, request.user, q, limit, ended=ended)
    return [changing.to_view(household) for household in found]


@get("/households/{household:str}")
async def show_household(
    household: FromPath[str], services: NamedDependency[Services], request: StaffRequest
) -> wire.HouseholdView:
    """A household, living or not."""
    return await changing.show_household(services, request.user, household)


@get("/households/{household:str}/changes")
async def list_changes(
    household: FromPath[str], services: NamedDependency[Services], request: StaffRequest
) -> list[wire.HouseholdChange]:
    """How it has changed, latest first."""
    return await changing.list_history(services, request.user, household)


@patch("/households/{household:str}")
async def change_household(
    household: FromPath[str],
    data: JSONBody[wire.ChangedHousehold],
    services: NamedDependency[Services],
    request: StaffRequest,
) -> wire.HouseholdView:
    """Its head, grid, number of people, or village (office or committee; another village: the office)."""
    return await changing.change_household(services, request.user, household, data)


router = Router(
    "/v1",
    route_handlers=[
        add_villages,
        add_grids,
        add_households,
        find_households,
        show_household,
        list_changes,
        change_household,
    ],
    guards=[staff_only],
    tags=["register"],
)
