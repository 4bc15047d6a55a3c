"""`/desk/declare/mine`: a person's own drafts and claims."""

from __future__ import annotations

from uuid import UUID

from litestar import Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Template

from api.awards.claims.statuses import STATUS
from api.awards.declaring.drafts import discard_draft
from api.awards.declaring.own_claims import list_own_claims
from api.awards.declaring.pages import DECLARE
from api.platform.access import StaffRequest, staff_only
from api.platform.services import Services
from api.web.error_pages import ERROR_PAGES
from api.web.flash import see_other
from api.web.page import render_page
from api.wire.text import show_signs_alone

MINE = f"{DECLARE}/mine"
_LONGEST = 80


@get(MINE)
async def show_own(
    request: StaffRequest,
    services: NamedDependency[Services],
    q: FromQuery[str] = "",
    after: FromQuery[UUID | None] = None,
) -> Template:
    text = show_signs_alone(q)[:_LONGEST].strip()
    return render_page(
        request,
        "awards/declaring/mine.html",
        staff=request.user,
        own=await list_own_claims(services, request.user, text, after),
        text=text,
        first=after is None,
        statuses=STATUS,
    )


@post(DECLARE + "/drafts/{id:uuid}/discard")
async def discard(id: FromPath[UUID], request: StaffRequest, services: NamedDependency[Services]) -> Redirect:
    await discard_draft(services, request.user, id)
    return see_other(MINE, "草稿已删掉。")


router = Router(
    "/",
    route_handlers=[show_own, discard],
    guards=[staff_only],
    exception_handlers=ERROR_PAGES,
    include_in_schema=False,
)
