"""`/desk/claims/…`: a claim, with all that is known of it."""

from __future__ import annotations

from uuid import UUID

from litestar import Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Template

from api.awards.claims.statuses import STATUS
from api.awards.review.queries import load_details
from api.platform.access import StaffRequest, staff_only
from api.platform.services import Services
from api.web.error_pages import ERROR_PAGES
from api.web.page import render_page


@get("/desk/claims/{id:uuid}")
async def claim(id: FromPath[UUID], request: StaffRequest, services: NamedDependency[Services]) -> Template:
    return render_page(
        request,
        "desk/claims/claim.html",
        staff=request.user,
        claim=await load_details(services, request.user, id),
        statuses=STATUS,
    )


router = Router(
    "/",
    route_handlers=[claim],
    guards=[staff_only],
    exception_handlers=ERROR_PAGES,
    include_in_schema=False,
)
