"""`/v1/sign-in`, `/v1/people`, `/v1/join`."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Request, Router, post
from litestar.di import NamedDependency
from litestar.params import Body, FromPath, JSONBody

from api import wire
from api.platform.access import StaffRequest, staff_only
from api.platform.services import Services
from api.registry.people import invitations, use_cases
from api.registry.people.clients import Client, read_client

MAX_SIGN_IN = 10_000
"""Bytes: anybody may send it."""


@post("/sign-in", status_code=200, request_max_body_size=MAX_SIGN_IN)
async def sign_in(
    data: JSONBody[wire.SignIn], services: NamedDependency[Services], request: Request[Any, Any, Any]
) -> wire.SignInResult:
    """Exchange login and password for a token. Too many wrong ones are answered with 423 and `Retry-After`."""
    return await use_cases.sign_in(services, data, Client(read_client(request, data.login).origin))


@post("/people", guards=[staff_only])
async def add_people(
    data: Annotated[list[wire.NewPerson], Body(min_items=1, max_items=5000)],
    services: NamedDependency[Services],
    request: StaffRequest,
) -> wire.CreatedCount:
    """Register staff and their roles (office)."""
    return wire.CreatedCount(created=await use_cases.add_people(services, request.user, data))


@post("/people/{login:str}/invitation", guards=[staff_only])
async def invite(
    login: FromPath[str], services: NamedDependency[Services], request: StaffRequest
) -> wire.Invitation:
    """A one-time code by which this person sets their password (another person of the office)."""
    return await invitations.invite_by_login(services, request.user, login)


@post("/join", status_code=200, request_max_body_size=MAX_SIGN_IN)
async def join(
    data: JSONBody[wire.NewPassword], services: NamedDependency[Services], request: Request[Any, Any, Any]
) -> wire.SignInResult:
    """Set the password of who was invited, and sign in."""
    return await invitations.join(services, data, Client(read_client(request, "").origin))


router = Router("/v1", route_handlers=[sign_in, add_people, invite, join], tags=["people"])
