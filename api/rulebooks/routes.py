"""`/v1/rulebooks`."""

from __future__ import annotations

from litestar import Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery, JSONBody

from api import wire
from api.access import StaffRequest, staff_only
from api.rulebooks import published, use_cases
from api.town import Town
from rules import Difference


@post("/rulebooks")
async def adopt(
    data: JSONBody[wire.NewRulebook], town: NamedDependency[Town], request: StaffRequest
) -> wire.RulebookView:
    """Adopt a rulebook by the party branch's decision; refused with every problem it has."""
    return await use_cases.adopt(town, request.user, data.text)


@get("/rulebooks/differences")
async def differences(
    old: FromQuery[str], new: FromQuery[str], town: NamedDependency[Town]
) -> tuple[Difference, ...]:
    """What is different between two adopted versions, in words; for everybody."""
    return await published.compared(town, old, new)


router = Router("/v1", route_handlers=[adopt], guards=[staff_only], tags=["rulebooks"])
public = Router("/v1", route_handlers=[differences], tags=["rulebooks"])
