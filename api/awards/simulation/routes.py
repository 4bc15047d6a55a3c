"""`/v1/rulebooks/simulations`."""

from __future__ import annotations

from litestar import Router, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from api import wire
from api.awards.simulation.use_cases import SimulationRequest, choose_village, simulate_bounded
from api.platform.access import StaffRequest, staff_only
from api.platform.services import Services
from rules import Simulation


@post("/rulebooks/simulations", status_code=200)
async def simulate(
    data: JSONBody[wire.NewSimulation], services: NamedDependency[Services], request: StaffRequest
) -> Simulation:
    """What a draft would have given for the recorded claims of a period. Writes nothing; takes some seconds."""
    village = choose_village(request.user, data.village)
    return await simulate_bounded(services, SimulationRequest(data.text, data.first, data.last, village))


router = Router("/v1", route_handlers=[simulate], guards=[staff_only], tags=["rulebooks"])
