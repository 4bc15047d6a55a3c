"""`/desk/identifications`: who was served without a card, by whom, and on whose word."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated

from litestar import Router, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from litestar.response import Template

from api.platform.access import Role, StaffRequest, require, staff_only
from api.platform.clock import local_date
from api.platform.services import Services
from api.registry.founding.defaults import read_defaults
from api.shop.redemptions.identified import MAX_LISTED, list_identified
from api.web.error_pages import ERROR_PAGES
from api.web.page import render_page

IDENTIFICATIONS = "/desk/identifications"
READERS = (Role.OFFICE, Role.COMMITTEE, Role.SUPERVISOR)


@get(IDENTIFICATIONS, guards=[staff_only])
async def overview(
    request: StaffRequest,
    services: NamedDependency[Services],
    month: Annotated[str | None, QueryParameter(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])(?!\n)$")] = None,
) -> Template:
    """Of a month; at first of this one."""
    staff = request.user
    require(staff, *READERS)
    today = local_date(services.clock.now())
    first = date.fromisoformat(f"{month}-01") if month else today.replace(day=1)
    end = _next_month(first)
    async with services.unit_of_work() as uow:
        found = await list_identified(uow, first, end, staff.village)
        most = (await read_defaults(uow)).witnessed_most
    return render_page(
        request,
        "desk/identifications/overview.html",
        staff=staff,
        found=found,
        most=most,
        max_listed=MAX_LISTED,
        month=first,
        earlier=first - timedelta(days=1),
        later=end if end <= today else None,
    )


def _next_month(first: date) -> date:
    return (first + timedelta(days=31)).replace(day=1)


router = Router("/", route_handlers=[overview], exception_handlers=ERROR_PAGES, include_in_schema=False)
