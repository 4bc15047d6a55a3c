"""`/v1/township-defaults`."""

from __future__ import annotations

from litestar import Response, Router, get, put
from litestar.di import NamedDependency
from litestar.params import JSONBody

from api import wire
from api.platform.access import StaffRequest, staff_only
from api.platform.services import Services
from api.registry.founding import defaults
from api.web.answers import answer


@get("/township-defaults")
async def show(services: NamedDependency[Services], request: StaffRequest) -> wire.TownshipDefaultsView:
    """What new villages, PINs of cards and kiosks begin with."""
    return await defaults.show_defaults(services)


@put("/township-defaults")
async def change(
    data: JSONBody[wire.TownshipDefaults], services: NamedDependency[Services], request: StaffRequest
) -> Response[wire.ProposalView | wire.TownshipDefaultsView]:
    """Propose others (202), for a second person to confirm."""
    return answer(await defaults.propose_defaults(services, request.user, data))


router = Router("/v1", route_handlers=[show, change], guards=[staff_only], tags=["township"])
