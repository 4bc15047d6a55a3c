"""`/v1/claims`: review, approve, refuse, send back, withdraw; a batch returns an outcome for every claim."""

from __future__ import annotations

from uuid import UUID

from litestar import Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from api import wire
from api.awards.review import details, returning, use_cases
from api.platform.access import StaffRequest, staff_only
from api.platform.services import Services


@get("/claims/{id:uuid}/explanation")
async def explanation(
    id: FromPath[UUID], services: NamedDependency[Services], request: StaffRequest
) -> wire.ClaimExplanation:
    """The explanation of a claim's points, as sentences and as trace."""
    return await details.load_explanation(services, request.user, id)


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
    """A no by whoever's turn it is; once on notice, by a supervisor."""
    await use_cases.refuse(services, request.user, id, data.reason)


@post("/claims/{id:uuid}/return", status_code=204)
async def send_back(
    id: FromPath[UUID],
    data: JSONBody[wire.ClaimReturn],
    services: NamedDependency[Services],
    request: StaffRequest,
) -> None:
    """For correction, by whoever's turn it is; the corrected claim names it in `replaces`."""
    await returning.send_back(services, request.user, id, data.reason)


@post("/claims/{id:uuid}/withdraw", status_code=204)
async def withdraw(id: FromPath[UUID], services: NamedDependency[Services], request: StaffRequest) -> None:
    """By who declared it, before the last signature."""
    await returning.withdraw(services, request.user, id)


router = Router(
    "/v1",
    route_handlers=[explanation, review, approve, refuse, send_back, withdraw],
    guards=[staff_only],
    tags=["claims"],
)
