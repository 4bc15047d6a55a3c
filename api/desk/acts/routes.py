"""`/v1/acts`: who did what."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from litestar import Router, get
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter

from api import wire
from api.desk.acts.queries import ActSearch
from api.desk.acts.queries import list_acts as find_acts
from api.platform.access import StaffRequest, staff_only
from api.platform.services import Services

Words = Annotated[str, QueryParameter(max_length=200)]


@get("/acts")
async def list_acts(
    request: StaffRequest,
    services: NamedDependency[Services],
    person: Words = "",
    field: Words = "",
    village: Words = "",
    about: Words = "",
    since: FromQuery[date | None] = None,
    until: FromQuery[date | None] = None,
    together: Words = "",
    before: Words = "",
) -> wire.ActPage:
    """The latest first, fifty lines a page; what one person did at one moment is one line, opened by its key as
    `together`. Supervisors read the acts of their village and of the whole township, everybody their own.
    `person`: part of a name; `field`: of work; `about`: `kind:id`, such as `claim:…`; `since` and `until`: days,
    both included; `before`: the `next` of the page before."""
    asked = ActSearch(person, field, village, about, since, until, together, before)
    return await find_acts(services, request.user, asked)


router = Router("/v1", route_handlers=[list_acts], guards=[staff_only], tags=["acts"])
