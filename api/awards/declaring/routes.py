"""`/v1/claims`: declare; a batch returns an outcome for every claim."""

from __future__ import annotations

from typing import Annotated

from litestar import Router, post
from litestar.di import NamedDependency
from litestar.params import Body, JSONBody

from api import wire
from api.awards.declaring import declarations
from api.platform.access import StaffRequest, staff_only
from api.platform.services import Services


@post("/claims", status_code=200)
async def declare(
    data: Annotated[list[wire.NewClaim], Body(min_items=1, max_items=5000)],
    services: NamedDependency[Services],
    request: StaffRequest,
) -> list[wire.ClaimOutcome]:
    """Declare claims for households; a refused claim doesn't affect the others."""
    return await declarations.declare(services, request.user, data)


@post("/claims/every-household", status_code=200)
async def declare_for_all(
    data: JSONBody[wire.VillageClaims], services: NamedDependency[Services], request: StaffRequest
) -> list[wire.ClaimOutcome]:
    """Declare what all households of a village get; repeated, only missing claims are added."""
    return await declarations.declare_for_every_household(services, request.user, data)


router = Router("/v1", route_handlers=[declare, declare_for_all], guards=[staff_only], tags=["claims"])
