"""`/v1/freezes`: what supervisors have frozen, freezing and lifting."""

from __future__ import annotations

from uuid import UUID

from litestar import Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody

from api import wire
from api.desk.freezes import use_cases
from api.platform.access import StaffRequest, staff_only
from api.platform.services import Services


@get("/freezes")
async def list_all(
    services: NamedDependency[Services], request: StaffRequest, past: FromQuery[bool] = False
) -> list[wire.FreezeView]:
    """What is frozen now where this person serves, or with `past` what was (office, committee, supervisors)."""
    return await use_cases.list_all(services, request.user, past=past)


@post("/freezes", status_code=204)
async def freeze(
    data: JSONBody[wire.NewFreeze], services: NamedDependency[Services], request: StaffRequest
) -> None:
    """By supervisors of the thing's village, or of the township. Safe to retry."""
    await use_cases.freeze(services, request.user, data)


@post("/freezes/{id:uuid}/lift", status_code=204)
async def lift(
    id: FromPath[UUID],
    data: JSONBody[wire.FreezeLifting],
    services: NamedDependency[Services],
    request: StaffRequest,
) -> None:
    """What the township's supervisors froze, they alone lift. Safe to retry."""
    await use_cases.lift(services, request.user, id, data.reason)


router = Router("/v1", route_handlers=[list_all, freeze, lift], guards=[staff_only], tags=["freezes"])
