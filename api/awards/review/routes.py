"""`/v1/claims`: review, approve, refuse; a batch returns an outcome for every claim."""

from __future__ import annotations

from uuid import UUID

from litestar import Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from api import wire
from api.awards.review import queries, use_cases
from api.platform.access import StaffRequest, staff_only
from api.platform.services import Services


@get("/claims/{id:uuid}/explanation")
async def explanation(
    id: FromPath[UUID], services: NamedDependency[Services], request: StaffRequest
) -> wire.ClaimExplanation:
    """The explanation of a claim's points, as sentences and as trace."""
    return await queries.load_explanation(services, request.user, id)


@post("/claims/review", status_code=200)
async def review(
    data: JSONBody[wire.ClaimIds], services: NamedDependency[Services], request: StaffRequest
) -> list[wire.ClaimOutcome]:
    return await use_cases.review(services, request.user, data.claims)


@post("/claims/approve", status_code=200)
async def approve(
    data: JSONBody[wire.ClaimIds], services: NamedDependency[Services], request: StaffRequest
) -> list[wire.ClaimOutcome]:
    """The points become pending and go on public notice; they are posted when it is over."""
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
    route_handlers=[explanation, review, approve, refuse],
    guards=[staff_only],
    tags=["claims"],
)
