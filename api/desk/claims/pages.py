"""`/desk/claims`: claims found, and each with all that is known of it beside the list it was opened from."""

from __future__ import annotations

from uuid import UUID

from litestar import Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Template

from api.awards.claims.statuses import SEARCHED, STATUS
from api.awards.evidence.beside import read_beside
from api.awards.review.details import load_details
from api.awards.review.held import list_held
from api.desk.claims.deciding import DONE, OFFERED_REASONS
from api.desk.claims.lists import CLAIMS, read_list, read_search
from api.platform.access import StaffRequest, staff_only
from api.platform.services import Services
from api.web.error_pages import ERROR_PAGES
from api.web.page import render_page


@get(CLAIMS)
async def search(request: StaffRequest, services: NamedDependency[Services]) -> Template:
    query = request.query_params.dict()
    texts = {name: values[0] for name, values in query.items()}
    return render_page(
        request,
        "desk/claims/search.html",
        staff=request.user,
        asked=read_search(texts),
        list=await read_list(services, request.user, texts),
        statuses=STATUS,
        searched=SEARCHED,
    )


@get(CLAIMS + "/{id:uuid}")
async def claim(id: FromPath[UUID], request: StaffRequest, services: NamedDependency[Services]) -> Template:
    texts = {name: values[0] for name, values in request.query_params.dict().items()}
    return render_page(
        request,
        "desk/claims/claim.html",
        staff=request.user,
        claim=await load_details(services, request.user, id),
        held=await list_held(services, request.user),
        done=DONE,
        offered=OFFERED_REASONS,
        list=await read_list(services, request.user, texts) if texts else None,
        beside=await read_beside(services, request.user, id),
        waiting=texts.get("in", ""),
        statuses=STATUS,
    )


router = Router(
    "/",
    route_handlers=[search, claim],
    guards=[staff_only],
    exception_handlers=ERROR_PAGES,
    include_in_schema=False,
)
