"""`/v1/rulebooks`."""

from __future__ import annotations

from litestar import Router, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from api import wire
from api.access import StaffRequest, staff_only
from api.rulebooks import use_cases
from api.town import Town


@post("/rulebooks")
async def adopt(
    data: JSONBody[wire.NewRulebook], town: NamedDependency[Town], request: StaffRequest
) -> wire.RulebookView:
    """Adopt a rulebook by the party branch's decision; refused with every problem it has."""
    return await use_cases.adopt(town, request.user, data.text)


router = Router("/v1", route_handlers=[adopt], guards=[staff_only], tags=["rulebooks"])
