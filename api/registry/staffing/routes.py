"""`/v1/people`: who serves, and with which duties."""

from __future__ import annotations

from typing import Annotated

from litestar import Response, Router, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import Body, FromPath, FromQuery, JSONBody

from api import wire
from api.platform.access import StaffRequest, staff_only
from api.platform.services import Services
from api.registry.staffing import use_cases


@get("/people")
async def list_people(
    services: NamedDependency[Services], request: StaffRequest, ended: FromQuery[bool] = False
) -> list[wire.PersonInfo]:
    """Everybody who serves, or whose service ended (office, supervisors)."""
    found = await use_cases.list_people(services, request.user, ended=ended)
    return [use_cases.to_info(person) for person in found]


@post("/people")
async def add_people(
    data: Annotated[list[wire.NewPerson], Body(min_items=1, max_items=5000)],
    services: NamedDependency[Services],
    request: StaffRequest,
) -> Response[wire.ProposalView | wire.CreatedCount]:
    """Register staff and their duties (office). 202: one of them comes to decide, so a second person confirms."""
    answer = await use_cases.add_people(services, request.user, data)
    return Response(answer, status_code=202 if isinstance(answer, wire.ProposalView) else 201)


@put("/people/{login:str}")
async def change_duties(
    login: FromPath[str],
    data: JSONBody[wire.PersonDuties],
    services: NamedDependency[Services],
    request: StaffRequest,
) -> Response[wire.ProposalView | None]:
    """What another person does from now on (office). 202: it is confirmed by a second person."""
    id = await use_cases.find_id(services, request.user, login)
    proposal = await use_cases.change_duties(services, request.user, id, data)
    return Response(proposal, status_code=204 if proposal is None else 202)


@post("/people/{login:str}/end", status_code=204)
async def end_service(
    login: FromPath[str],
    data: JSONBody[wire.ServiceEnd],
    services: NamedDependency[Services],
    request: StaffRequest,
) -> None:
    """Another person serves no more (office): at once, whatever day it is said to be from."""
    id = await use_cases.find_id(services, request.user, login)
    await use_cases.end_service(services, request.user, id, data)


@post("/people/{login:str}/sign-out", status_code=204)
async def sign_out_everywhere(
    login: FromPath[str],
    data: JSONBody[wire.WhyOfPerson],
    services: NamedDependency[Services],
    request: StaffRequest,
) -> None:
    """End all sessions of another person (office)."""
    id = await use_cases.find_id(services, request.user, login)
    await use_cases.end_sessions_of(services, request.user, id, data.reason)


@post("/people/{login:str}/second-step/off", status_code=204)
async def turn_off_second_step(
    login: FromPath[str],
    data: JSONBody[wire.WhyOfPerson],
    services: NamedDependency[Services],
    request: StaffRequest,
) -> None:
    """Another person signs in by their password alone again (office)."""
    id = await use_cases.find_id(services, request.user, login)
    await use_cases.turn_off_second_step(services, request.user, id, data.reason)


@put("/people/{login:str}/relatives/{household:str}", status_code=204)
async def declare_relative(
    login: FromPath[str], household: FromPath[str], services: NamedDependency[Services], request: StaffRequest
) -> None:
    """A relative of this person lives there: they keep out of it (the office)."""
    id = await use_cases.find_id(services, request.user, login)
    await use_cases.declare_relative(services, request.user, id, household)


@delete("/people/{login:str}/relatives/{household:str}", status_code=204)
async def withdraw_relative(
    login: FromPath[str],
    household: FromPath[str],
    services: NamedDependency[Services],
    request: StaffRequest,
    reason: FromQuery[str],
) -> None:
    """It was declared by mistake (another person of the office)."""
    id = await use_cases.find_id(services, request.user, login)
    await use_cases.withdraw_relative(services, request.user, id, household, reason)


router = Router(
    "/v1",
    route_handlers=[
        list_people,
        add_people,
        change_duties,
        end_service,
        sign_out_everywhere,
        turn_off_second_step,
        declare_relative,
        withdraw_relative,
    ],
    guards=[staff_only],
    tags=["people"],
)
