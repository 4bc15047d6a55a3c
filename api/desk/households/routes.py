"""`/v1/households/{code}/…`: what two people do to a household."""

from __future__ import annotations

from litestar import Response, Router, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from api import wire
from api.desk.households.ending import ENDING
from api.desk.households.merging import MERGING
from api.desk.households.reviving import REVIVING
from api.desk.households.splitting import SPLITTING
from api.platform.access import StaffRequest, staff_only
from api.platform.services import Services
from api.web.answers import answer


@post("/households/{household:str}/split")
async def split(
    household: FromPath[str],
    data: JSONBody[wire.SplitHousehold],
    services: NamedDependency[Services],
    request: StaffRequest,
) -> Response[wire.ProposalView]:
    """Propose that some of its people become a household of their own (office or committee; 202)."""
    return answer(await SPLITTING.propose(services, request.user, household, data))


@post("/households/{household:str}/merge")
async def merge(
    household: FromPath[str],
    data: JSONBody[wire.MergedHousehold],
    services: NamedDependency[Services],
    request: StaffRequest,
) -> Response[wire.ProposalView]:
    """Propose that it goes on as a part of another one (office or committee; 202)."""
    return answer(await MERGING.propose(services, request.user, household, data))


@post("/households/{household:str}/end")
async def end(
    household: FromPath[str],
    data: JSONBody[wire.EndedHousehold],
    services: NamedDependency[Services],
    request: StaffRequest,
) -> Response[wire.ProposalView]:
    """Propose that it ends, or that what an ended one has left goes to the township (office or committee; 202)."""
    return answer(await ENDING.propose(services, request.user, household, data))


@post("/households/{household:str}/revive")
async def revive(
    household: FromPath[str],
    data: JSONBody[wire.RevivedHousehold],
    services: NamedDependency[Services],
    request: StaffRequest,
) -> Response[wire.ProposalView]:
    """Propose that one that was merged or ended is its own again (office or committee; 202)."""
    return answer(await REVIVING.propose(services, request.user, household, data))


router = Router(
    "/v1",
    route_handlers=[split, merge, end, revive],
    guards=[staff_only],
    tags=["register"],
)
