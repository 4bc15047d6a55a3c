"""`/desk/acts`: who did what."""

from __future__ import annotations

from dataclasses import fields, replace
from urllib.parse import urlencode

from litestar import Router, get
from litestar.di import NamedDependency
from litestar.response import Template

from api.desk.acts.kinds import FIELDS
from api.desk.acts.queries import ActSearch, list_acts, reads_all
from api.desk.claims.lists import read_day
from api.platform.access import Role, Staff, StaffRequest, staff_only
from api.platform.services import Services
from api.registry.register.queries import list_villages
from api.web.error_pages import ERROR_PAGES
from api.web.page import render_page

ACTS = "/desk/acts"


@get(ACTS, guards=[staff_only])
async def overview(request: StaffRequest, services: NamedDependency[Services]) -> Template:
    """Supervisors see who did what, everybody else what they did themselves."""
    staff = request.user
    asked = _read_search({name: values[0] for name, values in request.query_params.dict().items()})
    page = await list_acts(services, staff, asked)
    async with services.unit_of_work() as uow:
        villages = await list_villages(uow) if staff.serves_township else []
    return render_page(
        request,
        "desk/acts/overview.html",
        staff=staff,
        asked=asked,
        acts=page.acts,
        older=_address(replace(asked, before=page.next)) if page.next else "",
        addresses={each.about: _find_address(staff, each.about) for each in page.acts},
        together={each.key: _address(ActSearch(together=each.key)) for each in page.acts if each.number > 1},
        fields=FIELDS,
        villages=villages,
        all=reads_all(staff),
        searched=asked != ActSearch(),
    )


def _read_search(query: dict[str, str]) -> ActSearch:
    """Raises Refused: malformed."""
    texts = {name: query.get(name, "").strip() for name in ("person", "about", "together", "before", "village")}
    field = query.get("field", "")
    return ActSearch(
        **texts,
        field=field if any(field == each.name for each in FIELDS) else "",
        since=read_day(query.get("since", "")),
        until=read_day(query.get("until", "")),
    )


def _address(asked: ActSearch) -> str:
    values = {field.name: getattr(asked, field.name) for field in fields(asked)}
    return f"{ACTS}?{urlencode({name: str(value) for name, value in values.items() if value})}"


def _find_address(staff: Staff, about: str) -> str:
    """Where what it was done to is shown, for those who may open it."""
    kind, _, id = about.partition(":")
    if kind == "claim":
        return f"/desk/claims/{id}"
    if not staff.may(Role.SUPERVISOR):
        return ""
    match kind:
        case "household" | "supermarket" | "proposal":
            return f"/desk/{kind}s/{id}"
        case "person":
            return f"/desk/people/{id}" if staff.serves_township else ""
        case "draw":
            return f"/desk/draws/{id.replace(' ', '/')}"
        case "kiosk":
            return "/desk/tills"
        case "rulebook":
            return "/desk/rulebooks/books"
    return ""


router = Router("/", route_handlers=[overview], exception_handlers=ERROR_PAGES, include_in_schema=False)
