"""`/v1/claims`: declare, review, approve, refuse; each batch answers for every claim."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from litestar import Router, get, post
from litestar.di import NamedDependency
from litestar.params import Body, FromPath, JSONBody

from api import wire
from api.awards.claims import declaring, queries, use_cases
from api.platform.access import StaffRequest, staff_only
from api.platform.services import Services


@post("/claims", status_code=200)
async def declare(
    data: Annotated[list[wire.NewClaim], Body(min_items=1, max_items=5000)],
    services: NamedDependency[Services],
    request: StaffRequest,
) -> list[wire.ClaimOutcome]:
    """Declare behaviours for households; one claim may be refused and its neighbours not."""
    return await declaring.declare(services, request.user, data)


@post("/claims/every-household", status_code=200)
async def declare_for_all(
    data: JSONBody[wire.VillageClaims], services: NamedDependency[Services], request: StaffRequest
) -> list[wire.ClaimOutcome]:
    """Declare for all households of a village what all of them get; sent again, only what is missing."""
    return await declaring.declare_for_all(services, request.user, data)


@get("/claims/{id:uuid}/explanation")
async def explanation(
    id: FromPath[UUID], services: NamedDependency[Services], request: StaffRequest
) -> wire.ClaimExplanation:
    """Why a claim came to its points, in sentences and as the rules' own trace."""
    return await queries.explanation(services, request.user, id)


@post("/claims/review", status_code=200)
async def review(
    data: JSONBody[wire.ClaimIds], services: NamedDependency[Services], request: StaffRequest
) -> list[wire.ClaimOutcome]:
    return await use_cases.review(services, request.user, data.claims)


@post("/claims/approve", status_code=200)
async def approve(
    data: JSONBody[wire.ClaimIds], services: NamedDependency[Services], request: StaffRequest
) -> list[wire.ClaimOutcome]:
    """The points become pending and go on public notice; they post by themselves when it is over."""
    return await use_cases.approve(services, request.user, data.claims)


@post("/claims/{id:uuid}/refuse", status_code=204)
async def refuse(
    id: FromPath[UUID],
    data: JSONBody[wire.ClaimRefusal],
    services: NamedDependency[Services],
    request: StaffRequest,
) -> None:
    await use_cases.refuse(services, request.user, id, data.reason)


router = Router(
    "/v1",
    route_handlers=[declare, declare_for_all, explanation, review, approve, refuse],
    guards=[staff_only],
    tags=["claims"],
)
