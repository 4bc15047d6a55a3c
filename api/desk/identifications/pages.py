"""`/desk/identifications`: who was served without a card, by whom, and on whose word."""

from __future__ import annotations

from datetime import timedelta

from litestar import Router, get
from litestar.di import NamedDependency
from litestar.response import Template

from api.desk.identifications.month import Month, read_identified
from api.platform.access import StaffRequest, staff_only
from api.platform.services import Services
from api.shop.redemptions.identified import MAX_LISTED
from api.web.error_pages import ERROR_PAGES
from api.web.page import render_page

IDENTIFICATIONS = "/desk/identifications"


@get(IDENTIFICATIONS, guards=[staff_only])
async def overview(request: StaffRequest, services: NamedDependency[Services], month: Month = None) -> Template:
    """Of a month; at first of this one."""
    told = await read_identified(services, request.user, month)
    return render_page(
        request,
        "desk/identifications/overview.html",
        staff=request.user,
        found=told.found,
        most=told.most,
        max_listed=MAX_LISTED,
        month=told.first,
        earlier=told.first - timedelta(days=1),
        later=told.end if told.later else None,
    )


router = Router("/", route_handlers=[overview], exception_handlers=ERROR_PAGES, include_in_schema=False)
