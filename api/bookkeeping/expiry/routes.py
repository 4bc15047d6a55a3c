"""`/v1/expiry-policies` and `/v1/expiries`."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from uuid import UUID

from litestar import Response, Router, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromQuery, JSONBody, QueryParameter

from api import wire
from api.bookkeeping.expiry import use_cases
from api.platform.access import StaffRequest, staff_only
from api.platform.services import Services
from api.web.answers import answer


@put("/expiry-policies")
async def adopt_policy(
    data: JSONBody[wire.NewExpiryPolicy], services: NamedDependency[Services], request: StaffRequest
) -> Response[wire.ProposalView | wire.ExpiryPolicyView]:
    """Propose a policy by the party branch's decision (202), for another of its members to confirm, with thirty
    days' notice where points can expire by it."""
    return answer(await use_cases.adopt(services, request.user, data))


@get("/expiry-policies")
async def list_policies(services: NamedDependency[Services], request: StaffRequest) -> list[wire.ExpiryPolicyView]:
    """All adopted policies, in the order in which they take effect."""
    return await use_cases.list_policies(services)


@get("/expiries/preview")
async def preview(
    boundary: FromQuery[date],
    services: NamedDependency[Services],
    request: StaffRequest,
    after: FromQuery[UUID | None] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=use_cases.BATCH_SIZE)] = use_cases.BATCH_SIZE,
) -> wire.ExpiryPreview:
    """What would expire for which household at this boundary if nothing more were used; nothing is changed."""
    return await use_cases.preview(services, request.user, boundary, after, limit)


@post("/expiries", status_code=200)
async def expire(
    data: JSONBody[wire.NewExpiry], services: NamedDependency[Services], request: StaffRequest
) -> wire.ExpiryProgress:
    """Expire what is due for a limited number of households after `after`; safe to repeat from any point."""
    return await use_cases.expire(services, request.user, data)


router = Router(
    "/v1", route_handlers=[adopt_policy, list_policies, preview, expire], guards=[staff_only], tags=["expiry"]
)
