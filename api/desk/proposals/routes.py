"""`/v1/proposals`: what one person asked for and another confirms; `/v1/approval-policy`: what needs no other."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from litestar import Response, Router, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody

from api import wire
from api.desk.proposals.kinds import KINDS
from api.platform.access import StaffRequest, staff_only
from api.platform.services import Services
from api.registry.proposals import bounds, deciding
from api.web.answers import answer


@get("/proposals")
async def list_proposals(
    services: NamedDependency[Services], request: StaffRequest, closed: FromQuery[bool] = False
) -> list[wire.ProposalView]:
    """Those that wait for a second person, the oldest first, or closed ones, the latest first; at most 200."""
    return await deciding.list_proposals(services, KINDS, request.user, closed=closed)


@get("/proposals/{id:uuid}")
async def show(
    id: FromPath[UUID], services: NamedDependency[Services], request: StaffRequest
) -> wire.ProposalView:
    return await deciding.show_proposal(services, KINDS, request.user, id)


@post("/proposals/{id:uuid}/confirm", status_code=200)
async def confirm(id: FromPath[UUID], services: NamedDependency[Services], request: StaffRequest) -> Response[Any]:
    """Confirm as the second person, which executes it; answers what the request itself would have answered. Safe
    to retry."""
    return answer(await deciding.confirm(services, KINDS, request.user, id))


@post("/proposals/{id:uuid}/refuse", status_code=200)
async def refuse(
    id: FromPath[UUID],
    data: JSONBody[wire.ProposalRefusal],
    services: NamedDependency[Services],
    request: StaffRequest,
) -> wire.ProposalView:
    """Refuse a proposal, or withdraw one's own."""
    return await deciding.refuse(services, KINDS, request.user, id, data.reason)


@get("/approval-policy")
async def get_policy(services: NamedDependency[Services], request: StaffRequest) -> wire.ApprovalPolicyView:
    """Up to where one person decides alone."""
    return await bounds.show_policy(services)


@put("/approval-policy")
async def change_policy(
    data: JSONBody[wire.ApprovalPolicy], services: NamedDependency[Services], request: StaffRequest
) -> Response[wire.ProposalView | wire.ApprovalPolicyView]:
    """Propose other bounds; a second person of the other body confirms."""
    return answer(await bounds.propose_policy(services, request.user, data))


router = Router(
    "/v1",
    route_handlers=[list_proposals, show, confirm, refuse, get_policy, change_policy],
    guards=[staff_only],
    tags=["proposals"],
)
