"""`/v1/claims`: declare, review, approve, refuse; each batch answers for every claim."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from litestar import Router, post
from litestar.di import NamedDependency
from litestar.params import Body, FromPath, JSONBody

from api import wire
from api.access import StaffRequest, staff_only
from api.claims import use_cases
from api.town import Town


@post("/claims", status_code=200)
async def declare(
    data: Annotated[list[wire.NewClaim], Body(min_items=1, max_items=5000)],
    town: NamedDependency[Town],
    request: StaffRequest,
) -> list[wire.ClaimOutcome]:
    """Declare behaviours for households; one claim may be refused and its neighbours not."""
    return await use_cases.declare(town, request.user, data)


@post("/claims/review", status_code=200)
async def review(
    data: JSONBody[wire.ClaimIds], town: NamedDependency[Town], request: StaffRequest
) -> list[wire.ClaimOutcome]:
    return await use_cases.review(town, request.user, data.claims)


@post("/claims/approve", status_code=200)
async def approve(
    data: JSONBody[wire.ClaimIds], town: NamedDependency[Town], request: StaffRequest
) -> list[wire.ClaimOutcome]:
    """The points become pending and go on public notice; they post by themselves when it is over."""
    return await use_cases.approve(town, request.user, data.claims)


@post("/claims/{id:uuid}/refuse", status_code=204)
async def refuse(
    id: FromPath[UUID], data: JSONBody[wire.ClaimRefusal], town: NamedDependency[Town], request: StaffRequest
) -> None:
    await use_cases.refuse(town, request.user, id, data.reason)


router = Router("/v1", route_handlers=[declare, review, approve, refuse], guards=[staff_only], tags=["claims"])
